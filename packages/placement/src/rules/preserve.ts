/** Preserve: the VMs get at least this much of a dimension. Always hard and continuous. */
import type { VmId } from '../problem/ids.ts'
import { amountText } from '../problem/names.ts'
import type { Common, Definition } from './definition.ts'
import { some } from './listed.ts'

export interface Preserve extends Common {
  readonly kind: 'preserve'
  readonly vms: readonly VmId[]
  readonly dimension: string
  readonly amount: number
}

export const preserve: Definition<Preserve> = {
  kind: 'preserve',
  meaning: 'the VMs get at least this much of a dimension',
  fields: { vms: 'vms', dimension: 'dimension', amount: 'amount' },
  code: 'rule.capacity',
  content: ({ vms, dimension, amount }) => `${some(vms)}; ${amountText(dimension, amount)}`,
  constraint: ({ vms, dimension, amount }) => ({ is: 'demandFloor', vms, dimension, amount }),
  // It changes what VMs want, and loads are checked by that (amounts-in-effect.ts).
  check: () => [],
}
