/**
 * Everything that agents say to each other, except the gossiped `LoadSummary`. Every message names its sender's
 * incarnation (the host is known from the authenticated connection), and every message about a partition names it and the
 * epoch of the member's lease: a late or repeated one can then never be taken for a current one (S4, S6).
 */

import type { Action, ActionResult, Plan, Problem, Resources } from '@drover/placement'
import type { Decision } from './decision.ts'
import type { ActionId, HostId, PartitionId, VmId } from './ids.ts'
import type { Reason } from './need.ts'
import type { Rank } from './rank.ts'
import type { AnyCode } from './reasons.ts'
import type { HostSnapshot, VmSnapshot } from './snapshot.ts'

interface FromPeer {
  /** The sender's start count; what comes from an older one than is known is dropped, and answered with `outdated`. 0 = it has none yet. */
  readonly incarnation: number
}
interface InPartition extends FromPeer {
  readonly partition: PartitionId
  /** The epoch of the lease of the *member* concerned; 0 where no lease exists (yet). */
  readonly epoch: number
}
interface OfAction extends InPartition {
  readonly action: ActionId
}

// ---- reserve: leader → member, and the three answers

/** `observe`: only a snapshot is asked for; no lease is given, so nothing can be executed on the answer. */
export interface Reserve extends InPartition {
  readonly kind: 'reserve'
  readonly rank: Rank
  readonly reason: Reason
  readonly intent: 'lease' | 'observe'
}
export interface Granted extends InPartition {
  readonly kind: 'granted'
  readonly leaseMs: number
  readonly snapshot: HostSnapshot
}
export interface Busy extends InPartition {
  readonly kind: 'busy'
  readonly holder: PartitionId
  readonly rank: Rank
  /** When the holder's lease may end, ms from now; an estimate. */
  readonly retryMs: number
}
export interface Declined extends InPartition {
  readonly kind: 'declined'
  /** `mode.observe`, `host.draining`, `journal.full`, `hypervisor.unreachable`, … */
  readonly code: AnyCode
}

// ---- the life of a lease

export interface Renew extends InPartition {
  readonly kind: 'renew'
}
export interface Release extends InPartition {
  readonly kind: 'release'
}
/** Member → leader: this lease is over (wounded by a higher rank, lapsed, or never existed). */
export interface Revoked extends InPartition {
  readonly kind: 'revoked'
  readonly code: 'wounded' | 'lapsed' | 'unknown'
}

// ---- execution

/** Leader → every member that the plan touches: the whole plan and what it was made from, to be checked on receipt. */
export interface Assign extends InPartition {
  readonly kind: 'assign'
  readonly problem: Problem
  readonly plan: Plan
  /** The lease epoch of each touched member, so that source and destination can fence each other's messages. */
  readonly epochs: Readonly<Record<HostId, number>>
  /** The leader's record so far, so that every participant can explain it even if the leader dies. */
  readonly decision: Decision
}
/** Leader → every member that the plan touched: how it all ended. */
export interface Recorded extends InPartition {
  readonly kind: 'recorded'
  readonly decision: Decision
}
/** Leader → source: this action's `after` are done; start it. */
export interface Begin extends OfAction {
  readonly kind: 'begin'
}
/** Leader → source: the plan was called off. What has not begun never will; `ended` says so, or how it ended. */
export interface Withdraw extends OfAction {
  readonly kind: 'withdraw'
  readonly vm: VmId
}
/** Source → leader. */
export interface Ended extends OfAction {
  readonly kind: 'ended'
  readonly result: ActionResult
}

// ---- one migration: source ⇄ destination

