/**
 * Branch and bound on a Lagrangian relaxation (lagrangian-relaxation.ts): one decision per level, first the group of each
 * rule that wants its VMs in one (rule-groups.ts), then the host of one VM, the one about which the hosts disagree most.
 * At every node a few rounds raise the bound; reduced-cost fixing strikes out hosts where no better answer can be;
 * propagation strikes out hosts that are full or that a rule forbids. It proves optimality where nearly everything is
 * full and exact/branch-and-bound.ts cannot, and gives that search smaller domains (model/domain-reduction.ts).
 *
 * For full cures only, and only when an answer is known that violates no soft rule: then soft rules count as hard.
 */

import { tabuSearch } from '../local/tabu-search.ts'
import type { CompiledConstraint } from '../model/constraints/compiled-constraint.ts'
import { compareCost, costOf, type FullCost, noCost } from '../model/cost.ts'
import type { Model } from '../model/model.ts'
import type { RandomStream } from '../problem/random.ts'
import { createLagrangianRelaxation, type LagrangianRelaxation } from './lagrangian-relaxation.ts'
import { createPropagation, type Propagation, propagate } from './propagation.ts'
import { createRuleGroups } from './rule-groups.ts'

export interface LagrangianSearch {
  /**
   * Looks for answers better than `at`, which costs `cost`, for so many steps of the hosts' knapsacks beyond the
   * root. What it learned at the root it remembers.
   */
  readonly search: (at: Int32Array, cost: FullCost, stepsMax: number) => LagrangianResult
  /** 1 = some better answer may have VM `v` on host `h`. [v × hosts + h] */
  readonly allowed: Uint8Array
}

export interface LagrangianResult {
  readonly at: Int32Array
  readonly cost: FullCost
  /** True: nothing is better. */
  readonly complete: boolean
  /** Lower bound of migrationMs. */
  readonly boundMs: number
}

const roundsOfRoot = 200
const roundsOfNode = 12
/** The root again, from the multipliers where it ended. */
const roundsOfReturn = 36
/** After an answer that costs less than this share of the one before, the root begins again. */
const muchBetter = 0.95
/** Of the best cost: a smaller gain of the bound is not worth another turn at the root. */
const worthwhile = 0.005
/** The primal heuristic makes an answer at the root and at every so many nodes. */
const nodesPerHeuristic = 8
/** How often the clock of the caller is asked. */
const nodesPerLook = 8
const iterationsOfHeuristic = 100

interface State {
  readonly model: Model
  readonly relaxation: LagrangianRelaxation
  readonly propagation: Propagation
  readonly random: RandomStream
  readonly expired: () => boolean
  /** By depth: what is allowed at the node, and its multipliers. */
  readonly levels: { readonly allowed: Uint8Array; readonly multipliers: Float64Array }[]
  readonly trial: Int32Array
  readonly scratch: Int32Array
  /** The best answer. */
  at: Int32Array
  cost: FullCost
  nodes: number
  stopped: boolean
  /** The work of the relaxation may come this far; beyond the root so many `steps`. */
  workMax: number
  steps: number
  /** The root was visited before, for an answer about as good: it goes on where it ended. */
  returning: boolean
  aimedAt: number
  rootBound: number
}

export const createLagrangianSearch = (
  model: Model,
  random: RandomStream,
  expired: () => boolean,
): LagrangianSearch => {
  const { hostCount, vmCount, domain, constraints } = model
  const relaxation = createLagrangianRelaxation(model, constraints, expired)
  const groups = createRuleGroups(model, relaxation)
  const s: State = {
    model,
    relaxation,
    propagation: createPropagation(model, relaxation.movers, groups),
    random,
    expired,
    levels: [],
    trial: Int32Array.from(model.home),
    scratch: new Int32Array(vmCount + 1),
    at: model.home,
    cost: { ...noCost, unmet: 0 },
    nodes: 0,
    stopped: false,
    workMax: 0,
    steps: 0,
    returning: false,
    aimedAt: Number.POSITIVE_INFINITY,
    rootBound: 0,
  }
  const { allowed } = level(s, 0)
  for (const v of relaxation.movers)
    for (let h = 0; h < hostCount; h++) allowed[v * hostCount + h] = domain[v]![h]!
  return {
    search: (at, cost, stepsMax) => {
      s.at = at
      s.cost = cost
      s.steps = stepsMax
      s.nodes = 0
      s.stopped = false
      // Polyak's steps towards a much worse answer were too long: then the multipliers begin anew.
      s.returning = cost.migrationMs >= s.aimedAt * muchBetter
      if (!s.returning) {
        initialMultipliers(s)
        s.aimedAt = cost.migrationMs
      }
      explore(s, 0)
      const found = s.cost.migrationMs
      const boundMs = s.stopped ? Math.max(0, Math.floor(s.rootBound / relaxation.unit)) : found
      return { at: s.at, cost: s.cost, complete: !s.stopped, boundMs: Math.min(boundMs, found) }
    },
    allowed,
  }
}

