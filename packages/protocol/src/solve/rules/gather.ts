/** Gather (affinity): all of the VMs on one host. Independent checker. */
import type { Gather } from './rule.ts'
import type { RuleViolation, Stays } from './stays.ts'
import { checkTogether } from './together.ts'

export const checkGather = (rule: Gather, stays: Stays): RuleViolation[] =>
  checkTogether('gather', stays, rule.vms, (host) => host)
