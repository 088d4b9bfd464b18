/**
 * `solve`: the fewest, cheapest moves after which no host is overloaded and every rule holds; or the best
 * partial cure; or why there is none. Deterministic: the same problem, options and node budget give the same
 * answer, whatever the order of the input. The clock, if any, is the caller's `expired`.
 */

import { touchedHostsBound } from './bounds/touched-hosts-bound.ts'
import { type Effort, searchOfCures } from './cure/cure-effort.ts'
import { findCure } from './cure/find-cure.ts'
import { branchAndBound } from './exact/branch-and-bound.ts'
import { deepen } from './exact/iterative-deepening.ts'
import { createSearchSpace } from './exact/search-state.ts'
import { contradiction } from './infeasibility/contradiction.ts'
import { diagnose } from './infeasibility/diagnosis.ts'
import { localise } from './infeasibility/localise.ts'
import { violatedCondition } from './infeasibility/necessary-conditions.ts'
import { solveLarge } from './large/data-centre.ts'
import { greedyBound } from './large/greedy.ts'
import { forecastMoves } from './local/forecast-moves.ts'
import { largeNeighbourhoodSearch } from './local/large-neighbourhoods.ts'
import { compareCost, costOf, type FullCost, noCost, publicCost } from './model/cost.ts'
import { compile, type Model, type Objective } from './model/model.ts'
import type { Answer, Binding, Cost, Move } from './problem/answer.ts'
import { randomStream } from './problem/random.ts'
import type { PlacementProblem } from './rules/placement-problem.ts'

export interface PlacementOptions {
  /** What is minimised after overload and soft rules: estimated time (default), or first the number of moves. */
  readonly objective?: Objective
  /** Only a full cure is wanted: no partial one, and no reason why there is none. */
  readonly cureOnly?: boolean
  /** Decides among equally good directions of the local search. */
  readonly seed?: number
  /** Search nodes per stage; deterministic, unlike a clock. */
  readonly nodesMax?: number
  /** True when the time is up; asked every few hundred nodes. */
  readonly expired?: () => boolean
}

/** Larger problems are solved greedily and repaired locally. */
const hostsOfSearch = 64
/** Ten to thirty seconds on one core where nearly everything is full; callers in a hurry have `expired`. */
const nodesMaxDefault = 200_000
/** Before anything is asked about the problem: enough for most partitions. */
const nodesOfLook = 500
/** Branch and bound of a partial cure, before it is improved. */
const nodesOfGlance = 3000
/** One neighbourhood. */
const nodesOfTry = 150

export const solvePlacement = (problem: PlacementProblem, options: PlacementOptions = {}): Answer => {
  const model = compile(problem, options.objective)
  const now = costOf(model, model.home)
  const nothingWrong = now.unmet === 0 && now.overloadedHosts === 0 && now.softPenalty === 0
  const stops = stopMoves(model)
  const recommended = problem.forecast === undefined ? null : forecastMoves(model, problem.forecast)
  if (recommended !== null)
    return {
      kind: 'plan',
      moves: [...stops, ...movesOf(model, recommended.at)],
      cost: shown(model, recommended.cost),
      bound: noCost,
      optimal: false,
    }
  if (nothingWrong && stops.length === 0 && !model.starts.includes(1))
    return { kind: 'satisfied', cost: noCost, bound: noCost, optimal: true }

  const effort: Effort = {
    space: createSearchSpace(model),
    nodesMax: options.nodesMax ?? nodesMaxDefault,
    expired: options.expired ?? (() => false),
    random: randomStream(options.seed ?? 1),
  }
  if (model.hostCount > hostsOfSearch) return answerLarge(effort, now, stops, options.cureOnly === true)
  const search = searchOfCures(effort.space)
  const look = deepen(search, { nodesMax: Math.min(effort.nodesMax, nodesOfLook), expired: effort.expired })
  const violated = look.at === null ? (violatedCondition(model) ?? contradiction(model, false)) : null
  if (violated !== null && options.cureOnly === true) return { kind: 'infeasible', why: violated }
  if (violated !== null) return relieve(effort, now, stops, violated)
  const cure = findCure(effort, search, look)
  if (cure.kind === 'none') {
    if (options.cureOnly === true) return { kind: 'infeasible', why: cure.proven ? impossible : undecided }
    const why = cure.proven ? diagnose(problem) : undecided
    return relieve(effort, now, stops, why)
  }
  const moves = [...stops, ...movesOf(model, cure.at)]
  const cost = shown(model, cure.cost)
  const bound = cure.optimal ? cost : shownBound(model, cure.boundMs, cure.cost)
  const proven = { cost, bound, optimal: cure.optimal }
  return moves.length === 0 ? { kind: 'satisfied', ...proven } : { kind: 'plan', moves, ...proven }
}

/** For callers that need no reason, only the proof. */
const impossible: Binding = {
  code: 'placement.impossible',
  text: 'no placement keeps every limit and every rule',
}

export const undecided: Binding = {
  code: 'partition.timeout',
  text: 'no viable placement found in the time given; none is proven impossible',
}

