/** The answer to `explain`, as data: each line has a reason code and its numbers. */

import type { Resources } from '@drover/placement'
import type { CandidateRecord, Decision } from '../data/decision.ts'
import type { HostId, VmId } from '../data/ids.ts'
import type { AnyCode } from '../data/reasons.ts'

/** A decision with the wall clock of the agent that kept it, ms since 1970; null when it is not known. */
export interface DatedDecision {
  readonly atWallMs: number | null
  readonly decision: Decision
}

/** `code` null: nothing stands against it. */
export interface Verdict {
  readonly code: AnyCode | null
  readonly text: string
}

export interface VmExplanation {
  readonly kind: 'vm'
  readonly vm: VmId
  readonly name: string
  /** False: this agent knows it from decision records only; `whereabouts` says where it went. */
  readonly here: boolean
  readonly demand: Resources | null
  readonly verdict: Verdict
  readonly facts: readonly string[]
  /** Could each known host take it now? */
  readonly candidates: readonly CandidateRecord[]
  readonly decisions: readonly DatedDecision[]
}

export interface HostExplanation {
  readonly kind: 'host'
  readonly host: HostId
  readonly name: string
  readonly self: boolean
  readonly verdict: Verdict
  readonly facts: readonly string[]
  /** What kept other hosts out of the newest decision for this host, or null when there was none. */
  readonly newest: DatedDecision | null
  /** VMs of this host that cannot leave, when it is the host that is asked. */
  readonly fixed: readonly { readonly vm: VmId; readonly name: string; readonly code: AnyCode }[]
  readonly decisions: readonly DatedDecision[]
}

export interface DecisionExplanation {
  readonly kind: 'decision'
  readonly record: DatedDecision
}

export type Explanation = VmExplanation | HostExplanation | DecisionExplanation
