/**
 * From moves to a DAG of actions that is viable in *every* order it allows. A virtual execution starts whatever
 * fits, counting a VM on both ends while it travels; each arrival then waits for exactly those departures that
 * made its room. (Why that is sound under any timing: take any set of started arrivals at a host, and the one
 * that started last in the virtual execution; all of them were counted when it started, and the departures it
 * waits for alone made them fit.)
 *
 * When nothing can start, the moves wait for each other in a circle: one VM steps aside to a *pivot* host, or is
 * suspended where that is permitted, whichever is cheaper (bypass.ts). If that fails, a search looks for any order, and
 * may prove that there is none (order-search.ts).
 */
import { assert } from '../assert.ts'
import { compile, type Model } from '../model/model.ts'
import type { Binding, Move } from '../problem/answer.ts'
import { byText, type VmId } from '../problem/ids.ts'
import type { Plan } from '../problem/plan.ts'
import { listed } from '../rules/listed.ts'
import type { PlacementProblem } from '../rules/placement-problem.ts'
import { bindsPlan, ruleName } from '../rules/rule.ts'
import { applyBypass, bestBypass } from './bypass.ts'
import { circularOrder } from './capacity-pools.ts'
import { createContinuousRules } from './continuous-rules.ts'
import { blockedMoves, deadlock } from './deadlock.ts'
import type { Relocation } from './frontier.ts'
import { type OrderSearchResult, provenNoOrder, searchOrder } from './order-search.ts'
import { createOrderState, startOf } from './order-state.ts'
import { createSchedule, type Schedule } from './schedule.ts'
import { actionsOf, relocationStep, type Step, stepFor } from './step.ts'

export interface OrderOptions {
  /** Names the plan: its actions are `<planId>/<index>`. Default `plan`. */
  readonly planId?: string
  /** Circles may be broken by suspending a VM to storage and resuming it elsewhere: it pauses meanwhile. */
  readonly suspend?: boolean
  /** Effort of the search for an order, in looks at whether a VM may go to a host; about 20 per µs. */
  readonly looksMax?: number
}

export type Planned = { readonly kind: 'plan'; readonly plan: Plan } | NoOrder

export interface NoOrder {
  readonly kind: 'no_order'
  readonly why: Binding
  /** The VMs that wait for each other, and where they were to go. */
  readonly blocked: readonly Move[]
  /** As many of the moves as can be carried out before the others are stuck. */
  readonly possible: readonly Move[]
  /** True: there is no order. False: none was found with the effort spent. */
  readonly proven: boolean
}

const looksMaxDefault = 300_000

/** The problem of planning: without the rules that need hold only at the end, since the end is given. */
export const planningProblem = (problem: PlacementProblem): PlacementProblem => ({
  ...problem,
  rules: problem.rules.filter(bindsPlan),
})

export const planOrder = (
  problem: PlacementProblem,
  moves: readonly Move[],
  options: OrderOptions = {},
): Planned => {
  const model = compile(planningProblem(problem), 'time', true)
  const asked = stepsOf(model, moves)
  if (asked.kind === 'no_order') return asked
  const steps = asked.steps
  const pending = steps.map((_, i) => i)
  const circle = circularOrder(model, new Set(moves.map((move) => move.vm)))
  if (circle.length > 0)
    return {
      kind: 'no_order',
      why: {
        code: 'rule.order',
        text: `no order: ${listed(circle.map(ruleName), 'and')} put these moves in a circle; drop one of them`,
      },
      blocked: blockedMoves(model, steps, pending),
      possible: [],
      proven: true,
    }
  const targets = startOf(model)
  for (const step of steps) targets[step.vm] = step.to
  const schedule = createSchedule(model, steps, targets)
  prioritise(model, steps, pending)
  const finished: Relocation[] = []
  let bypasses = 0
  let stuck: Stuck | null = null
  while (pending.length > 0 || schedule.timeline.inFlight() > 0) {
    let started = false
    for (let i = 0; i < pending.length; ) {
      if (schedule.blockerOf(pending[i]!) === null) {
        schedule.start(pending[i]!)
        pending.splice(i, 1)
        started = true
      } else i++
    }
    if (schedule.timeline.inFlight() > 0) {
      const ended = schedule.timeline.next()
      schedule.finish(ended)
      if (stuck === null)
        for (const i of ended) finished.push({ vm: steps[i]!.vm, from: steps[i]!.from, to: steps[i]!.to })
    } else if (!started) {
      stuck ??= {
        why: deadlock(model, steps, pending, schedule),
        blocked: blockedMoves(model, steps, pending),
        before: finished,
        done: finished.map(({ vm }) => model.vms[vm]!.id),
      }
      // A VM steps aside at most twice on average: enough for every circle, and an end for hopeless cases.
      const bypass =
        bypasses++ > 2 * moves.length
          ? null
          : bestBypass(model, steps, pending, schedule, options.suspend === true)
      if (bypass === null) return bySearch(model, targets, stuck, problem, moves, options)
      applyBypass(steps, pending, bypass)
    }
  }
  return planned(model, steps, options, schedule)
}

const planned = (
  model: Model,
  steps: readonly Step[],
  options: OrderOptions,
  schedule: Schedule,
): Planned => ({
  kind: 'plan',
  plan: { actions: actionsOf(model, steps, options.planId ?? 'plan'), makespanMs: schedule.timeline.nowMs() },
})

interface Stuck {
  readonly why: Binding
  readonly blocked: readonly Move[]
  /** What was done before. */
  readonly before: readonly Relocation[]
  readonly done: readonly VmId[]
}

