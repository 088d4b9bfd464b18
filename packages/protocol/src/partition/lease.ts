/**
 * The member side: one lease at a time, given by the member alone (S4). Everything about a lease names the partition
 * and the epoch; a lease is held while an action touches this host, whatever the clock says (S5).
 */
import { limits } from '../config.ts'
import type { HostId, Instant, PartitionId, VmId } from '../ids.ts'
import type { Assign } from '../message.ts'
import { compareRank, type Rank } from './rank.ts'

export interface Lease {
  readonly partition: PartitionId
  readonly epoch: number
  readonly leader: HostId
  readonly leaderIncarnation: number
  readonly rank: Rank
  readonly expiresAt: Instant
  /** What each VM was when the snapshot was taken: an action on another incarnation is refused (S10). */
  readonly incarnations: ReadonlyMap<VmId, string>
  /** The plan, once it came and passed the check here; `unsound` = why it did not. */
  readonly assigned: { readonly assign: Assign; readonly unsound: string | null } | null
  /** True from the first assignment or admission on: then no higher rank can take it. */
  readonly executing: boolean
}

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

export const isCurrent = (lease: Lease | null, partition: PartitionId, epoch: number): lease is Lease =>
  lease !== null && lease.partition === partition && lease.epoch === epoch

export const renewed = (lease: Lease, now: Instant): Lease => ({ ...lease, expiresAt: now + limits.leaseMs })
