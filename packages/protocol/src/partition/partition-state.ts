/** What a leader knows of the partition that it leads, from the need to the outcome. */

import type { PartitionProblem, Plan } from '@drover/placement'
import type { Candidate, MemberRequirements, MigrationAbility } from '../data/candidate.ts'
import { limits } from '../data/config.ts'
import type { CandidateRecord, Decision } from '../data/decision.ts'
import { byText, type HostId, type Instant, leaderOf, type PartitionId } from '../data/ids.ts'
import type { Need } from '../data/need.ts'
import type { Execution } from '../data/plan-execution.ts'
import type { Rank } from '../data/rank.ts'
import type { HostSnapshot } from '../data/snapshot.ts'
import type { Mode } from '../data/summary.ts'
import type { Known, Outcome } from '../outcome/record.ts'
import type { Target } from '../snapshot/formulate.ts'
import type { StepContext } from '../step-context.ts'

/** What a leader needs of its host. */
export interface LeaderHooks {
  /** All other known hosts, nearest first. */
  candidates(): readonly Candidate[]
  /** Of this host. */
  own(): MigrationAbility
  name(): string
  mode(): Mode
  report(decision: Decision): void
  concluded(need: Need, decision: Decision): void
}

/** What the functions of the leader's side work on. */
export interface Leadership {
  readonly context: StepContext
  readonly hooks: LeaderHooks
  /** The partition that this host leads, or null: one at a time. */
  current: PartitionState | null
}

export type Member =
  | { readonly state: 'asked' }
  | { readonly state: 'granted'; readonly epoch: number; readonly snapshot: HostSnapshot }

export type Phase = 'reserving' | 'solving' | 'executing'

export interface PartitionState {
  readonly partition: PartitionId
  readonly rank: Rank
  readonly need: Need
  /** `observe`: it only looks. Its members give snapshots and no leases, and nothing is carried out. */
  readonly intent: 'lease' | 'observe'
  readonly requirements: MemberRequirements
  readonly formedAt: Instant
  readonly members: Map<HostId, Member>
  /** Asked once and lost, with the code: not asked again by this partition. */
  readonly lost: Map<HostId, CandidateRecord>
  /** Hosts that were not fit to be asked, the last time some were chosen. */
  left: readonly CandidateRecord[]
  phase: Phase
  /** When the phase is given up. */
  deadline: Instant
  renewAt: Instant
  target: Target
  /** More hosts were looked for, because those that were asked first were not enough. */
  grown: boolean
  /** A member had to be left out, since the problem was too large to be sent: no more are asked. */
  full: boolean
  /** Of solving, from 1: an answer to an earlier one is stale. */
  round: number
  problem: PartitionProblem | null
  /** The snapshots that `problem` was made from: members come and go after it. */
  frozen: readonly HostSnapshot[] | null
  solvingSince: Instant
  /** From the forming until all had answered for the first time; null = not yet. */
  reservedMs: number | null
  /** Of all rounds together; null = none has ended. */
  solvedMs: number | null
  detectToStartMs: number | null
  /** Null until the plan is carried out. */
  execution: Execution | null
  /** How many of its actions have begun, and ended, when it was last waited for. */
  steps: number
  /** How it ends when all actions of the plan are done. */
  promise: Outcome
}

export const renewMs = Math.floor(limits.leaseMs / 3)

export const createPartitionState = (
  context: StepContext,
  need: Need,
  intent: 'lease' | 'observe',
  own: MigrationAbility,
  preferred: readonly HostId[],
): PartitionState => {
  const now = context.now()
  const partition = context.nextPartition()
  return {
    partition,
    rank: { severity: need.severity, ageMs: Math.max(0, now - need.since), partition },
    need,
    intent,
    requirements: {
      wanted: need.wanted,
      own,
      clearPermille: context.policy.clearPermille,
      intent,
      preferred,
    },
    formedAt: now,
    members: new Map(),
    lost: new Map(),
    left: [],
    phase: 'reserving',
    deadline: now + limits.reserveMs,
    renewAt: now + renewMs,
    // What is foreseen says how much room to leave; a fixed mark would ask for more moves.
    target: preferred.length > 0 ? 'usable' : 'clear',
    grown: false,
    full: false,
    round: 0,
    problem: null,
    frozen: null,
    solvingSince: now,
    reservedMs: null,
    solvedMs: null,
    detectToStartMs: null,
    execution: null,
    steps: 0,
    promise: { result: 'cured', code: null, text: 'every need is met' },
  }
}

/** The partition of this name, if this host leads it now. */
export const ledAs = ({ current }: Leadership, partition: PartitionId): PartitionState | null =>
  current?.partition === partition ? current : null

/** Of all members that have granted, sorted by host. */
export const snapshotsOf = (state: PartitionState): HostSnapshot[] =>
  [...state.members.values()]
    .flatMap((member) => (member.state === 'granted' ? [member.snapshot] : []))
    .sort((a, b) => byText(a.host, b.host))

/** Its plan, made or to be made, empties its own host. */
export const empties = (state: PartitionState): boolean =>
  state.need.kind === 'drain' ||
  (state.frozen ?? snapshotsOf(state)).some(
    (snapshot) => snapshot.host === leaderOf(state.partition) && snapshot.draining,
  )

/** What a decision record is made of. */
export const knownOf = (
  state: PartitionState,
  plan: Plan | null,
  leader: { readonly id: HostId; readonly name: string; readonly mode: Mode },
): Known => ({
  id: state.partition,
  leader: leader.id,
  leaderName: leader.name,
  mode: leader.mode,
  need: state.need,
  snapshots: state.frozen ?? snapshotsOf(state),
  candidates: [...state.left, ...state.lost.values()].slice(0, limits.viewHostsMax),
  plan,
  execution: state.execution,
  reservedMs: state.reservedMs,
  solvedMs: state.solvedMs,
  detectToStartMs: state.detectToStartMs,
})
