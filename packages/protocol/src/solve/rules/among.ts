/** Among: all of the VMs in one of the groups of hosts. Independent checker. */
import type { Among } from './rule.ts'
import type { RuleViolation, Stays } from './stays.ts'
import { checkTogether, groupIn } from './together.ts'

export const checkAmong = (rule: Among, stays: Stays): RuleViolation[] =>
  checkTogether('among', stays, rule.vms, groupIn(rule.parts))
