/** Split: VMs of different parts never share a host. */
import type { VmId } from '../problem/ids.ts'
import { checkApart, eachItsPart } from './check-apart.ts'
import type { Common, Definition } from './definition.ts'
import { someLists } from './listed.ts'

export interface Split extends Common {
  readonly kind: 'split'
  readonly parts: readonly (readonly VmId[])[]
}

export const split: Definition<Split> = {
  kind: 'split',
  meaning: 'VMs of different parts never on one host',
  fields: { parts: 'vmParts' },
  vmsMin: 2,
  code: 'rule.anti_affinity',
  content: ({ parts }) => someLists(parts),
  constraint: ({ parts }) => ({ is: 'partsApart', parts }),
  check: ({ parts }, stays) => checkApart('split', stays, eachItsPart(parts)),
}
