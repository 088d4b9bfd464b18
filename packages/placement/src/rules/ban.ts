/** Ban: none of the VMs on any of the hosts. */
import type { HostId, VmId } from '../problem/ids.ts'
import type { Common, Definition } from './definition.ts'
import { some } from './listed.ts'
import { excused, type RuleViolation } from './stay.ts'

export interface Ban extends Common {
  readonly kind: 'ban'
  readonly vms: readonly VmId[]
  readonly hosts: readonly HostId[]
}

export const ban: Definition<Ban> = {
  kind: 'ban',
  meaning: 'none of the VMs on these hosts',
  fields: { vms: 'vms', hosts: 'hosts' },
  code: 'rule.host_group',
  content: ({ vms, hosts }) => `${some(vms)}; ${hosts.length === 0 ? 'no host' : some(hosts)}`,
  constraint: ({ vms, hosts }) => ({ is: 'confined', vms, to: 'others', hosts }),
  check: ({ vms, hosts }, stays) => {
    const banned = new Set(hosts)
    return vms.flatMap((vm) =>
      stays
        .of(vm)
        .filter((stay) => banned.has(stay.host) && !excused(stays, stay))
        .map(
          (stay): RuleViolation => ({
            code: 'rule.host_group',
            vms: [vm],
            hosts: [stay.host],
            text: `ban: ${vm} may not be on ${stay.host}`,
          }),
        ),
    )
  },
}
