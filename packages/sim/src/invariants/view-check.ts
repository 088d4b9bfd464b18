/** S4, S6, S7 where only views tell of leases, as in real time: they must go together, and with what was said before. */
import type { PeerView } from '@drover/protocol'
import type { Findings } from './findings.ts'

export interface ViewCheck {
  judge(views: readonly PeerView[]): void
}

export const createViewCheck = ({ once }: Findings): ViewCheck => {
  /** By host, as last seen. */
  const leases = new Map<string, { readonly epoch: number; readonly partition: string }>()

  const judgeView = ({ host, description, lease, migrations }: PeerView): void => {
    const name = description?.name ?? host
    // A copy that was found here waits for its source, whatever this host works for: it moves nothing.
    const acts = migrations.filter(({ phase }) => phase !== 'found')
    const partitions = [...new Set(acts.map((m) => m.action.slice(0, m.action.lastIndexOf('/'))))]
    if (partitions.length > 1)
      once(
        `S4 ${host} ${partitions.sort().join()}`,
        'S4',
        `${name} acts for ${partitions.join(' and ')} at once`,
      )
    if (lease === null) return
    const { partition, epoch, leader } = lease
    if (!partition.startsWith(`${leader}.`))
      once(`S7 ${host} ${partition}`, 'S7', `${name} takes ${leader} for the leader of ${partition}`)
    const before = leases.get(host)
    if (before !== undefined && before.partition !== partition && epoch <= before.epoch)
      once(
        `S6 ${host} ${epoch} ${partition}`,
        epoch === before.epoch ? 'S4' : 'S6',
        `${name} leased epoch ${epoch} to ${partition} after epoch ${before.epoch} to ${before.partition}`,
      )
    const executing = partitions[0]
    if (executing !== undefined && executing !== partition && partitions.length === 1)
      once(
        `S4 ${host} ${executing} ${partition}`,
        'S4',
        `${name} is leased to ${partition} while it acts for ${executing}`,
      )
    leases.set(host, { epoch, partition })
  }

  return {
    judge(views) {
      for (const view of views) judgeView(view)
    },
  }
}
