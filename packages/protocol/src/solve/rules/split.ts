/** Split: VMs of different parts never share a host. Independent checker. */
import { checkApart } from './apart.ts'
import type { Split } from './rule.ts'
import type { RuleViolation, Stays } from './stays.ts'

export const checkSplit = (rule: Split, stays: Stays): RuleViolation[] =>
  checkApart(
    'split',
    stays,
    rule.parts.flatMap((part, colour) => part.map((vm) => [vm, colour] as const)),
  )
