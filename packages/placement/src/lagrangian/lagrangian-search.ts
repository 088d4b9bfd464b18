/**
 * Branch and bound on a Lagrangian relaxation (lagrangian-relaxation.ts): decides one thing per level, first the groups of rules that
 * want their VMs in one (rule-groups.ts), then one VM, that about which the hosts disagree most. At every node the
 * bound is raised by a few rounds, hosts whose bound says that no better answer lies there are struck out (reduced-cost
 * fixing), and so are those that the settled VMs have filled or that a rule forbids. Proves what
 * exact/branch-and-bound.ts cannot where nearly everything is full, and tells it where it need not look
 * (model/domain-reduction.ts).
 *
 * For full cures only, and only when an answer is known that breaks no soft rule: then those are hard, too.
 */

import { tabuSearch } from '../local/tabu-search.ts'
import type { CompiledConstraint } from '../model/constraints/compiled-constraint.ts'
import { compareCost, costOf, type FullCost, noCost } from '../model/cost.ts'
import type { Model } from '../model/model.ts'
import type { RandomStream } from '../problem/random.ts'
import { createLagrangianRelaxation } from './lagrangian-relaxation.ts'
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
/** Of the gap's upper end: less is not worth another turn at the root. */
const worthwhile = 0.005
/** The primal heuristic makes an answer at the root and at every so many nodes. */
const nodesPerHeuristic = 8
/** How often the clock of the caller is asked. */
const nodesPerLook = 8
const iterationsOfHeuristic = 100

