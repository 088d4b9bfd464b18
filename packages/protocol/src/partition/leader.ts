/**
 * The leader side of one partition, from the need to the outcome: choose, reserve in parallel, solve, grow if that was
 * not enough, assign, drive the plan, release. One partition at a time; nobody waits while holding.
 */
import {
  type AnswerWithoutMoves,
  assertNever,
  excessChange,
  type PartitionProblem,
  type Plan,
  type Solution,
} from '@drover/placement'
import { unfit } from '../data/candidate.ts'
import { limits } from '../data/config.ts'
import type { Decision, DecisionResult } from '../data/decision.ts'
import type { ActionId, HostId, Instant, PartitionId } from '../data/ids.ts'
import type { Busy, Declined, Ended, Granted, Revoked } from '../data/message.ts'
import type { Need } from '../data/need.ts'
import { record } from '../outcome/record.ts'
import { formulate } from '../snapshot/formulate.ts'
import type { StepContext } from '../step-context.ts'
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
import {
  createPartitionState,
  empties,
  knownOf,
  type LeaderHooks,
  type PartitionState,
  renewMs,
  snapshotsOf,
} from './partition-state.ts'
import { solutionFault } from './plan-fault.ts'
import * as progress from './plan-progress.ts'
import { gainTooSmall } from './relief-gain.ts'

