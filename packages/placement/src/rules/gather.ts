/** Gather (affinity): all of the VMs on one host. Continuous, it would forbid the group ever to move: by default it is not. */
import type { VmId } from '../problem/ids.ts'
import { checkTogether } from './check-together.ts'
import type { Common, Definition } from './definition.ts'
import { some } from './listed.ts'

export interface Gather extends Common {
  readonly kind: 'gather'
  readonly vms: readonly VmId[]
}

export const gather: Definition<Gather> = {
  kind: 'gather',
  meaning: 'all of the VMs on one host',
  fields: { vms: 'vms' },
  vmsMin: 2,
  continuous: false,
  code: 'rule.affinity',
  content: ({ vms }) => some(vms),
  constraint: ({ vms }) => ({ is: 'together', parts: [vms], groups: 'hosts' }),
  check: ({ vms }, stays) => checkTogether('gather', stays, vms, (host) => host),
}
