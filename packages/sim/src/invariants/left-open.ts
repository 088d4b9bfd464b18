/**
 * What faults have left open when they stop. Until both ends are sure how such an action ended, it holds its hosts (S5), and nothing
 * can be cured there: a migration that hangs is broken off half a minute after its agent was started anew, and then its end is in doubt
 * for as long as a request may lie unread. How long all that may take is for L1 and L6 to say, and no longer does it excuse.
 */
import type { ActionId, HostId } from '@drover/protocol'
import { type HostBook, partitionOf } from './host-book.ts'
import type { LivenessBounds } from './liveness-bounds.ts'

export interface LeftOpen {
  /** It waits still for one of them, at that time, world's ms: of that partition, or of any. */
  holds(host: HostId, now: number, partition?: string): boolean
}

export const createLeftOpen = (
  hosts: readonly HostId[],
  bookOf: (host: HostId) => Pick<HostBook, 'held'> | null,
  { L1, L6 }: LivenessBounds,
  healedAt: number,
): LeftOpen => {
  const heldBy = (host: HostId): readonly ActionId[] => [...(bookOf(host)?.held ?? [])]
  const left = new Set(hosts.flatMap(heldBy))
  return {
    holds: (host, now, partition) =>
      now - healedAt <= L1 + L6 &&
      heldBy(host).some(
        (action) => left.has(action) && (partition === undefined || partitionOf(action) === partition),
      ),
  }
}
