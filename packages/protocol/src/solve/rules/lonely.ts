/** Lonely: the VMs share their hosts with no others. Independent checker. */
import { checkApart } from './apart.ts'
import type { Lonely } from './rule.ts'
import type { RuleViolation, Stays } from './stays.ts'

export const checkLonely = (rule: Lonely, stays: Stays): RuleViolation[] => {
  const members = new Set(rule.vms)
  const everybody = [...new Set(stays.all.map((stay) => stay.vm))]
  return checkApart(
    'lonely',
    stays,
    everybody.map((vm) => [vm, members.has(vm) ? 0 : 1] as const),
  )
}