const level = ({ model, relaxation, levels }: State, depth: number) => {
  levels[depth] ??= {
    allowed: new Uint8Array(model.vmCount * model.hostCount),
    multipliers: new Float64Array(relaxation.multiplierCount),
  }
  return levels[depth]!
}

/** Every VM is worth its migration at first. */
const initialMultipliers = (s: State): void => {
  const { hostCount, moveMs } = s.model
  const { movers, multiplierOf, unit } = s.relaxation
  const { multipliers } = level(s, 0)
  for (const v of movers)
    for (let h = 0; h < hostCount; h++) {
      const m = multiplierOf[v * hostCount + h]!
      if (m >= 0) multipliers[m] = moveMs[v]! * unit
    }
}

/** A better answer costs at most this. */
const target = ({ cost, relaxation }: State): number =>
  cost.migrationMs * relaxation.unit + cost.hostsTouched - 1

const consider = (s: State, at: Int32Array): void => {
  const cost = costOf(s.model, at)
  if (compareCost(cost, s.cost) >= 0) return
  s.at = Int32Array.from(at)
  s.cost = cost
}

const explore = (s: State, depth: number): void => {
  const { relaxation, propagation } = s
  const { allowed, multipliers } = level(s, depth)
  s.nodes++
  // What a node costs besides the knapsacks: propagation, fixing, the sums of every round.
  const stepsOfNodes = s.nodes * 4 * s.model.hostCount * relaxation.movers.length
  if (depth > 0 && relaxation.work() + stepsOfNodes > s.workMax) s.stopped = true
  if (s.nodes % nodesPerLook === 0 && s.expired()) s.stopped = true
  if (s.stopped || !propagate(propagation, allowed)) return
  let bound = depth > 0 ? boundOfNode(s, depth) : boundOfRoot(s)
  while (bound <= target(s) && fixByReducedCosts(s, allowed)) {
    if (!propagate(propagation, allowed)) return
    bound = relaxation.ascend(allowed, multipliers, target(s), roundsOfNode)
  }
  if (bound > target(s)) return
  if (depth === 0) s.workMax = relaxation.work() + s.steps
  const constraint = propagation.groups.next(allowed, propagation.settled)
  if (constraint !== null) return branchOnGroups(s, depth, constraint)
  const v = selectVm(s, allowed)
  if (v >= 0 && bound <= target(s)) branchOnVm(s, depth, v)
}

const boundOfNode = (s: State, depth: number): number => {
  const { allowed, multipliers } = level(s, depth)
  const bound = s.relaxation.ascend(allowed, multipliers, target(s), roundsOfNode)
  if (bound <= target(s) && s.nodes % nodesPerHeuristic === 0) primalHeuristic(s)
  return bound
}

const boundOfRoot = (s: State): number => {
  const { allowed, multipliers } = level(s, 0)
  const ascend = (rounds: number): number => {
    const bound = s.relaxation.ascend(allowed, multipliers, target(s), rounds)
    s.rootBound = Math.max(s.rootBound, bound)
    if (bound <= target(s)) primalHeuristic(s)
    return bound
  }
  let bound = ascend(s.returning ? roundsOfReturn : roundsOfRoot)
  // Polyak's step depends on how good the best answer is: the root goes on as long as that helps.
  for (let before = -1; !s.returning && bound <= target(s) && bound - before > target(s) * worthwhile; ) {
    before = bound
    bound = ascend(roundsOfRoot)
  }
  return bound
}

