/** Fence: all of the VMs only on these hosts. */
import type { HostId, VmId } from '../problem/ids.ts'
import type { Common, Definition } from './definition.ts'
import { some } from './listed.ts'
import { excused, type RuleViolation } from './stay.ts'

export interface Fence extends Common {
  readonly kind: 'fence'
  readonly vms: readonly VmId[]
  readonly hosts: readonly HostId[]
}

export const fence: Definition<Fence> = {
  kind: 'fence',
  meaning: 'the VMs only on these hosts',
  fields: { vms: 'vms', hosts: 'hosts' },
  code: 'rule.host_group',
  content: ({ vms, hosts }) => `${some(vms)}; ${hosts.length === 0 ? 'no host' : some(hosts)}`,
  constraint: ({ vms, hosts }) => ({ is: 'confined', vms, to: 'these', hosts }),
  check: ({ vms, hosts }, stays) => {
    const allowed = new Set(hosts)
    return vms.flatMap((vm) =>
      stays
        .of(vm)
        .filter((stay) => !allowed.has(stay.host) && !excused(stays, stay))
        .map(
          (stay): RuleViolation => ({
            code: 'rule.host_group',
            vms: [vm],
            hosts: [stay.host],
            text: `fence: ${vm} may not be on ${stay.host}`,
          }),
        ),
    )
  },
}