export interface Leader {
  readonly leading: PartitionId | null
  /** `preferred`: whom to ask first, best first; none = whoever is near and has room. */
  form(need: Need, intent: 'lease' | 'observe', preferred?: readonly HostId[]): PartitionId
  granted(from: HostId, message: Granted): void
  refused(from: HostId, message: Busy | Declined): void
  revoked(from: HostId, message: Revoked): void
  solved(partition: PartitionId, round: number, solution: Solution): void
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

export const createLeader = (context: StepContext, hooks: LeaderHooks): Leader => {
  let current: PartitionState | null = null

  const recordOf = (
    state: PartitionState,
    result: DecisionResult,
    code: string | null,
    text: string,
    plan: Plan | null,
    endedAt: Instant | null,
  ): Decision =>
    record(
      knownOf(state, plan, { id: context.self, name: hooks.name(), mode: hooks.mode() }),
      result,
      code,
      text,
      endedAt,
    )

  const conclude = (
    state: PartitionState,
    result: DecisionResult,
    code: string | null,
    text: string,
    plan: Plan | null,
  ): void => {
    const decision = recordOf(state, result, code, text, plan, context.now())
    current = null
    if (state.execution !== null) tellOutcome(context, state, decision)
    for (const host of [...state.members.keys()]) release(context, state, host)
    hooks.report(decision)
    hooks.concluded(state.need, decision)
  }

  const grow = (state: PartitionState, atLeast: number): boolean => {
    if (state.need.kind === 'migrate' && state.need.to !== null) return false
    const more = others(state, hooks.candidates(), atLeast)
    if (more.length > 0) ask(context, state, more)
    return more.length > 0
  }

  /** Called whenever an answer came or a member went: go on once nobody is being waited for. */
  const advance = (state: PartitionState): void => {
    if (state.phase !== 'reserving') return
    const states = [...state.members.values()]
    if (states.some((member) => member.state === 'asked')) return
    if (!state.members.has(context.self)) {
      const why = state.lost.get(context.self)
      return conclude(
        state,
        'failed',
        why?.code ?? 'partition.busy',
        'this host is a member of another partition',
        null,
      )
    }
    if (states.length < 2 && state.need.kind !== 'none') {
      if (grow(state, 1)) return
      const busy = [...state.lost.values()].some(
        (one) => one.code === 'partition.busy' || one.code === 'partition.timeout',
      )
      if (!busy)
        return conclude(state, 'nothing', 'partition.exhausted', 'no host that was asked can help', null)
      const text = 'every host that could help belongs to another partition now'
      return conclude(state, 'failed', 'partition.busy', text, null)
    }
    state.reservedMs ??= context.now() - state.formedAt
    solve(state)
  }

  const solve = (state: PartitionState): void => {
    state.phase = 'solving'
    state.round += 1
    state.solvingSince = context.now()
    state.deadline = context.now() + limits.solveStaleMs
    state.frozen = snapshotsOf(state)
    state.problem = formulate(state.frozen, context.self, state.need, context.policy, state.target)
    context.emit({
      kind: 'solve',
      partition: state.partition,
      round: state.round,
      problem: state.problem,
      budgetMs: limits.solveBudgetMs,
    })
  }

  /**
   * Not a full cure with these members. Twice as many first; then the lesser target with them; then twice as many
   * again, until the cap or the end of the reachable ring.
   */
  const escalate = (state: PartitionState): boolean => {
    if (state.target === 'usable' || !state.grown) {
      state.grown = true
      if (grow(state, state.members.size)) return true
    }
    if (state.target === 'clear') {
      state.target = 'usable'
      solve(state)
      return true
    }
    return false
  }

  const proceed = (state: PartitionState, problem: PartitionProblem, plan: Plan): void => {
    if (state.intent === 'observe')
      return conclude(state, 'would', state.promise.code, state.promise.text, plan)
    state.phase = 'executing'
    state.deadline = Number.MAX_SAFE_INTEGER
    state.execution = progress.execution(plan)
    releaseUntouched(context, state)
    const decision = recordOf(state, 'running', null, 'under way', plan, null)
    hooks.report(decision)
    assign(context, state, problem, plan, decision)
    beginUnblocked(context, state)
    concludeIfOver(state)
  }

  const concludeIfOver = (state: PartitionState): void => {
    if (current !== state || state.execution === null || !progress.isOver(state.execution)) return
    const { plan } = state.execution
    const cut = progress.cutShort(state.execution)
    if (cut !== null) return conclude(state, 'failed', cut.code, cut.text, plan)
    const failure = progress.firstFailure(state.execution)
    if (failure === null)
      return conclude(state, state.promise.result, state.promise.code, state.promise.text, plan)
    conclude(
      state,
      'failed',
      failure.code,
      failure.detail ?? `an action was ${failure.kind}: ${failure.code}`,
      plan,
    )
  }

  const callOff = (state: PartitionState, code: string, text: string): void => {
    if (state.execution === null) return conclude(state, 'failed', code, text, null)
    state.execution = progress.callOff(state.execution, { code, text })
    sayWhatRuns(context, state)
    goOn(state)
  }

  const goOn = (state: PartitionState): void => {
    releaseUntouched(context, state)
    beginUnblocked(context, state)
    concludeIfOver(state)
  }

  const lose = (state: PartitionState, host: HostId, code: string, text: string): void => {
    const name = hooks.candidates().find(({ summary }) => summary.host === host)?.summary.name ?? host
    state.members.delete(host)
    state.lost.set(host, { host, name, code, text })
    switch (state.phase) {
      case 'reserving':
        return advance(state)
      case 'solving':
        // The problem being solved contains a host that is gone: its answer would be stale. Ask for another one.
        state.phase = 'reserving'
        return advance(state)
      case 'executing': {
        for (const action of state.execution!.plan.actions)
          if (progress.performerOf(action) === host && state.execution!.begun.has(action.id))
            state.execution = progress.finish(state.execution!, action.id, { kind: 'unknown', code })
        return goOn(state)
      }
      default:
        return assertNever(state.phase)
    }
  }

  const ours = (partition: PartitionId): PartitionState | null =>
    current?.partition === partition ? current : null

  const onSolved = (state: PartitionState, solution: Solution): void => {
    state.solvedMs = (state.solvedMs ?? 0) + context.now() - state.solvingSince
    if (solution.plan === null) return withoutMoves(state, solution.answer)
    const { answer, plan } = solution
    if (answer.kind === 'relief' && escalate(state)) return
    const problem = state.problem!
    // A worker made both; neither is believed before it was checked here.
    const fault = solutionFault(problem, answer, plan, state.partition)
    if (fault !== null) {
      context.warn('plan.unsound', `the checker refused our own plan: ${fault}`)
      return conclude(state, 'failed', 'plan.unsound', fault, null)
    }
    if (answer.kind === 'relief') {
      const { code, text } = answer.why
      if (answer.moves.length === 0) return conclude(state, 'nothing', code, text, null)
      if (gainTooSmall(state.need.kind, excessChange(problem, answer.moves), context.policy))
        return conclude(state, 'nothing', 'gain.too_small', text, null)
      state.promise = { result: 'relieved', code, text }
    }
    return proceed(state, problem, plan)
  }

  const withoutMoves = (state: PartitionState, answer: AnswerWithoutMoves): void => {
    switch (answer.kind) {
      case 'satisfied':
        return conclude(state, 'satisfied', null, 'nothing has to move', null)
      case 'infeasible':
        // More members would not mend a broken solver.
        if (answer.why.code === 'solver.failed')
          return conclude(state, 'failed', answer.why.code, answer.why.text, null)
        if (escalate(state)) return
        return conclude(state, 'nothing', answer.why.code, answer.why.text, null)
      default:
        return assertNever(answer)
    }
  }

  return {
    get leading() {
      return current?.partition ?? null
    },

    form(need, intent, preferred = []) {
      const state = createPartitionState(context, need, intent, hooks.own(), preferred)
      const { partition, requirements } = state
      current = state
      if (need.kind === 'migrate' && need.to !== null) {
        const target = hooks.candidates().find(({ summary }) => summary.host === need.to)
        const code = target === undefined ? 'host.unreachable' : unfit(target, requirements)
        if (code === null) ask(context, state, [context.self, need.to])
        else conclude(state, 'nothing', code, `the chosen host cannot take part: ${code}`, null)
        return partition
      }
      const chosen = need.kind === 'none' ? [] : others(state, hooks.candidates(), 0)
      if (chosen.length === 0 && need.kind !== 'none')
        conclude(state, 'nothing', 'partition.alone', 'no host is known that could be asked', null)
      else ask(context, state, [context.self, ...chosen])
      return partition
    },

    granted(from, message) {
      const state = ours(message.partition)
      const member = state?.members.get(from)
      if (state === null || member?.state !== 'asked') {
        // Too late for us: do not let it wait for its lease to lapse.
        if (message.epoch > 0 && (member === undefined || state === null))
          context.send(from, { kind: 'release', partition: message.partition, epoch: message.epoch })
        return
      }
      state.members.set(from, { state: 'granted', epoch: message.epoch, snapshot: message.snapshot })
      advance(state)
    },

    refused(from, message) {
      const state = ours(message.partition)
      if (state === null || !state.members.has(from)) return
      if (message.kind === 'busy') lose(state, from, 'partition.busy', `member of ${message.holder}`)
      else lose(state, from, message.code, `declined: ${message.code}`)
    },

    revoked(from, message) {
      const state = ours(message.partition)
      const member = state?.members.get(from)
      if (state === null || member === undefined) return
      if (member.state === 'granted' && member.epoch === message.epoch)
        lose(
          state,
          from,
          'partition.busy',
          message.code === 'wounded' ? 'taken by a higher-ranked partition' : `lease ${message.code}`,
        )
    },

    solved(partition, round, solution) {
      const state = ours(partition)
      if (state !== null && state.phase === 'solving' && state.round === round) onSolved(state, solution)
    },

    ended(from, message) {
      const state = ours(message.partition)
      if (state?.execution == null) return
      const action = state.execution.plan.actions.find((one) => one.id === message.action)
      if (action === undefined || progress.performerOf(action) !== from) return
      state.execution = progress.finish(state.execution!, message.action, message.result)
      goOn(state)
    },

    started(action) {
      if (current?.execution?.begun.has(action))
        current.detectToStartMs ??= context.now() - current.need.since
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
      const state = current
      if (state === null) return
      if (state.deadline <= context.now()) {
        if (state.phase === 'solving')
          return conclude(state, 'failed', 'solver.timeout', 'the solver did not answer in time', null)
        for (const [host, member] of [...state.members]) {
          if (member.state !== 'asked' || current !== state) continue
          context.send(host, { kind: 'release', partition: state.partition, epoch: 0 })
          lose(state, host, 'partition.timeout', `no answer within ${limits.reserveMs} ms`)
        }
      }
      if (current === state && state.renewAt <= context.now()) {
        state.renewAt = context.now() + renewMs
        remind(context, state)
      }
    },

    nextAt: () => (current === null ? null : Math.min(current.deadline, current.renewAt)),
  }
}
