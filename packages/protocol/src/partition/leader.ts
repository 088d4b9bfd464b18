/**
 * The leader side of one partition, from the need to the outcome: choose, reserve in parallel, solve, grow if that was
 * not enough, assign, drive the plan, release. One partition at a time; nobody waits while holding (architecture §5).
 */
import { unreachable } from '../assert.ts'
import { limits } from '../config.ts'
import type { Desk } from '../desk.ts'
import type { Need } from '../detect/need.ts'
import * as executor from '../execute/executor.ts'
import { type ActionId, byText, type HostId, type Instant, type PartitionId } from '../ids.ts'
import type { Busy, Declined, Ended, Granted, Revoked } from '../message.ts'
import type { CandidateRecord, Decision, DecisionResult } from '../outcome/decision.ts'
import { type Known, record } from '../outcome/record.ts'
import { checkPlan } from '../plan/checker.ts'
import type { ActionResult, Plan } from '../plan/plan.ts'
import { planOrder } from '../plan/planner.ts'
import type { Mode } from '../ring/summary.ts'
import { formulate, type Target } from '../snapshot/problem.ts'
import type { HostSnapshot } from '../snapshot/snapshot.ts'
import type { Answer, Move } from '../solve/answer.ts'
import type { Problem } from '../solve/problem.ts'
import { excessOf, gainTooSmall } from './gain.ts'
import type { Rank } from './rank.ts'
import { type Candidate, selectMembers, unfit, type Wish } from './select.ts'

type Member =
  | { readonly state: 'asked' }
  | { readonly state: 'granted'; readonly epoch: number; readonly snapshot: HostSnapshot }

type Phase = 'reserving' | 'solving' | 'executing'

interface Attempt {
  readonly partition: PartitionId
  readonly rank: Rank
  readonly need: Need
  readonly intent: 'lease' | 'observe'
  readonly wish: Wish
  readonly formedAt: Instant
  readonly members: Map<HostId, Member>
  /** Asked once and lost, with the code: not asked again by this partition. */
  readonly lost: Map<HostId, CandidateRecord>
  left: readonly CandidateRecord[]
  phase: Phase
  deadline: Instant
  renewAt: Instant
  target: Target
  grown: boolean
  round: number
  problem: Problem | null
  /** The snapshots that `problem` was made from: members come and go after it. */
  frozen: readonly HostSnapshot[] | null
  solvingSince: Instant
  reservedMs: number | null
  solvedMs: number | null
  detectToPlanMs: number | null
  execution: executor.Execution | null
  /** How it ends when all actions of the plan are done. */
  promise: { readonly result: DecisionResult; readonly code: string | null; readonly text: string }
}

export interface LeaderHooks {
  /** All other known hosts, nearest first. */
  candidates(): readonly Candidate[]
  cpuBaseline(): string
  name(): string
  mode(): Mode
  report(decision: Decision): void
  concluded(need: Need, decision: Decision): void
}

export interface Leader {
  readonly leading: PartitionId | null
  form(need: Need, intent: 'lease' | 'observe'): PartitionId
  granted(from: HostId, message: Granted): void
  refused(from: HostId, message: Busy | Declined): void
  revoked(from: HostId, message: Revoked): void
  solved(partition: PartitionId, round: number, answer: Answer): void
  ended(from: HostId, message: Ended): void
  /** Our own hypervisor was told to move a VM of this plan. */
  started(action: ActionId): void
  /** The failure detector gave a host up. */
  dead(host: HostId): void
  /** Gives the partition up before it executes (the need has gone, the mode changed). */
  abandon(code: string, text: string): void
  tick(): void
  nextAt(): Instant | null
}

