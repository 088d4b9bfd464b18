/** Overbook: the limits of these hosts count as this many permille of what they are. Always hard and continuous. */
import type { HostId } from '../problem/ids.ts'
import { dimensionText } from '../problem/names.ts'
import type { Common, Definition } from './definition.ts'
import { some } from './listed.ts'

export interface Overbook extends Common {
  readonly kind: 'overbook'
  readonly hosts: readonly HostId[]
  readonly dimension: string
  readonly permille: number
}

export const overbook: Definition<Overbook> = {
  kind: 'overbook',
  meaning: 'the limits of these hosts count as this many permille of what they are',
  fields: { hosts: 'hosts', dimension: 'dimension', permille: 'permille' },
  code: 'rule.capacity',
  content: ({ hosts, dimension, permille }) => `${some(hosts)}; ${permille} ‰ of ${dimensionText(dimension)}`,
  constraint: ({ hosts, dimension, permille }) => ({ is: 'limitScale', hosts, dimension, permille }),
  // It changes limits, and loads are checked by those (amounts-in-effect.ts).
  check: () => [],
}