/** Reduced-cost fixing: strikes out hosts by bound; true when some VM has but one left that had more. */
const fixByReducedCosts = (s: State, allowed: Uint8Array): boolean => {
  const { relaxation, propagation, model } = s
  const { hostCount } = model
  let decided = false
  for (const v of relaxation.movers) {
    if (propagation.settled[v]! >= 0) continue
    let count = 0
    for (let h = 0; h < hostCount; h++) {
      if (allowed[v * hostCount + h] === 0) continue
      if (relaxation.boundWith(v, h) > target(s)) allowed[v * hostCount + h] = 0
      else count++
    }
    if (count <= 1) decided = true
  }
  return decided
}

/** Where the hosts agree is nearly an answer: tabu search makes one of it. */
const primalHeuristic = (s: State): void => {
  const { model, relaxation, trial, random, expired } = s
  for (const v of relaxation.movers)
    trial[v] = relaxation.selectedCount[v] === 0 ? -1 : relaxation.selectedHost[v]!
  const placed = tabuSearch(model, { start: trial, iterationsMax: iterationsOfHeuristic, random, expired })
  if (placed !== null) consider(s, placed)
}

/** The VM to settle next: one that no host or several would take, of those the one with the smallest domain; −1 = none. */
const selectVm = (s: State, allowed: Uint8Array): number => {
  const { relaxation, propagation, model } = s
  const { hostCount, moveMs } = model
  let chosen = -1
  let fewest = Number.POSITIVE_INFINITY
  for (const v of relaxation.movers) {
    if (propagation.settled[v]! >= 0 || relaxation.selectedCount[v] === 1) continue
    let count = 0
    for (let h = 0; h < hostCount; h++) count += allowed[v * hostCount + h]!
    if (count < fewest || (count === fewest && moveMs[v]! > moveMs[chosen]!)) {
      fewest = count
      chosen = v
    }
  }
  return chosen >= 0 ? chosen : selectWhenHostsAgree(s)
}

/** The hosts agree: an answer, unless a rule over several hosts is violated. */
const selectWhenHostsAgree = (s: State): number => {
  const { model, relaxation, trial, scratch } = s
  const { settled } = s.propagation
  for (const v of relaxation.movers) trial[v] = relaxation.selectedHost[v]!
  for (const constraint of model.constraints) {
    const n = constraint.conflict(trial, scratch, 0)
    for (let i = 0; i < n; i++) if (settled[scratch[i]!]! < 0) return scratch[i]!
    if (n > 0) return -1
  }
  consider(s, trial)
  for (const v of relaxation.movers) if (settled[v]! < 0) return v
  return -1
}

const branchOnGroups = (s: State, depth: number, constraint: CompiledConstraint): void => {
  const { groups, settled } = s.propagation
  const { allowed, multipliers } = level(s, depth)
  const child = level(s, depth + 1)
  for (const g of groups.groupsOf(constraint, allowed, settled)) {
    if (s.stopped) return
    child.allowed.set(allowed)
    child.multipliers.set(multipliers)
    groups.confine(constraint, g, child.allowed)
    explore(s, depth + 1)
  }
}

/** Each of its hosts in turn, that of the lowest bound first. */
const branchOnVm = (s: State, depth: number, v: number): void => {
  const { hostCount } = s.model
  const { allowed, multipliers } = level(s, depth)
  const child = level(s, depth + 1)
  const hosts: number[] = []
  const bounds: number[] = []
  for (let h = 0; h < hostCount; h++) {
    if (allowed[v * hostCount + h] === 0) continue
    const least = s.relaxation.boundWith(v, h)
    let k = hosts.length
    for (; k > 0 && bounds[k - 1]! > least; k--) {
      hosts[k] = hosts[k - 1]!
      bounds[k] = bounds[k - 1]!
    }
    hosts[k] = h
    bounds[k] = least
  }
  for (let k = 0; k < hosts.length && !s.stopped; k++) {
    if (bounds[k]! > target(s)) break
    child.allowed.set(allowed)
    child.multipliers.set(multipliers)
    child.allowed.fill(0, v * hostCount, (v + 1) * hostCount)
    child.allowed[v * hostCount + hosts[k]!] = 1
    explore(s, depth + 1)
  }
}
