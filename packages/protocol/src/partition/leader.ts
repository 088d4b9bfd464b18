/**
 * The leader side of one partition, from the need to the outcome: choose, reserve in parallel, solve, grow if that was
 * not enough, assign, drive the plan, release. One partition at a time; nobody waits while holding.
 */
import {
  type Answer,
  excessChange,
  type Move,
  type PartitionProblem,
  type Plan,
  unreachable,
} from '@drover/placement'
import { type Candidate, unfit, type Ways } from '../data/candidate.ts'
import { limits } from '../data/config.ts'
import type { Decision, DecisionResult } from '../data/decision.ts'
import type { ActionId, HostId, Instant, PartitionId } from '../data/ids.ts'
import type { Busy, Declined, Ended, Granted, Revoked } from '../data/message.ts'
import type { Need } from '../data/need.ts'
import type { Mode } from '../data/summary.ts'
import * as executor from '../execute/executor.ts'
import { record } from '../outcome/record.ts'
import { formulate } from '../snapshot/formulate.ts'
import type { Desk } from '../step-context.ts'
import {
  assign,
  beginUnblocked,
  release,
  releaseUntouched,
  remind,
  sayWhatRuns,
  tellOutcome,
} from './execution.ts'
import { ask, others } from './invite.ts'
import { type Attempt, createAttempt, empties, knownOf, renewMs, snapshotsOf } from './partition-state.ts'
import { preparePlan } from './prepare-plan.ts'
import { gainTooSmall } from './relief-gain.ts'

export interface LeaderHooks {
  /** All other known hosts, nearest first. */
  candidates(): readonly Candidate[]
  /** Of this host. */
  own(): Ways
  name(): string
  mode(): Mode
  report(decision: Decision): void
  concluded(need: Need, decision: Decision): void
}

export interface Leader {
  readonly leading: PartitionId | null
  /** `preferred`: whom to ask first, best first; none = whoever is near and has room. */
  form(need: Need, intent: 'lease' | 'observe', preferred?: readonly HostId[]): PartitionId
  granted(from: HostId, message: Granted): void
  refused(from: HostId, message: Busy | Declined): void
  revoked(from: HostId, message: Revoked): void
  solved(partition: PartitionId, round: number, answer: Answer): void
  ended(from: HostId, message: Ended): void
  /** Our own hypervisor was told to move a VM of this plan. */
  started(action: ActionId): void
  /** The failure detector gave a host up. */
  dead(host: HostId): void
  /** Nothing of this partition begins any more; what runs is waited for. A partition that only looks moves nothing, and stays. */
  callOff(code: string, text: string): void
  /** It ends here and now; what runs of it goes on without a leader. */
  end(code: string, text: string): void
  /** The same as `callOff`, for a partition whose plan empties this host. */
  callOffDrain(text: string): void
  tick(): void
  nextAt(): Instant | null
}

