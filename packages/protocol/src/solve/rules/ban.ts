/** Ban: none of the VMs on any of the hosts. Independent checker. */
import type { Ban } from './rule.ts'
import { excused, type RuleViolation, type Stays } from './stays.ts'

export const checkBan = (rule: Ban, stays: Stays): RuleViolation[] => {
  const banned = new Set(rule.hosts)
  return rule.vms.flatMap((vm) =>
    stays
      .of(vm)
      .filter((stay) => banned.has(stay.host) && !excused(stays, stay))
      .map((stay) => ({
        code: 'rule.host_group',
        vms: [vm],
        hosts: [stay.host],
        text: `ban: ${vm} may not be on ${stay.host}`,
      })),
  )
}
