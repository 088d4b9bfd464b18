/** ResourceCapacity: the demands on these hosts together stay within `amount`. */
import type { HostId } from '../problem/ids.ts'
import { amountText } from '../problem/names.ts'
import { checkSum } from './check-sum.ts'
import type { Common, Definition } from './definition.ts'
import { some } from './listed.ts'

export interface ResourceCapacity extends Common {
  readonly kind: 'resourceCapacity'
  readonly hosts: readonly HostId[]
  readonly dimension: string
  readonly amount: number
}

export const resourceCapacity: Definition<ResourceCapacity> = {
  kind: 'resourceCapacity',
  meaning: 'the demands on these hosts together stay within `amount` of a dimension',
  fields: { hosts: 'hosts', dimension: 'dimension', amount: 'amount' },
  code: 'rule.capacity',
  content: ({ hosts, dimension, amount }) => `${some(hosts)}; ${amountText(dimension, amount)}`,
  constraint: ({ hosts, dimension, amount }) => ({ is: 'cap', hosts, of: { dimension }, max: amount }),
  check: ({ hosts, dimension, amount }, stays) =>
    checkSum('resourceCapacity', stays, hosts, amount, (vm) => stays.demandOf(vm, dimension)),
  raised: (rule, by) => ({ ...rule, amount: rule.amount + by }),
}
