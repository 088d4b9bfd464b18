/**
 * The best of all placements that can be reached by moving one VM at a time. Where nearly everything is full there are
 * few, and visiting all of them is faster than solving again and again; elsewhere the search is a heuristic.
 */

import { compareCost, costOf, type FullCost } from '../model/cost.ts'
import type { Model } from '../model/model.ts'
import { createContinuousRules } from './continuous-rules.ts'
import { createFrontier } from './frontier.ts'
import { createOrderState, startOf } from './order-state.ts'

export interface ReachablePlacements {
  /** Host index per VM, −1 = nowhere. Better and better placements, the best last; the first is where all VMs are now. */
  readonly better: readonly { readonly at: Int32Array; readonly cost: FullCost }[]
  /** Everything that can be reached was looked at: nothing better has an order. */
  readonly all: boolean
}

/** A VM that is not where the goal has it weighs as much as so many relocations. */
const weight = 2
/** And an overloaded dimension one, and one more for each of so many parts of the limit. */
const grain = 30
/** More than this full counts the same: a limit of 0 has no parts, and ranks must stay small. */
const overloadRankMax = 10 * grain

/**
 * `model` tells what a placement costs, `planning` (`planningProblem`) which moves are possible; both have the same hosts
 * and VMs. Not for rules of order: what they allow depends on what was done before. `goal`: a good placement, in whose
 * direction to look first.
 */
export const reachablePlacements = (
  model: Model,
  planning: Model,
  goal: Int32Array | null,
  looksMax: number,
): ReachablePlacements => {
  const { vmCount, hostCount, dims } = model
  const start = startOf(planning)
  const state = createOrderState(planning, start, createContinuousRules(planning, start, null))
  const { at, load } = state
  // VMs that are not to run go first; then the others have more room.
  for (let v = 0; v < vmCount; v++) if (leaves(planning, v)) state.move(v, -1)
  let ms = 0
  const costNow = (): FullCost => costOf(model, at)
  const better = [{ at: Int32Array.from(at), cost: costNow() }]
  let best = better[0]!.cost

  const online = Uint8Array.from(planning.hosts, (host) => (host.state === 'offline' ? 0 : 1))
  /** How much too full the hosts are, each dimension in parts of its limit. */
  const overloadRank = (): number => {
    let sum = 0
    for (let h = 0; h < hostCount; h++)
      if (online[h] === 1)
        for (let i = h * dims; i < (h + 1) * dims; i++) {
          const over = load[i]! - planning.limit[i]!
          if (over > 0)
            sum += 1 + Math.min(overloadRankMax, Math.floor((over * grain) / Math.max(1, planning.limit[i]!)))
        }
    return sum
  }
  const movers = Int32Array.from({ length: vmCount }, (_, v) => v).filter(
    (v) =>
      planning.active[v] === 1 &&
      (planning.starts[v] === 1 || (planning.vms[v]!.movable && planning.fixed[v] === 0 && at[v]! >= 0)),
  )
  let misplaced = 0
  if (goal !== null) for (let v = 0; v < vmCount; v++) if (at[v] !== goal[v]) misplaced++
  /** How far hard rules are from holding, in VMs. */
  const { constraints, constraintsOn, domain } = model
  const index = new Map(constraints.map((constraint, p) => [constraint, p]))
  const hardOf = constraintsOn.map((list) =>
    list.flatMap((constraint) => (constraint.weight < 0 ? index.get(constraint)! : [])),
  )
  const violation = Int32Array.from(constraints, (constraint) =>
    constraint.weight < 0 ? constraint.violation(at) : 0,
  )
  let violations = violation.reduce((sum, one) => sum + one, 0)
  const banned = (v: number, h: number) => (h >= 0 && model.active[v] === 1 && domain[v]![h] === 0 ? 1 : 0)
  for (let v = 0; v < vmCount; v++) violations += banned(v, at[v]!)
  const updateViolations = (v: number, from: number, to: number): void => {
    violations += banned(v, to) - banned(v, from)
    for (const p of hardOf[v]!) {
      violations -= violation[p]!
      violation[p] = constraints[p]!.violation(at)
      violations += violation[p]!
    }
  }
  const frontier = createFrontier({
    state,
    looksMax,
    rank: (depth) => depth + overloadRank() + violations + (goal === null ? 0 : weight * misplaced),
    relocated: (v, from, to) => {
      if (goal !== null) {
        if (from === goal[v]) misplaced++
        else if (to === goal[v]) misplaced--
      }
      updateViolations(v, from, to)
      if (planning.starts[v] === 1) return
      if (from === planning.home[v]) ms += model.moveMs[v]!
      if (to === planning.home[v]) ms -= model.moveMs[v]!
    },
  })
  while (frontier.next()) {
    // Most states are dearer, which is cheap to see.
    const dearer =
      best.unmet === 0 && best.overloadedHosts === 0 && (ms > best.migrationMs || overloadRank() > 0)
    if (!dearer || best.softPenalty > 0) {
      const cost = costNow()
      if (compareCost(cost, best) < 0) {
        best = cost
        better.push({ at: Int32Array.from(at), cost })
      }
    }
    for (const v of movers) {
      if (planning.starts[v] === 1 && at[v]! >= 0) continue
      for (let h = 0; h < hostCount; h++) if (h !== at[v] && planning.domain[v]![h] === 1) frontier.open(v, h)
    }
  }
  return { better, all: !frontier.wasCut() }
}

/** It runs, is not to run, and its host can be told so. */
const leaves = (model: Model, v: number): boolean => {
  const vm = model.vms[v]!
  return (
    vm.state === 'running' &&
    vm.wanted !== 'running' &&
    model.home[v]! >= 0 &&
    model.hosts[model.home[v]!]!.state !== 'offline'
  )
}
