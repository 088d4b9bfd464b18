/** Spread (anti-affinity): no two of the VMs on one host. */
import type { VmId } from '../problem/ids.ts'
import { checkApart, eachItsOwn } from './check-apart.ts'
import type { Common, Definition } from './definition.ts'
import { some } from './listed.ts'

export interface Spread extends Common {
  readonly kind: 'spread'
  readonly vms: readonly VmId[]
}

export const spread: Definition<Spread> = {
  kind: 'spread',
  meaning: 'no two of the VMs on one host',
  fields: { vms: 'vms' },
  vmsMin: 2,
  code: 'rule.anti_affinity',
  content: ({ vms }) => some(vms),
  constraint: ({ vms }) => ({ is: 'allApart', vms, place: 'host' }),
  check: ({ vms }, stays) => checkApart('spread', stays, eachItsOwn(vms)),
}