/** The estimated time is the rest when moves are counted first. */
export const shown = ({ weights }: Model, cost: FullCost): Cost => ({
  ...publicCost(cost),
  migrationMs: (cost.migrationMs % weights.unit) * weights.grainMs,
})

/** A bound on time alone means something only if no move more than the bound's is made. */
const shownBound = (model: Model, ms: number, cost: FullCost): Cost => {
  const { unit, grainMs } = model.weights
  const bounded = Math.min(ms, cost.migrationMs)
  const sameMoves = Math.floor(bounded / unit) === Math.floor(cost.migrationMs / unit)
  const hostsTouched = Math.min(touchedHostsBound(model), cost.hostsTouched)
  return { ...noCost, migrationMs: sameMoves ? (bounded % unit) * grainMs : 0, hostsTouched }
}

const answerLarge = (effort: Effort, now: FullCost, stops: readonly Move[], cureOnly: boolean): Answer => {
  const { space, nodesMax, random, expired } = effort
  const { model } = space
  const { at, cost, boundMs } = solveLarge(space, { idle: idleAssignment(model), nodesMax, random, expired })
  const moves = [...stops, ...movesOf(model, at)]
  const bound = shownBound(model, boundMs, cost)
  if (cost.unmet === 0 && cost.overloadedHosts === 0) {
    const optimal =
      cost.softPenalty === 0 && boundMs >= cost.migrationMs && bound.hostsTouched >= cost.hostsTouched
    const proven = { cost: shown(model, cost), bound, optimal }
    return moves.length === 0 ? { kind: 'satisfied', ...proven } : { kind: 'plan', moves, ...proven }
  }
  const { why } = cureOnly ? { why: undecided } : localise(model, at)
  const idle = initialCost(model, now)
  if (compareCost(cost, idle) >= 0) return { kind: 'infeasible', why }
  return { kind: 'relief', why, moves, cost: shown(model, cost), bound: noCost, optimal: false }
}

const relieve = (effort: Effort, now: FullCost, stops: readonly Move[], why: Binding): Answer => {
  const { space, nodesMax, expired, random } = effort
  const { model } = space
  const idle = initialCost(model, now)
  const glance = branchAndBound(space, {
    relief: true,
    open: null,
    start: model.home,
    best: idle,
    nodesMax: nodesOfGlance,
    expired,
  })
  let { at, cost, complete } = glance
  if (!complete) {
    const from = at ?? idleAssignment(model)
    const better = largeNeighbourhoodSearch(space, from, cost, {
      relief: true,
      nodesMax: Math.ceil(nodesMax / 2),
      nodesPerTry: nodesOfTry,
      patience: 10 * model.hostCount,
      random,
      expired,
      reached: () => false,
    })
    at = better.at
    cost = better.cost
    const proof = branchAndBound(space, {
      relief: true,
      open: null,
      start: model.home,
      best: cost,
      nodesMax: Math.ceil(nodesMax / 4),
      expired,
    })
    if (proof.at !== null) at = proof.at
    cost = proof.cost
    complete = proof.complete
  }
  if (at === null || compareCost(cost, idle) >= 0) return { kind: 'infeasible', why }
  const reached = shown(model, cost)
  const bound: Cost = complete ? reached : noCost
  return {
    kind: 'relief',
    why,
    moves: [...stops, ...movesOf(model, at)],
    cost: reached,
    bound,
    optimal: complete,
  }
}

/** A lower bound of the number of migrations of any full cure: the fewest departures that relieve every host. */
export const movesBound = (problem: PlacementProblem): number => {
  const model = compile(problem, 'moves')
  return Math.floor(greedyBound(createSearchSpace(model)) / model.weights.unit)
}

/** What it costs to leave everything as it is. */
export const currentCost = (problem: PlacementProblem): Cost => {
  const model = compile(problem)
  return publicCost(costOf(model, idleAssignment(model)))
}

/** Doing nothing: what is not running stays so. */
const idleAssignment = (model: Model): Int32Array => {
  const at = Int32Array.from(model.home)
  for (let v = 0; v < model.vmCount; v++) if (model.starts[v] === 1) at[v] = -1
  return at
}

const initialCost = (model: Model, now: FullCost): FullCost =>
  model.starts.includes(1) ? costOf(model, idleAssignment(model)) : now

/** VMs that run now and shall not: they need no decision. Nothing can be done to those on a host that is off. */
const stopMoves = (model: Model): Move[] =>
  model.vms
    .filter((vm, v) => {
      const host = model.hosts[model.home[v]!]
      return (
        vm.state === 'running' && vm.wanted !== 'running' && host !== undefined && host.state !== 'offline'
      )
    })
    .map((vm) => ({ vm: vm.id, from: vm.host, to: null }))

const movesOf = (model: Model, at: Int32Array): Move[] => {
  const moves: Move[] = []
  for (let v = 0; v < model.vmCount; v++) {
    if (model.active[v] === 0 || at[v]! < 0 || (at[v] === model.home[v] && model.starts[v] === 0)) continue
    moves.push({ vm: model.vms[v]!.id, from: model.vms[v]!.host, to: model.hosts[at[v]!]!.id })
  }
  return moves
}
