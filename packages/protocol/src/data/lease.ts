/** The one lease of a host: to which partition it is bound, and until when. */

import type { HostId, Instant, PartitionId, VmId } from './ids.ts'
import type { Assign } from './message.ts'
import type { Reason } from './need.ts'
import type { Rank } from './rank.ts'
import type { HostSnapshot } from './snapshot.ts'

export interface Lease {
  readonly partition: PartitionId
  readonly epoch: number
  readonly leader: HostId
  readonly leaderIncarnation: number
  readonly rank: Rank
  readonly reason: Reason
  readonly expiresAt: Instant
  readonly grantedAt: Instant
  /** It is not renewed any longer than until then. */
  readonly endsAt: Instant
  /** An action of it has run here. */
  readonly used: boolean
  /** What this host told its leader of itself: the plan has to be made from that (S10). */
  readonly snapshot: HostSnapshot
  /** What each VM was when the snapshot was taken: an action on another incarnation is refused (S10). */
  readonly incarnations: ReadonlyMap<VmId, string>
  /** The plan, once it came and passed the check here; `unsound` = why it did not. */
  readonly assigned: { readonly assign: Assign; readonly unsound: string | null } | null
  /** True from the first assignment or admission on: then no higher rank can take it. */
  readonly executing: boolean
}

export const isCurrent = (lease: Lease | null, partition: PartitionId, epoch: number): lease is Lease =>
  lease !== null && lease.partition === partition && lease.epoch === epoch
