/** Fence: all of the VMs only on these hosts. Independent checker. */
import type { Fence } from './rule.ts'
import { excused, type RuleViolation, type Stays } from './stays.ts'

export const checkFence = (rule: Fence, stays: Stays): RuleViolation[] => {
  const allowed = new Set(rule.hosts)
  return rule.vms.flatMap((vm) =>
    stays
      .of(vm)
      .filter((stay) => !allowed.has(stay.host) && !excused(stays, stay))
      .map((stay) => ({
        code: 'rule.host_group',
        vms: [vm],
        hosts: [stay.host],
        text: `fence: ${vm} may not be on ${stay.host}`,
      })),
  )
}
