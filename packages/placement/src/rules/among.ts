/** Among: all of the VMs in one of the groups of hosts. */
import type { HostId, VmId } from '../problem/ids.ts'
import { checkTogether, groupIn } from './check-together.ts'
import type { Common, Definition } from './definition.ts'
import { some, someLists } from './listed.ts'

export interface Among extends Common {
  readonly kind: 'among'
  readonly vms: readonly VmId[]
  readonly parts: readonly (readonly HostId[])[]
}

export const among: Definition<Among> = {
  kind: 'among',
  meaning: 'all of the VMs in one of these groups of hosts',
  fields: { vms: 'vms', parts: 'hostGroups' },
  code: 'rule.affinity',
  content: ({ vms, parts }) => `${some(vms)}; ${someLists(parts)}`,
  constraint: ({ vms, parts }) => ({ is: 'together', parts: [vms], groups: parts }),
  check: ({ vms, parts }, stays) => checkTogether('among', stays, vms, groupIn(parts)),
}
