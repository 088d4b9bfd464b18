/** MaxOnline: at most this many of the hosts carry VMs at the end, so that the others may be off. By default not continuous. */
import type { HostId } from '../problem/ids.ts'
import type { Common, Definition } from './definition.ts'
import { some } from './listed.ts'

export interface MaxOnline extends Common {
  readonly kind: 'maxOnline'
  readonly hosts: readonly HostId[]
  readonly amount: number
}

export const maxOnline: Definition<MaxOnline> = {
  kind: 'maxOnline',
  meaning: 'at most `amount` of these hosts carry VMs',
  fields: { hosts: 'hosts', amount: 'amount' },
  continuous: false,
  code: 'rule.capacity',
  content: ({ hosts, amount }) => `${some(hosts)}; ${amount} hosts`,
  constraint: ({ hosts, amount }) => ({ is: 'usedHosts', hosts, max: amount }),
  /** Counts every host that ever carries a VM: cautious where the rule is asked to be continuous. */
  check: ({ hosts, amount }, stays) => {
    const used = [...new Set(hosts)].filter((host) => stays.on(host).length > 0)
    const running = new Set(stays.problem.vms.filter((vm) => vm.state === 'running').map((vm) => vm.host))
    const before = [...new Set(hosts)].filter((host) => running.has(host)).length
    const allowed = stays.excuseInitial ? Math.max(amount, before) : amount
    if (used.length <= allowed) return []
    return [
      {
        code: 'rule.capacity',
        vms: [],
        hosts: used,
        text: `maxOnline: ${used.length} of the hosts carry VMs, allowed are ${amount}`,
      },
    ]
  },
  raised: (rule, by) => ({ ...rule, amount: rule.amount + by }),
}
