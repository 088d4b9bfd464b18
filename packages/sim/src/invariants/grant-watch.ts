/**
 * S4: a host grants its lease to the partition that has it. In one step it may grant it to another host, form a graver partition of
 * its own, and take the lease back. The other leader is told of both, in this order. Only that word excuses the grant: after it,
 * in that step, for that very lease.
 */
import type { HostId, PartitionId } from '@drover/protocol'
import type { AgentEvent } from './agent-feed.ts'
import type { HostBook } from './host-book.ts'
import type { Scene } from './scene.ts'

/** A grant that left in the step that is under way, after which its partition does not have the lease. */
interface Unheld {
  readonly to: HostId
  readonly partition: PartitionId
  readonly epoch: number
}

export interface GrantWatch {
  sent(book: HostBook, event: Extract<AgentEvent, { readonly kind: 'sent' }>): void
  /** All of that step has left. */
  carried(book: HostBook): void
  /** It died in the middle of its step, and its lease with it: what it would have said next is not known. */
  ended(book: HostBook): void
}

export const createGrantWatch = ({ findings }: Pick<Scene, 'findings'>): GrantWatch => {
  const unheld = new Map<HostBook, readonly Unheld[]>()
  return {
    sent(book, { to, message }) {
      const grants = unheld.get(book) ?? []
      if (message.kind === 'granted' && message.epoch > 0) {
        const { partition, epoch } = message
        if (book.lease?.partition === partition && book.lease.epoch === epoch) return
        unheld.set(book, [...grants, { to, partition, epoch }])
      }
      if (message.kind !== 'revoked') return
      const isOther = (grant: Unheld): boolean =>
        grant.to !== to || grant.partition !== message.partition || grant.epoch !== message.epoch
      unheld.set(book, grants.filter(isOther))
    },
    carried(book) {
      for (const { partition, epoch } of unheld.get(book) ?? [])
        findings.tell(
          'S4',
          `${book.name} granted epoch ${epoch} to ${partition}, which does not have its lease`,
        )
      unheld.delete(book)
    },
    ended: (book) => void unheld.delete(book),
  }
}
