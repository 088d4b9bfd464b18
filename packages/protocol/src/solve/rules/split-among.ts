/** SplitAmong: each part of VMs in one group of hosts, no two parts in the same group. Independent checker. */
import { checkApart } from './apart.ts'
import type { SplitAmong } from './rule.ts'
import type { RuleViolation, Stays } from './stays.ts'
import { checkTogether, groupIn } from './together.ts'

export const checkSplitAmong = (rule: SplitAmong, stays: Stays): RuleViolation[] => {
  const groupOf = groupIn(rule.among)
  return [
    ...rule.parts.flatMap((part) => checkTogether('splitAmong', stays, part, groupOf)),
    ...checkApart(
      'splitAmong',
      stays,
      rule.parts.flatMap((part, colour) => part.map((vm) => [vm, colour] as const)),
      (host) => {
        const group = groupOf(host)
        return group === null ? `host ${host}` : `group ${group}`
      },
    ),
  ]
}
