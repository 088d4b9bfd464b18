/**
 * The member side: one lease at a time, given by the member alone (S4). Everything about a lease names the partition
 * and the epoch; a lease is held while an action touches this host, whatever the clock says (S5).
 */

import type { Instant } from '../data/ids.ts'
import type { Lease } from '../data/lease.ts'
import { compareRank, type Rank } from '../data/rank.ts'

export type Verdict =
  | { readonly kind: 'grant' }
  /** Already leased to this partition: the answer was lost, say it again. */
  | { readonly kind: 'again'; readonly lease: Lease }
  /** Take it from the lower rank, which has not started executing. */
  | { readonly kind: 'wound'; readonly loser: Lease }
  | { readonly kind: 'busy'; readonly holder: Lease }

/** What to answer to a `reserve` of `rank`, given the lease in force. `busy`: an action touches this host. */
export const judgeReserve = (lease: Lease | null, rank: Rank, now: Instant, busy: boolean): Verdict => {
  if (lease === null) return { kind: 'grant' }
  if (lease.partition === rank.partition) return { kind: 'again', lease }
  if (!busy && lease.expiresAt <= now) return { kind: 'grant' }
  if (busy || lease.executing || compareRank(rank, lease.rank) <= 0) return { kind: 'busy', holder: lease }
  return { kind: 'wound', loser: lease }
}
