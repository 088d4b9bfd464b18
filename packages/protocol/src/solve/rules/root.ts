/** Root: VMs that run now stay where they are. Independent checker. */
import type { Root } from './rule.ts'
import type { RuleViolation, Stays } from './stays.ts'

export const checkRoot = (rule: Root, stays: Stays): RuleViolation[] =>
  rule.vms.flatMap((vm) => {
    const home = stays.homeOf(vm)
    if (home === null) return []
    return stays
      .of(vm)
      .filter((stay) => stay.host !== home)
      .map((stay) => ({
        code: 'vm.pinned',
        vms: [vm],
        hosts: [stay.host],
        text: `root: ${vm} must stay on ${home}`,
      }))
  })
