/** RunningCapacity: at most this many VMs run on these hosts together. */
import type { HostId } from '../problem/ids.ts'
import { checkSum } from './check-sum.ts'
import type { Common, Definition } from './definition.ts'
import { some } from './listed.ts'

export interface RunningCapacity extends Common {
  readonly kind: 'runningCapacity'
  readonly hosts: readonly HostId[]
  readonly amount: number
}

export const runningCapacity: Definition<RunningCapacity> = {
  kind: 'runningCapacity',
  meaning: 'at most `amount` VMs run on these hosts together',
  fields: { hosts: 'hosts', amount: 'amount' },
  code: 'rule.capacity',
  content: ({ hosts, amount }) => `${some(hosts)}; ${amount} VMs`,
  constraint: ({ hosts, amount }) => ({ is: 'cap', hosts, of: 'vms', max: amount }),
  check: ({ hosts, amount }, stays) => checkSum('runningCapacity', stays, hosts, amount, () => 1),
  raised: (rule, by) => ({ ...rule, amount: rule.amount + by }),
}
