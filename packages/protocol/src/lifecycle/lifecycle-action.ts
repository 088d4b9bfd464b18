/** One start, stop, suspend or resume on this host: what is known of it, and its way from the first look to the last. */
import { type ActionResult, assert } from '@drover/placement'
import { limits } from '../data/config.ts'
import type { HostId, Instant, PartitionId } from '../data/ids.ts'
import type { LifecycleKind, OpenLifecycle } from '../data/io.ts'
import type { Presence } from '../data/message.ts'
import type { Promised } from '../snapshot/ledger.ts'
import type { OperationVerdict } from './judge-operation.ts'
import { judgeOperation } from './judge-operation.ts'

/**
 * `looking`: the hypervisor is asked where the VM is; nothing has begun. `performing`: it was told what to do; the action is in
 * the journal. `settling`: its call has ended, or was lost with an earlier life of this agent, and it is asked where the VM is.
 */
export const lifecyclePhases = ['looking', 'performing', 'settling'] as const
export type LifecyclePhase = (typeof lifecyclePhases)[number]

export interface LifecycleAction extends Promised {
  readonly kind: LifecycleKind
  readonly partition: PartitionId
  /** Of our own lease. */
  readonly epoch: number
  /** The host that is told how it ended; null = the leader that the partition's id names. */
  readonly leader: HostId | null
  /** Of the VM, for people; '' = not known here. */
  readonly name: string
  /** Which start of it is to end (S10); null = it is not active here when the action begins, or only the record is left. */
  readonly incarnation: string | null
  readonly since: Instant
  readonly phase: LifecyclePhase
  /** What the call returned; null = not known, or not yet. */
  readonly answer: ActionResult | null
  /** When its phase became `settling`. */
  readonly settlingSince: Instant
  /** Of the question that is not answered yet; null = none is under way. */
  readonly round: number | null
  /** What the hypervisor last said of the VM, and since when it has said so without a break; null = it does not answer. */
  readonly seen: Presence | null
  readonly seenSince: Instant
  readonly nextAt: Instant
}

/** The VM is to be active here when it is done. */
export const brings = ({ kind }: { readonly kind: LifecycleKind }): boolean =>
  kind === 'start' || kind === 'resume'

type Known = Omit<OpenLifecycle, 'kind'> & Pick<LifecycleAction, 'kind' | 'incarnation'>

const newAction = (
  known: Known,
  leader: HostId | null,
  phase: LifecyclePhase,
  now: Instant,
): LifecycleAction => ({
  ...known,
  leader,
  since: now,
  phase,
  answer: null,
  settlingSince: now,
  round: null,
  seen: null,
  seenSince: now,
  nextAt: now,
})

export const lookingAction = (known: Known, leader: HostId, now: Instant): LifecycleAction =>
  newAction(known, leader, 'looking', now)

/** Of which only the record is left: it may have been done, or not, or be under way. */
export const restoredAction = (open: OpenLifecycle, now: Instant): LifecycleAction =>
  newAction({ ...open, incarnation: null }, null, 'settling', now)

/** As the journal keeps it. */
export const openOf = (one: LifecycleAction): OpenLifecycle => {
  const { kind, action, partition, epoch, vm, name, demand, labels } = one
  return { kind, action, partition, epoch, vm, name, demand, ...(labels === undefined ? {} : { labels }) }
}

/** A question of it was asked; an answer has to come within the time that a hypervisor may take over a call. */
export const asked = (one: LifecycleAction, round: number, now: Instant): LifecycleAction => {
  assert(one.phase !== 'performing', () => `${one.action} is asked about while its call runs`)
  assert(
    one.round === null || one.round < round,
    () => `${one.action}: question ${round} follows ${one.round}`,
  )
  return { ...one, round, nextAt: now + limits.settleRoundMsMax }
}

/** The hypervisor has answered that question, or the time for it is over (null). */
export const answered = (one: LifecycleAction, seen: Presence | null, now: Instant): LifecycleAction => ({
  ...one,
  round: null,
  seen,
  seenSince: seen === one.seen ? one.seenSince : now,
  nextAt: now + limits.settlePollMs,
})

/** The hypervisor is told what to do. */
export const performed = (one: LifecycleAction, now: Instant): LifecycleAction => {
  assert(
    one.phase === 'looking',
    () => `${one.action} is performed from ${one.phase}: it would be done twice`,
  )
  assert(one.seen !== null, () => `${one.action} is performed before the hypervisor was looked at`)
  return { ...one, phase: 'performing', seen: null, nextAt: now + limits.operationSlowMs }
}

/** Its call has returned. */
export const returned = (one: LifecycleAction, answer: ActionResult, now: Instant): LifecycleAction => {
  assert(one.phase === 'performing', () => `${one.action} has returned in ${one.phase}`)
  assert(one.round === null && one.seen === null, () => `${one.action} was looked at while its call ran`)
  return { ...one, phase: 'settling', answer, settlingSince: now, seenSince: now, nextAt: now }
}

export const verdictOf = (one: LifecycleAction, now: Instant): OperationVerdict => {
  const { kind, phase, answer, seen, seenSince, settlingSince } = one
  assert(phase === 'settling', () => `${one.action} is judged in ${phase}`)
  if (seen === null) return { kind: 'wait' }
  return judgeOperation(kind, {
    seen,
    steadyMs: now - seenSince,
    answer: answer === null || answer.kind === 'unknown' ? null : answer.kind,
    waitedMs: now - settlingSince,
  })
}