export const createLeader = (desk: Desk, hooks: LeaderHooks): Leader => {
  let current: Attempt | null = null

  const snapshots = (attempt: Attempt): HostSnapshot[] =>
    [...attempt.members.values()]
      .flatMap((member) => (member.state === 'granted' ? [member.snapshot] : []))
      .sort((a, b) => byText(a.host, b.host))

  const known = (attempt: Attempt, plan: Plan | null): Known => ({
    id: attempt.partition,
    leader: desk.self,
    leaderName: hooks.name(),
    mode: hooks.mode(),
    need: attempt.need,
    snapshots: attempt.frozen ?? snapshots(attempt),
    candidates: [...attempt.left, ...attempt.lost.values()].slice(0, limits.viewHostsMax),
    plan,
    execution: attempt.execution,
    reservedMs: attempt.reservedMs,
    solvedMs: attempt.solvedMs,
    detectToPlanMs: attempt.detectToPlanMs,
  })

  const release = (attempt: Attempt, host: HostId): void => {
    const member = attempt.members.get(host)
    if (member === undefined) return
    attempt.members.delete(host)
    if (attempt.intent === 'observe') return
    const epoch = member.state === 'granted' ? member.epoch : 0
    desk.send(host, { kind: 'release', partition: attempt.partition, epoch })
  }

  const conclude = (
    attempt: Attempt,
    result: DecisionResult,
    code: string | null,
    text: string,
    plan: Plan | null,
  ): void => {
    const decision = record(known(attempt, plan), result, code, text, desk.now())
    current = null
    if (attempt.execution !== null) tellAll(attempt, decision)
    for (const host of [...attempt.members.keys()]) release(attempt, host)
    hooks.report(decision)
    hooks.concluded(attempt.need, decision)
  }

  /** Every participant keeps the record, so that any survivor can explain it. */
  const tellAll = (attempt: Attempt, decision: Decision): void => {
    for (const { host } of decision.hosts)
      if (host !== desk.self)
        desk.send(host, { kind: 'recorded', partition: attempt.partition, epoch: 0, decision })
  }

  const ask = (attempt: Attempt, hosts: readonly HostId[]): void => {
    attempt.phase = 'reserving'
    attempt.deadline = desk.now() + limits.reserveMs
    for (const host of hosts) attempt.members.set(host, { state: 'asked' })
    for (const host of hosts)
      desk.send(host, {
        kind: 'reserve',
        partition: attempt.partition,
        epoch: 0,
        rank: attempt.rank,
        reason: attempt.need.reason,
        intent: attempt.intent,
      })
  }

  /** Fit hosts that this partition has neither asked nor lost. */
  const others = (attempt: Attempt, atLeast: number): readonly HostId[] => {
    const room = limits.partitionHostsMax - attempt.members.size
    if (room <= 0) return []
    const fresh = hooks
      .candidates()
      .filter(({ summary }) => !attempt.members.has(summary.host) && !attempt.lost.has(summary.host))
    const choice = selectMembers(fresh, attempt.wish, Math.min(atLeast, room))
    attempt.left = choice.left
    return choice.ask.slice(0, room)
  }

  const grow = (attempt: Attempt, atLeast: number): boolean => {
    if (attempt.need.kind === 'migrate' && attempt.need.to !== null) return false
    const more = others(attempt, atLeast)
    if (more.length > 0) ask(attempt, more)
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
      return busy
        ? conclude(
            attempt,
            'failed',
            'partition.busy',
            'every host that could help belongs to another partition now',
            null,
          )
        : conclude(attempt, 'nothing', 'partition.exhausted', 'no known host can help', null)
    }
    attempt.reservedMs ??= desk.now() - attempt.formedAt
    solve(attempt)
  }

  const solve = (attempt: Attempt): void => {
    attempt.phase = 'solving'
    attempt.round += 1
    attempt.solvingSince = desk.now()
    attempt.deadline = desk.now() + limits.solveStaleMs
    attempt.frozen = snapshots(attempt)
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

  const order = (attempt: Attempt, problem: Problem, moves: readonly Move[]): Plan | null => {
    const ordered = planOrder(problem, moves, attempt.partition)
    if (ordered.kind !== 'plan') {
      conclude(attempt, 'nothing', 'plan.no_order', ordered.why.text, null)
      return null
    }
    const violations = checkPlan(problem, ordered.plan)
    const first = violations[0]
    if (first !== undefined || ordered.plan.actions.length > limits.planActionsMax) {
      const text = first === undefined ? `more than ${limits.planActionsMax} actions` : first.text
      desk.warn('plan.unsound', `the checker refused our own plan: ${text}`)
      conclude(attempt, 'failed', 'plan.unsound', text, null)
      return null
    }
    return ordered.plan
  }

  const proceed = (attempt: Attempt, problem: Problem, moves: readonly Move[]): void => {
    const plan = order(attempt, problem, moves)
    if (plan === null) return
    if (attempt.intent === 'observe')
      return conclude(attempt, 'would', attempt.promise.code, attempt.promise.text, plan)
    attempt.phase = 'executing'
    attempt.deadline = Number.MAX_SAFE_INTEGER
    attempt.execution = executor.execution(plan)
    const needed = executor.touched(attempt.execution)
    const epochs: Record<HostId, number> = {}
    for (const [host, member] of attempt.members) if (member.state === 'granted') epochs[host] = member.epoch
    for (const host of [...attempt.members.keys()].sort(byText)) if (!needed.has(host)) release(attempt, host)
    const decision = record(known(attempt, plan), 'running', null, 'under way', null)
    hooks.report(decision)
    for (const host of [...needed].sort(byText))
      desk.send(host, {
        kind: 'assign',
        partition: attempt.partition,
        epoch: epochs[host]!,
        problem,
        plan,
        epochs,
        decision,
      })
    beginUnblocked(attempt)
  }

  const beginUnblocked = (attempt: Attempt): void => {
    const { migrationsOutMax, migrationsInMax } = desk.policy
    for (const action of executor.unblocked(attempt.execution!, migrationsOutMax, migrationsInMax)) {
      const performer = executor.performerOf(action)
      const member = attempt.members.get(performer)
      attempt.execution = executor.begin(attempt.execution!, action.id)
      if (member?.state !== 'granted') {
        settleAction(attempt, action.id, { kind: 'refused', code: 'partition.lost' })
        continue
      }
      if (performer !== desk.self) attempt.detectToPlanMs ??= desk.now() - attempt.need.since
      desk.send(performer, {
        kind: 'begin',
        partition: attempt.partition,
        epoch: member.epoch,
        action: action.id,
      })
    }
    concludeIfOver(attempt)
  }

  const settleAction = (attempt: Attempt, action: ActionId, result: ActionResult): void => {
    attempt.execution = executor.finish(attempt.execution!, action, result)
  }

  const concludeIfOver = (attempt: Attempt): void => {
    if (current !== attempt || attempt.execution === null || !executor.isOver(attempt.execution)) return
    const { plan } = attempt.execution
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

  const goOn = (attempt: Attempt): void => {
    const needed = executor.touched(attempt.execution!)
    for (const host of [...attempt.members.keys()].sort(byText)) if (!needed.has(host)) release(attempt, host)
    beginUnblocked(attempt)
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
            settleAction(attempt, action.id, { kind: 'unknown', code })
        return goOn(attempt)
      }
      default:
        return unreachable(attempt.phase)
    }
  }

  /** Keeps the leases alive, and says again what may have been lost: both are harmless to repeat. */
  const remind = (attempt: Attempt): void => {
    const { partition } = attempt
    for (const [host, member] of attempt.members)
      if (member.state === 'granted') desk.send(host, { kind: 'renew', partition, epoch: member.epoch })
    for (const action of attempt.execution === null ? [] : executor.running(attempt.execution)) {
      const performer = executor.performerOf(action)
      const member = attempt.members.get(performer)
      if (member?.state === 'granted')
        desk.send(performer, { kind: 'begin', partition, epoch: member.epoch, action: action.id })
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
          gainTooSmall(excessOf(problem, []), excessOf(problem, answer.moves), desk.policy)
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

    form(need, intent) {
      const partition = desk.nextPartition()
      const now = desk.now()
      const wish: Wish = {
        wanted: need.wanted,
        cpuBaseline: hooks.cpuBaseline(),
        clearPermille: desk.policy.clearPermille,
        intent,
      }
      const attempt: Attempt = {
        partition,
        rank: { severity: need.severity, ageMs: Math.max(0, now - need.since), partition },
        need,
        intent,
        wish,
        formedAt: now,
        members: new Map(),
        lost: new Map(),
        left: [],
        phase: 'reserving',
        deadline: now + limits.reserveMs,
        renewAt: now + Math.floor(limits.leaseMs / 3),
        target: 'clear',
        grown: false,
        round: 0,
        problem: null,
        frozen: null,
        solvingSince: now,
        reservedMs: null,
        solvedMs: null,
        detectToPlanMs: null,
        execution: null,
        promise: { result: 'cured', code: null, text: 'every need is met' },
      }
      current = attempt
      if (need.kind === 'migrate' && need.to !== null) {
        const target = hooks.candidates().find(({ summary }) => summary.host === need.to)
        const code = target === undefined ? 'node.unreachable' : unfit(target, wish)
        if (code === null) ask(attempt, [desk.self, need.to])
        else conclude(attempt, 'nothing', code, `the chosen host cannot take part: ${code}`, null)
        return partition
      }
      const chosen = need.kind === 'none' ? [] : others(attempt, 0)
      if (chosen.length === 0 && need.kind !== 'none')
        conclude(attempt, 'nothing', 'partition.exhausted', 'no known host can help', null)
      else ask(attempt, [desk.self, ...chosen])
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
      settleAction(attempt, message.action, message.result)
      goOn(attempt)
    },

    started(action) {
      if (current?.execution?.begun.has(action)) current.detectToPlanMs ??= desk.now() - current.need.since
    },

    dead(host) {
      if (current?.members.has(host)) lose(current, host, 'node.unreachable', 'stopped answering')
    },

    abandon(code, text) {
      if (current !== null && current.phase !== 'executing') conclude(current, 'failed', code, text, null)
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
        attempt.renewAt = desk.now() + Math.floor(limits.leaseMs / 3)
        if (attempt.intent === 'lease') remind(attempt)
      }
    },

    nextAt: () => (current === null ? null : Math.min(current.deadline, current.renewAt)),
  }
}
