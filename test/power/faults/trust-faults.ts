/** What a peer with the cluster key may make others do: each check of the sender taken away. Only a liar shows it. */
import type { SownFault } from '../sown-fault.ts'

export const trustFaults: readonly SownFault[] = [
  {
    id: 'begun-by-any',
    name: 'begin and withdraw: taken from each host that knows partition and epoch',
    breaks: ['S6', 'S10'],
    line: 'second',
    file: 'protocol/src/host-actions.ts',
    inside: 'received',
    pattern: 'if (!leads(from, message)) return',
    replacement: '',
  },
  {
    id: 'partition-of-another',
    name: 'reserve: a lease for a partition that is named after another host',
    breaks: ['S6'],
    line: 'second',
    file: 'protocol/src/partition/grant-lease.ts',
    inside: 'onReserve',
    pattern: 'rank.partition !== partition || leaderOf(partition) !== from',
    replacement: "rank.partition !== partition || leaderOf(partition) === ''",
  },
]
