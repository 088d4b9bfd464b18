/**
 * A decision record: what one partition was for, what it saw, what it did and why not otherwise. Written by the
 * leader and by every participant, so that any survivor can answer `drover explain`.
 */

import type { Action, ActionResult, Resources } from '@drover/placement'
import type { HostId, Instant, PartitionId, VmId } from './ids.ts'
import type { Reason } from './need.ts'
import type { AnyCode } from './reasons.ts'

/** One host that was asked, considered or left out, and why. `code` null = it took part. */
export interface CandidateRecord {
  readonly host: HostId
  readonly name: string
  readonly code: AnyCode | null
  /** One sentence with the numbers. */
  readonly text: string
}

/** One VM of the needy host that did not move, and why (stable codes of `reasons.ts`). */
export interface StayedRecord {
  readonly vm: VmId
  readonly name: string
  readonly code: AnyCode
}

export interface ActionRecord {
  readonly action: Action
  readonly vmName: string
  readonly demand: Resources
  /** Null while it has not ended; `would` = observe mode or a question: never started. */
  readonly result: ActionResult | { readonly kind: 'would' } | null
}

/** Demand of a touched host before and after the plan, for operators: was it worth it? */
export interface HostChange {
  readonly host: HostId
  readonly name: string
  readonly usable: Resources
  readonly before: Resources
  readonly after: Resources
}

export type DecisionResult =
  | 'running'
  | 'cured' // every need of the partition is met
  | 'relieved' // as far as possible; `code` says what binds
  | 'nothing' // nothing could be done; `code` says why
  | 'failed' // some action was refused or the partition was lost; `code` says why
  | 'would' // mode observe, or `drover plan`: what would have been done
  | 'satisfied' // the need had gone when the snapshots were in

export interface Decision {
  readonly id: PartitionId
  readonly leader: HostId
  readonly leaderName: string
  readonly reason: Reason
  /** The need in one sentence with numbers: `demand 0.62 cores of 0.5 cores usable, for 1.2 s`. */
  readonly need: string
  readonly mode: 'observe' | 'auto'
  readonly members: readonly HostId[]
  readonly candidates: readonly CandidateRecord[]
  readonly stayed: readonly StayedRecord[]
  readonly actions: readonly ActionRecord[]
  readonly hosts: readonly HostChange[]
  readonly result: DecisionResult
  /** A reason code, or null when all is well; `text` explains it. */
  readonly code: AnyCode | null
  readonly text: string
  /** Durations by the leader's clock, ms; null for a stage that was not reached. */
  readonly detectedAt: Instant
  readonly reservedMs: number | null
  readonly solvedMs: number | null
  /** From detection to the start of the plan's first action. */
  readonly detectToStartMs: number | null
  readonly endedMs: number | null
  /** True in a record of a partition that another host led. */
  readonly asMember: boolean
}