const stepsOf = (
  model: Model,
  moves: readonly Move[],
): NoOrder | { readonly kind: 'steps'; readonly steps: Step[] } => {
  const refuse = (code: string, text: string): NoOrder => ({
    kind: 'no_order',
    why: { code, text },
    blocked: [],
    possible: [],
    proven: true,
  })
  const steps: Step[] = []
  const vmIndex = new Map(model.vms.map((vm, v) => [vm.id, v]))
  const hostIndex = new Map(model.hosts.map((host, h) => [host.id, h]))
  for (const move of [...moves].sort((a, b) => byText(a.vm, b.vm))) {
    const v = vmIndex.get(move.vm)
    const to = move.to === null ? -1 : hostIndex.get(move.to)
    if (v === undefined || to === undefined)
      return refuse('plan.malformed', `${move.vm} → ${move.to}: not in the problem`)
    const step = stepFor(model, v, to)
    if (step === null)
      return refuse(
        'plan.unsupported',
        `${move.vm}: no action turns ${model.vms[v]!.state} into what is wanted`,
      )
    steps.push(step)
  }
  return { kind: 'steps', steps }
}

/**
 * Searches for any order: first from the deadlock on, then from the beginning. The order found is replayed in the virtual
 * execution, so that each step gets its predecessors.
 */
const bySearch = (
  model: Model,
  targets: Int32Array,
  stuck: Stuck,
  problem: PlacementProblem,
  moves: readonly Move[],
  options: OrderOptions,
): Planned => {
  const start = startOf(model)
  const state = createOrderState(model, start, createContinuousRules(model, start, targets))
  const suspend = options.suspend === true
  if (provenNoOrder(model, state, targets, suspend))
    return withoutWayOut(problem, moves, options, stuck, true)
  const looksMax = options.looksMax ?? looksMaxDefault
  const search = (share: number): OrderSearchResult =>
    searchOrder(model, state, targets, { suspend, looksMax: Math.ceil(looksMax / share) })
  for (const { vm, to } of stuck.before) state.move(vm, to)
  let before = stuck.before
  let found = search(before.length > 0 ? 3 : 1)
  if (found.kind === 'none' && before.length > 0) {
    while (state.depth() > 0) state.undo()
    before = []
    found = search(1)
  }
  if (found.kind === 'none') return withoutWayOut(problem, moves, options, stuck, found.proven)
  const steps: Step[] = []
  const last = new Map<number, number>()
  for (const { vm, from, to } of [...before, ...found.relocations]) {
    const previous = last.get(vm) ?? -1
    last.set(vm, steps.length)
    steps.push(relocationStep(model, vm, from, to, previous))
  }
  const schedule = createSchedule(model, steps, targets)
  for (let next = 0; next < steps.length; ) {
    if (schedule.blockerOf(next) === null) schedule.start(next++)
    else if (schedule.timeline.inFlight() > 0) schedule.finish(schedule.timeline.next())
    else assert(false, () => `step ${next} of the way that was found can be taken`)
  }
  while (schedule.timeline.inFlight() > 0) schedule.finish(schedule.timeline.next())
  return planned(model, steps, options, schedule)
}

/**
 * Steps on the busiest links first, long before short: list scheduling for the makespan. A guest that rewrites memory as fast
 * as its link carries it may never arrive: it comes last, and keeps no other waiting.
 */
const prioritise = (model: Model, steps: readonly Step[], pending: number[]): void => {
  const out = new Float64Array(model.hostCount)
  const into = new Float64Array(model.hostCount)
  for (const i of pending) {
    if (steps[i]!.from >= 0) out[steps[i]!.from]! += steps[i]!.soloMs
    if (steps[i]!.to >= 0) into[steps[i]!.to]! += steps[i]!.soloMs
  }
  const busy = (i: number) =>
    Math.max(steps[i]!.from < 0 ? 0 : out[steps[i]!.from]!, steps[i]!.to < 0 ? 0 : into[steps[i]!.to]!)
  const endless = (i: number) => {
    const { kind, vm } = steps[i]!
    return kind === 'migrate' && model.vms[vm]!.dirtyMiBps >= model.problem.bandwidthMiBps ? 1 : 0
  }
  pending.sort(
    (a, b) => endless(a) - endless(b) || busy(b) - busy(a) || steps[b]!.soloMs - steps[a]!.soloMs || a - b,
  )
}

/** With more moves it takes too long to plan again only to tell whether suspending would help. */
const movesOfAdvice = 64
const looksOfAdvice = 20_000

/** Why a bypass does not help either, and whether suspending would. */
const withoutWayOut = (
  problem: PlacementProblem,
  moves: readonly Move[],
  options: OrderOptions,
  stuck: Stuck,
  proven: boolean,
): Planned => {
  const noPivot = proven
    ? 'no host can take one of the VMs meanwhile'
    : 'no way round was found in the time given'
  const end =
    options.suspend === true
      ? `${noPivot}, and suspending does not help either`
      : moves.length > movesOfAdvice
        ? noPivot
        : planOrder(problem, moves, { looksMax: looksOfAdvice, suspend: true }).kind === 'plan'
          ? `${noPivot}; there is an order if a VM may be suspended`
          : `${noPivot}; suspending one would not help either`
  const carriedOut = new Set(stuck.done)
  return {
    kind: 'no_order',
    why: { ...stuck.why, text: `${stuck.why.text}; ${end}` },
    blocked: stuck.blocked,
    possible: moves.filter((move) => carriedOut.has(move.vm)),
    proven,
  }
}