/** Source → destination: may this VM come? `epoch` is the destination's. */
export interface Admit extends OfAction {
  readonly kind: 'admit'
  readonly migrate: Action & { readonly kind: 'migrate' }
  readonly vm: VmSnapshot
  /** Rule R2: the copy will arrive paused, and waits for `hand-over`. */
  readonly paused: boolean
  /** The source's migration URI: where the destination asks when the source's agent is silent. */
  readonly sourceUri: string
  readonly cooldownMs: number
  /** At the source its definition says that it starts with its host: so it is to be at the destination. */
  readonly autostart: boolean
}
export interface Admitted extends OfAction {
  readonly kind: 'admitted'
  readonly uri: string
  /** The source must have started within this many ms of *asking*; later it has to ask again. */
  readonly validMs: number
}
export interface NotAdmitted extends OfAction {
  readonly kind: 'not-admitted'
  readonly code: AnyCode
}
/** Source → destination: the VM is positively gone from here; yours may run (R2). */
export interface HandOver extends OfAction {
  readonly kind: 'hand-over'
  readonly vm: VmId
  /** Of the `where-is` that it answers; 0 where it answers none. */
  readonly round: number
  /** While it is unconfirmed: what the VM wants, for a destination that has lost its record. Else null. */
  readonly demand: Resources | null
  /** With `demand`, as in `admit`; else false. */
  readonly autostart: boolean
}
/** Destination → source: it runs here now. */
export interface TookOver extends OfAction {
  readonly kind: 'took-over'
  readonly vm: VmId
}
/** Source → destination, which has said that the VM runs: closed here too, and no request of ours to let it run is unread. */
export interface Closed extends OfAction {
  readonly kind: 'closed'
  readonly vm: VmId
}
/** Destination → source: nothing of this action is open here, and it has brought no VM that is active here. */
export interface Forgotten extends OfAction {
  readonly kind: 'forgotten'
  readonly vm: VmId
}
/** Source → destination: the admitted VM will not come; forget the promise. */
export interface Cancelled extends OfAction {
  readonly kind: 'cancelled'
  readonly vm: VmId
}
/** Either end of an unfinished action asks the other what its hypervisor says. */
export interface WhereIs extends OfAction {
  readonly kind: 'where-is'
  readonly vm: VmId
  /** Given back with the answer: one to an earlier question says nothing about now. */
  readonly round: number
}
/** The other end's positive answer. `silent`: its hypervisor did not answer, so neither can it. */
export interface Whereabouts extends OfAction {
  readonly kind: 'whereabouts'
  readonly vm: VmId
  readonly round: number
  readonly presence: Presence | 'silent'
}
/** As the hypervisor port defines it. */
export type Presence = 'running' | 'paused' | 'held' | 'outgoing' | 'incoming' | 'shut' | 'saved' | 'absent'

// ---- failure detection of ring neighbours (SWIM with Lifeguard)

export interface Ping extends FromPeer {
  readonly kind: 'ping'
  readonly sequence: number
}
export interface Ack extends FromPeer {
  readonly kind: 'ack'
  readonly sequence: number
  /** Whose life it witnesses: the sender's own, or, after a `ping-req`, the target's. */
  readonly subject: HostId
}
export interface PingReq extends FromPeer {
  readonly kind: 'ping-req'
  readonly sequence: number
  readonly target: HostId
}
/** Tells a host that it is suspected, so that it can refute with a newer summary. */
export interface Suspect extends FromPeer {
  readonly kind: 'suspect'
  readonly subject: HostId
  readonly subjectIncarnation: number
}

/** To a host that speaks as an earlier life of itself: by which start count it is known. It goes on as a later one (S6). */
export interface Outdated extends FromPeer {
  readonly kind: 'outdated'
  readonly known: number
}

export type Message =
  | Reserve
  | Granted
  | Busy
  | Declined
  | Renew
  | Release
  | Revoked
  | Assign
  | Recorded
  | Begin
  | Withdraw
  | Ended
  | Admit
  | Admitted
  | NotAdmitted
  | HandOver
  | TookOver
  | Closed
  | Forgotten
  | Cancelled
  | WhereIs
  | Whereabouts
  | Ping
  | Ack
  | PingReq
  | Suspect
  | Outdated

export type PartitionMessage = Extract<Message, { readonly partition: PartitionId }>
export type ProbeMessage = Exclude<Message, PartitionMessage | Outdated>