export const createLeader = (desk: Desk, hooks: LeaderHooks): Leader => {
  let current: Attempt | null = null

  const recordOf = (
    attempt: Attempt,
    result: DecisionResult,
    code: string | null,
    text: string,
    plan: Plan | null,
    endedAt: Instant | null,
  ): Decision =>
    record(
      knownOf(attempt, plan, { id: desk.self, name: hooks.name(), mode: hooks.mode() }),
      result,
      code,
      text,
      endedAt,
    )

  const conclude = (
    attempt: Attempt,
    result: DecisionResult,
    code: string | null,
    text: string,
    plan: Plan | null,
  ): void => {
    const decision = recordOf(attempt, result, code, text, plan, desk.now())
    current = null
    if (attempt.execution !== null) tellOutcome(desk, attempt, decision)
    for (const host of [...attempt.members.keys()]) release(desk, attempt, host)
    hooks.report(decision)
    hooks.concluded(attempt.need, decision)
  }

  const grow = (attempt: Attempt, atLeast: number): boolean => {
    if (attempt.need.kind === 'migrate' && attempt.need.to !== null) return false
    const more = others(attempt, hooks.candidates(), atLeast)
    if (more.length > 0) ask(desk, attempt, more)
    return more.length > 0
  }

  /** Called whenever an answer came or a member went: go on once nobody is being waited for. */
  const advance = (attempt: Attempt): void => {
    if (attempt.phase !== 'reserving') return
    const states = [...attempt.members.values()]
    if (states.some((member) => member.state === 'asked')) return
    if (!attempt.members.has(desk.self)) {
      const why = attempt.lost.get(desk.self)
      return conclude(
        attempt,
        'failed',
        why?.code ?? 'partition.busy',
        'this host is a member of another partition',
        null,
      )
    }
    if (states.length < 2 && attempt.need.kind !== 'none') {
      if (grow(attempt, 1)) return
      const busy = [...attempt.lost.values()].some(
        (one) => one.code === 'partition.busy' || one.code === 'partition.timeout',
      )
      if (!busy)
        return conclude(attempt, 'nothing', 'partition.exhausted', 'no host that was asked can help', null)
      const text = 'every host that could help belongs to another partition now'
      return conclude(attempt, 'failed', 'partition.busy', text, null)
    }
    attempt.reservedMs ??= desk.now() - attempt.formedAt
    solve(attempt)
  }

  const solve = (attempt: Attempt): void => {
    attempt.phase = 'solving'
    attempt.round += 1
    attempt.solvingSince = desk.now()
    attempt.deadline = desk.now() + limits.solveStaleMs
    attempt.frozen = snapshotsOf(attempt)
    attempt.problem = formulate(attempt.frozen, desk.self, attempt.need, desk.policy, attempt.target)
    desk.emit({
      kind: 'solve',
      partition: attempt.partition,
      round: attempt.round,
      problem: attempt.problem,
      budgetMs: limits.solveBudgetMs,
    })
  }

  /**
   * Not a full cure with these members. Twice as many first; then the lesser target with them; then twice as many
   * again, until the cap or the end of the reachable ring.
   */
  const escalate = (attempt: Attempt): boolean => {
    if (attempt.target === 'usable' || !attempt.grown) {
      attempt.grown = true
      if (grow(attempt, attempt.members.size)) return true
    }
    if (attempt.target === 'clear') {
      attempt.target = 'usable'
      solve(attempt)
      return true
    }
    return false
  }

  const proceed = (attempt: Attempt, problem: PartitionProblem, moves: readonly Move[]): void => {
    const prepared = preparePlan(problem, moves, attempt.partition)
    if (prepared.kind === 'no-order')
      return conclude(attempt, 'nothing', 'plan.no_order', prepared.text, null)
    if (prepared.kind === 'unsound') {
      desk.warn('plan.unsound', `the checker refused our own plan: ${prepared.text}`)
      return conclude(attempt, 'failed', 'plan.unsound', prepared.text, null)
    }
    const { plan } = prepared
    if (attempt.intent === 'observe')
      return conclude(attempt, 'would', attempt.promise.code, attempt.promise.text, plan)
    attempt.phase = 'executing'
    attempt.deadline = Number.MAX_SAFE_INTEGER
    attempt.execution = executor.execution(plan)
    releaseUntouched(desk, attempt)
    const decision = recordOf(attempt, 'running', null, 'under way', plan, null)
    hooks.report(decision)
    assign(desk, attempt, problem, plan, decision)
    beginUnblocked(desk, attempt)
    concludeIfOver(attempt)
  }

  const concludeIfOver = (attempt: Attempt): void => {
    if (current !== attempt || attempt.execution === null || !executor.isOver(attempt.execution)) return
    const { plan } = attempt.execution
    const cut = executor.cutShort(attempt.execution)
    if (cut !== null) return conclude(attempt, 'failed', cut.code, cut.text, plan)
    const failure = executor.firstFailure(attempt.execution)
    if (failure === null)
      return conclude(attempt, attempt.promise.result, attempt.promise.code, attempt.promise.text, plan)
    conclude(
      attempt,
      'failed',
      failure.code,
      failure.detail ?? `an action was ${failure.kind}: ${failure.code}`,
      plan,
    )
  }

  const callOff = (attempt: Attempt, code: string, text: string): void => {
    if (attempt.execution === null) return conclude(attempt, 'failed', code, text, null)
    attempt.execution = executor.callOff(attempt.execution, { code, text })
    sayWhatRuns(desk, attempt)
    goOn(attempt)
  }

  const goOn = (attempt: Attempt): void => {
    releaseUntouched(desk, attempt)
    beginUnblocked(desk, attempt)
    concludeIfOver(attempt)
  }

  const lose = (attempt: Attempt, host: HostId, code: string, text: string): void => {
    const name = hooks.candidates().find(({ summary }) => summary.host === host)?.summary.name ?? host
    attempt.members.delete(host)
    attempt.lost.set(host, { host, name, code, text })
    switch (attempt.phase) {
      case 'reserving':
        return advance(attempt)
      case 'solving':
        // The problem being solved contains a host that is gone: its answer would be stale. Ask for another one.
        attempt.phase = 'reserving'
        return advance(attempt)
      case 'executing': {
        for (const action of attempt.execution!.plan.actions)
          if (executor.performerOf(action) === host && attempt.execution!.begun.has(action.id))
            attempt.execution = executor.finish(attempt.execution!, action.id, { kind: 'unknown', code })
        return goOn(attempt)
      }
      default:
        return unreachable(attempt.phase)
    }
  }

  const ours = (partition: PartitionId): Attempt | null => (current?.partition === partition ? current : null)

  const onSolved = (attempt: Attempt, answer: Answer): void => {
    attempt.solvedMs = (attempt.solvedMs ?? 0) + desk.now() - attempt.solvingSince
    const problem = attempt.problem!
    switch (answer.kind) {
      case 'satisfied':
        return conclude(attempt, 'satisfied', null, 'nothing has to move', null)
      case 'plan':
        return proceed(attempt, problem, answer.moves)
      case 'relief':
        if (escalate(attempt)) return
        if (
          answer.moves.length === 0 ||
          gainTooSmall(attempt.need.kind, excessChange(problem, answer.moves), desk.policy)
        )
          return conclude(
            attempt,
            'nothing',
            answer.moves.length === 0 ? answer.why.code : 'gain.too_small',
            answer.why.text,
            null,
          )
        attempt.promise = { result: 'relieved', code: answer.why.code, text: answer.why.text }
        return proceed(attempt, problem, answer.moves)
      case 'infeasible':
        // More members would not mend a broken solver.
        if (answer.why.code === 'solver.failed')
          return conclude(attempt, 'failed', answer.why.code, answer.why.text, null)
        if (escalate(attempt)) return
        return conclude(attempt, 'nothing', answer.why.code, answer.why.text, null)
      default:
        return unreachable(answer)
    }
  }

  return {
    get leading() {
      return current?.partition ?? null
    },

    form(need, intent, preferred = []) {
      const attempt = createAttempt(desk, need, intent, hooks.own(), preferred)
      const { partition, wish } = attempt
      current = attempt
      if (need.kind === 'migrate' && need.to !== null) {
        const target = hooks.candidates().find(({ summary }) => summary.host === need.to)
        const code = target === undefined ? 'host.unreachable' : unfit(target, wish)
        if (code === null) ask(desk, attempt, [desk.self, need.to])
        else conclude(attempt, 'nothing', code, `the chosen host cannot take part: ${code}`, null)
        return partition
      }
      const chosen = need.kind === 'none' ? [] : others(attempt, hooks.candidates(), 0)
      if (chosen.length === 0 && need.kind !== 'none')
        conclude(attempt, 'nothing', 'partition.alone', 'no host is known that could be asked', null)
      else ask(desk, attempt, [desk.self, ...chosen])
      return partition
    },

    granted(from, message) {
      const attempt = ours(message.partition)
      const member = attempt?.members.get(from)
      if (attempt === null || member?.state !== 'asked') {
        // Too late for us: do not let it wait for its lease to lapse.
        if (message.epoch > 0 && (member === undefined || attempt === null))
          desk.send(from, { kind: 'release', partition: message.partition, epoch: message.epoch })
        return
      }
      attempt.members.set(from, { state: 'granted', epoch: message.epoch, snapshot: message.snapshot })
      advance(attempt)
    },

    refused(from, message) {
      const attempt = ours(message.partition)
      if (attempt === null || !attempt.members.has(from)) return
      if (message.kind === 'busy') lose(attempt, from, 'partition.busy', `member of ${message.holder}`)
      else lose(attempt, from, message.code, `declined: ${message.code}`)
    },

    revoked(from, message) {
      const attempt = ours(message.partition)
      const member = attempt?.members.get(from)
      if (attempt === null || member === undefined) return
      if (member.state === 'granted' && member.epoch === message.epoch)
        lose(
          attempt,
          from,
          'partition.busy',
          message.code === 'wounded' ? 'taken by a higher-ranked partition' : `lease ${message.code}`,
        )
    },

    solved(partition, round, answer) {
      const attempt = ours(partition)
      if (attempt !== null && attempt.phase === 'solving' && attempt.round === round)
        onSolved(attempt, answer)
    },

    ended(from, message) {
      const attempt = ours(message.partition)
      if (attempt?.execution == null) return
      const action = attempt.execution.plan.actions.find((one) => one.id === message.action)
      if (action === undefined || executor.performerOf(action) !== from) return
      attempt.execution = executor.finish(attempt.execution!, message.action, message.result)
      goOn(attempt)
    },

    started(action) {
      if (current?.execution?.begun.has(action)) current.detectToPlanMs ??= desk.now() - current.need.since
    },

    dead(host) {
      if (current?.members.has(host)) lose(current, host, 'host.unreachable', 'stopped answering')
    },

    callOff(code, text) {
      if (current?.intent === 'lease') callOff(current, code, text)
    },

    end(code, text) {
      if (current !== null) conclude(current, 'failed', code, text, current.execution?.plan ?? null)
    },

    callOffDrain(text) {
      if (current?.intent === 'lease' && empties(current)) callOff(current, 'operator.called_off', text)
    },

    tick() {
      const attempt = current
      if (attempt === null) return
      if (attempt.deadline <= desk.now()) {
        if (attempt.phase === 'solving')
          return conclude(attempt, 'failed', 'solver.timeout', 'the solver did not answer in time', null)
        for (const [host, member] of [...attempt.members]) {
          if (member.state !== 'asked' || current !== attempt) continue
          desk.send(host, { kind: 'release', partition: attempt.partition, epoch: 0 })
          lose(attempt, host, 'partition.timeout', `no answer within ${limits.reserveMs} ms`)
        }
      }
      if (current === attempt && attempt.renewAt <= desk.now()) {
        attempt.renewAt = desk.now() + renewMs
        remind(desk, attempt)
      }
    },

    nextAt: () => (current === null ? null : Math.min(current.deadline, current.renewAt)),
  }
}