export const createLagrangianSearch = (
  model: Model,
  random: RandomStream,
  expired: () => boolean,
): LagrangianSearch => {
  const { hostCount, vmCount, dims, demand, limit, domain, home, moveMs, constraints } = model
  const relaxation = createLagrangianRelaxation(model, constraints, expired)
  const { movers, unit, selectedCount, selectedHost } = relaxation
  let at = model.home
  let cost: FullCost = { ...noCost, unmet: 0 }
  /** The work of the relaxation may come this far. */
  let workMax = 0
  let steps = 0
  /** Propagation, striking out and the books of every round, beside the knapsacks. */
  const stepsOfNode = 4 * hostCount * movers.length
  let returning = false
  let aimedAt = Number.POSITIVE_INFINITY
  let nodes = 0
  let stopped = false
  let rootBound = 0
  const trial = Int32Array.from(model.home)
  const settled = new Int32Array(vmCount).fill(-1)
  for (let v = 0; v < vmCount; v++) if (model.active[v] === 1 && model.fixed[v] === 1) settled[v] = home[v]!
  const scratch = new Int32Array(vmCount + 1)
  const groups = createRuleGroups(model, relaxation)
  const room = new Float64Array(hostCount * dims)
  /** A better answer costs at most this. */
  const target = (): number => cost.migrationMs * unit + cost.hostsTouched - 1
  const levels: { readonly allowed: Uint8Array; readonly multipliers: Float64Array }[] = []
  const level = (depth: number) => {
    levels[depth] ??= {
      allowed: new Uint8Array(vmCount * hostCount),
      multipliers: new Float64Array(relaxation.multiplierCount),
    }
    return levels[depth]!
  }

  /** Strikes out what is full or forbidden, until nothing changes; false when some VM has no host left. */
  const propagate = (allowed: Uint8Array): boolean => {
    for (let changed = true; changed; ) {
      changed = false
      room.set(limit)
      for (let v = 0; v < vmCount; v++)
        if (model.active[v] === 1 && model.fixed[v] === 1) takeRoom(v, home[v]!)
      for (const v of movers) {
        settled[v] = -1
        let count = 0
        let last = -1
        for (let h = 0; h < hostCount; h++)
          if (allowed[v * hostCount + h] === 1) {
            count++
            last = h
          }
        if (count === 0) return false
        if (count > 1) continue
        settled[v] = last
        takeRoom(v, last)
      }
      for (let i = 0; i < room.length; i++) if (room[i]! < 0) return false
      const filtered = groups.filter(allowed, settled)
      if (filtered === 'impossible') return false
      if (filtered === 'some') {
        changed = true
        continue
      }
      for (const v of movers) {
        const alone = settled[v]! >= 0
        const of = model.constraintsOn[v]!
        if (alone && of.length === 0) continue
        for (let h = 0; h < hostCount; h++) {
          if (allowed[v * hostCount + h] === 0) continue
          let out = false
          for (let d = 0; d < dims && !alone; d++) if (demand[v * dims + d]! > room[h * dims + d]!) out = true
          for (let i = 0; i < of.length && !out; i++) if (of[i]!.clashes(settled, v, h)) out = true
          if (!out) continue
          if (alone) return false
          allowed[v * hostCount + h] = 0
          changed = true
        }
      }
    }
    return true
  }
  const takeRoom = (v: number, h: number): void => {
    for (let d = 0; d < dims; d++) room[h * dims + d]! -= demand[v * dims + d]!
  }

  /** Strikes out hosts by bound; true when some VM has but one left that had more. */
  const fixByReducedCosts = (allowed: Uint8Array): boolean => {
    let decided = false
    for (const v of movers) {
      if (settled[v]! >= 0) continue
      let count = 0
      for (let h = 0; h < hostCount; h++) {
        if (allowed[v * hostCount + h] === 0) continue
        if (relaxation.boundWith(v, h) > target()) allowed[v * hostCount + h] = 0
        else count++
      }
      if (count <= 1) decided = true
    }
    return decided
  }

  /** The VM to settle next: one that nobody or several would take, of those the one with least choice. */
  const selectVm = (allowed: Uint8Array): number => {
    let chosen = -1
    let fewest = Number.POSITIVE_INFINITY
    for (const v of movers) {
      if (settled[v]! >= 0 || selectedCount[v] === 1) continue
      let count = 0
      for (let h = 0; h < hostCount; h++) count += allowed[v * hostCount + h]!
      if (count < fewest || (count === fewest && moveMs[v]! > moveMs[chosen]!)) {
        fewest = count
        chosen = v
      }
    }
    if (chosen >= 0) return chosen
    // The hosts agree: an answer, unless a rule over several hosts is broken.
    for (const v of movers) trial[v] = selectedHost[v]!
    for (const constraint of constraints) {
      const n = constraint.conflict(trial, scratch, 0)
      for (let i = 0; i < n; i++) if (settled[scratch[i]!]! < 0) return scratch[i]!
      if (n > 0) return -1
    }
    const found = costOf(model, trial)
    if (compareCost(found, cost) < 0) {
      at = Int32Array.from(trial)
      cost = found
    }
    for (const v of movers) if (settled[v]! < 0) return v
    return -1
  }

  /** Where the hosts agree is nearly an answer: tabu search makes one of it. */
  const primalHeuristic = (): void => {
    for (const v of movers) trial[v] = selectedCount[v] === 0 ? -1 : selectedHost[v]!
    const placed = tabuSearch(model, {
      start: trial,
      iterationsMax: iterationsOfHeuristic,
      random,
      expired,
    })
    if (placed === null) return
    const found = costOf(model, placed)
    if (compareCost(found, cost) >= 0) return
    at = placed
    cost = found
  }

  const branchOnGroups = (depth: number, constraint: CompiledConstraint): void => {
    const { allowed, multipliers } = level(depth)
    const child = level(depth + 1)
    for (const g of groups.groupsOf(constraint, allowed, settled)) {
      if (stopped) return
      child.allowed.set(allowed)
      child.multipliers.set(multipliers)
      groups.confine(constraint, g, child.allowed)
      explore(depth + 1)
    }
  }

  const explore = (depth: number): void => {
    const { allowed, multipliers } = level(depth)
    nodes++
    if (depth > 0 && relaxation.work() + nodes * stepsOfNode > workMax) stopped = true
    if (nodes % nodesPerLook === 0 && expired()) stopped = true
    if (stopped || !propagate(allowed)) return
    let bound = relaxation.ascend(
      allowed,
      multipliers,
      target(),
      depth > 0 ? roundsOfNode : returning ? roundsOfReturn : roundsOfRoot,
    )
    if (depth === 0) rootBound = Math.max(rootBound, bound)
    if (bound <= target() && (depth === 0 || nodes % nodesPerHeuristic === 0)) primalHeuristic()
    // Polyak's step depends on how good the best answer is: the root goes on as long as that helps.
    for (
      let before = -1;
      depth === 0 && !returning && bound <= target() && bound - before > target() * worthwhile;
    ) {
      before = bound
      bound = relaxation.ascend(allowed, multipliers, target(), roundsOfRoot)
      rootBound = Math.max(rootBound, bound)
      if (bound <= target()) primalHeuristic()
    }
    while (bound <= target() && fixByReducedCosts(allowed)) {
      if (!propagate(allowed)) return
      bound = relaxation.ascend(allowed, multipliers, target(), roundsOfNode)
    }
    if (bound > target()) return
    const child = level(depth + 1)
    if (depth === 0) workMax = relaxation.work() + steps
    const constraint = groups.next(allowed, settled)
    if (constraint !== null) return branchOnGroups(depth, constraint)
    const v = selectVm(allowed)
    if (v < 0 || bound > target()) return
    const hosts: number[] = []
    const bounds: number[] = []
    for (let h = 0; h < hostCount; h++) {
      if (allowed[v * hostCount + h] === 0) continue
      const least = relaxation.boundWith(v, h)
      let k = hosts.length
      for (; k > 0 && bounds[k - 1]! > least; k--) {
        hosts[k] = hosts[k - 1]!
        bounds[k] = bounds[k - 1]!
      }
      hosts[k] = h
      bounds[k] = least
    }
    for (let k = 0; k < hosts.length && !stopped; k++) {
      if (bounds[k]! > target()) break
      child.allowed.set(allowed)
      child.multipliers.set(multipliers)
      child.allowed.fill(0, v * hostCount, (v + 1) * hostCount)
      child.allowed[v * hostCount + hosts[k]!] = 1
      explore(depth + 1)
    }
  }

  const root = level(0)
  const initialMultipliers = (): void => {
    for (const v of movers)
      for (let h = 0; h < hostCount; h++) {
        const s = relaxation.multiplierOf[v * hostCount + h]!
        if (s >= 0) root.multipliers[s] = moveMs[v]! * unit
      }
  }
  for (const v of movers) for (let h = 0; h < hostCount; h++) root.allowed[v * hostCount + h] = domain[v]![h]!

  const search: LagrangianSearch['search'] = (from, givenCost, stepsMax) => {
    at = from
    cost = givenCost
    steps = stepsMax
    nodes = 0
    stopped = false
    // Polyak's steps towards an answer that bad have led astray.
    returning = cost.migrationMs >= aimedAt * muchBetter
    if (!returning) {
      initialMultipliers()
      aimedAt = cost.migrationMs
    }
    explore(0)
    const boundMs = stopped ? Math.max(0, Math.floor(rootBound / unit)) : cost.migrationMs
    return { at, cost, complete: !stopped, boundMs: Math.min(boundMs, cost.migrationMs) }
  }
  return { search, allowed: root.allowed }
}
