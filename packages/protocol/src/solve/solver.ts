/**
 * `solve`: the fewest, cheapest moves after which no host is overloaded and every rule holds; or the best
 * partial cure; or why there is none. Deterministic: the same problem, options and node budget give the same
 * answer, whatever the order of the input. The clock, if any, is the caller's `expired`.
 */
import type { Answer, Binding, Cost, Move } from './answer.ts'
import { blame } from './blame.ts'
import { compareCost, costOf, type FullCost, noCost, publicCost } from './cost.ts'
import { branchAndBound } from './exact.ts'
import { obviousObstacle } from './explain.ts'
import { compile, type Model } from './model.ts'
import type { Problem } from './problem.ts'

export interface SolveOptions {
  /** Decides among equally good directions of the local search. */
  readonly seed?: number
  /** Search nodes per stage; deterministic, unlike a clock. */
  readonly nodesMax?: number
  /** True when the time is up; asked every few hundred nodes. */
  readonly expired?: () => boolean
}

/** About 200 ms on one core. */
const nodesMaxDefault = 200_000

const unlimited: FullCost = {
  ...noCost,
  unmet: 0,
  softPenalty: Number.POSITIVE_INFINITY,
}

export const solve = (problem: Problem, options: SolveOptions = {}): Answer => {
  const model = compile(problem)
  const nodesMax = options.nodesMax ?? nodesMaxDefault
  const expired = options.expired ?? (() => false)
  const now = costOf(model, model.home)
  const calm = now.unmet === 0 && now.overloadedHosts === 0 && now.softPenalty === 0
  const stops = stopMoves(model)
  if (calm && stops.length === 0 && !model.starts.includes(1)) return { kind: 'satisfied' }

  const obstacle = obviousObstacle(model)
  let why: Binding | null = obstacle
  if (obstacle === null) {
    const cure = branchAndBound(model, {
      relief: false,
      open: null,
      start: model.home,
      best: unlimited,
      nodesMax,
      expired,
    })
    if (cure.at !== null) {
      const moves = [...stops, ...movesOf(model, cure.at)]
      if (moves.length === 0) return { kind: 'satisfied' }
      const cost = publicCost(cure.cost)
      const bound = cure.complete ? cost : { ...noCost, migrationMs: Math.min(cure.rootMs, cost.migrationMs) }
      return { kind: 'plan', moves, cost, bound, optimal: cure.complete }
    }
    why = cure.complete
      ? blame(problem, model, nodesMax)
      : { code: 'partition.timeout', text: `no viable placement found within ${cure.nodes} search nodes` }
  }
  return relieve(model, now, stops, why!, nodesMax, expired)
}

const relieve = (
  model: Model,
  now: FullCost,
  stops: readonly Move[],
  why: Binding,
  nodesMax: number,
  expired: () => boolean,
): Answer => {
  const idle = initialCost(model, now)
  const relief = branchAndBound(model, {
    relief: true,
    open: null,
    start: model.home,
    best: idle,
    nodesMax,
    expired,
  })
  if (relief.at === null || compareCost(relief.cost, idle) >= 0) return { kind: 'infeasible', why }
  const cost = publicCost(relief.cost)
  const bound: Cost = relief.complete ? cost : noCost
  return {
    kind: 'relief',
    why,
    moves: [...stops, ...movesOf(model, relief.at)],
    cost,
    bound,
    optimal: relief.complete,
  }
}

/** The cost of doing nothing: what is not running stays so. */
const initialCost = (model: Model, now: FullCost): FullCost => {
  if (!model.starts.includes(1)) return now
  const at = Int32Array.from(model.home)
  for (let v = 0; v < model.vmCount; v++) if (model.starts[v] === 1) at[v] = -1
  return costOf(model, at)
}

/** VMs that run now and shall not: they need no decision. */
const stopMoves = (model: Model): Move[] =>
  model.vms
    .filter((vm) => vm.state === 'running' && vm.wanted !== 'running' && vm.host !== null)
    .map((vm) => ({ vm: vm.id, from: vm.host, to: null }))

const movesOf = (model: Model, at: Int32Array): Move[] => {
  const moves: Move[] = []
  for (let v = 0; v < model.vmCount; v++) {
    if (model.active[v] === 0 || at[v]! < 0 || (at[v] === model.home[v] && model.starts[v] === 0)) continue
    moves.push({ vm: model.vms[v]!.id, from: model.vms[v]!.host, to: model.hosts[at[v]!]!.id })
  }
  return moves
}
