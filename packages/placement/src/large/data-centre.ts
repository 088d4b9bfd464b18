/**
 * Problems too large to search as a whole (a data centre): first a greedy placement; then moves that made something worse
 * are undone (undo-worsening.ts); then large neighbourhood search repairs what is still wrong (lns-repair.ts); at last
 * the same moves touch fewer hosts (fewer-touched-hosts.ts).
 */

import type { SearchSpace } from '../exact/search-state.ts'
import { createAssignment } from '../model/assignment.ts'
import { compareCost, costOf, type FullCost } from '../model/cost.ts'
import type { RandomStream } from '../problem/random.ts'
import { touchFewerHosts } from './fewer-touched-hosts.ts'
import { greedy } from './greedy.ts'
import { lnsRepair } from './lns-repair.ts'
import { undoWorsening } from './undo-worsening.ts'

export interface LargeOptions {
  /** Doing nothing; the answer is never worse. */
  readonly idle: Int32Array
  readonly nodesMax: number
  readonly random: RandomStream
  readonly expired: () => boolean
}

export interface LargeResult {
  readonly at: Int32Array
  readonly cost: FullCost
  readonly boundMs: number
}

/** Less than a second. */
const nodesOfRepair = 150_000

export const solveLarge = (space: SearchSpace, options: LargeOptions): LargeResult => {
  const { model } = space
  let first = greedy(space)
  let at = first.at
  let cost = costOf(model, at)
  if (cost.unmet + cost.overloadedHosts > 0 || cost.migrationMs > first.boundMs) {
    const second = greedy(space, 'tightest')
    const secondCost = costOf(model, second.at)
    if (compareCost(secondCost, cost) < 0) {
      first = second
      at = second.at
      cost = secondCost
    }
  }
  const assignment = createAssignment(model, at)
  undoWorsening(assignment, options.idle)
  lnsRepair(space, assignment, { ...options, nodesMax: Math.min(options.nodesMax, nodesOfRepair) })
  at = assignment.at
  cost = costOf(model, at)
  const idleCost = costOf(model, options.idle)
  if (compareCost(idleCost, cost) < 0) {
    at = options.idle
    cost = idleCost
  }
  if (cost.unmet + cost.overloadedHosts > 0) return { at, cost, boundMs: first.boundMs }
  const fewerHosts = Int32Array.from(at)
  touchFewerHosts(model, fewerHosts)
  const fewerHostsCost = costOf(model, fewerHosts)
  return compareCost(fewerHostsCost, cost) < 0
    ? { at: fewerHosts, cost: fewerHostsCost, boundMs: first.boundMs }
    : { at, cost, boundMs: first.boundMs }
}
