/**
 * Large neighbourhood search (Shaw 1998): frees a few hosts at a time, mostly hosts between which VMs were
 * moved, and lets branch and bound find the best arrangement of just those.
 */

import { branchAndBound } from '../exact/branch-and-bound.ts'
import type { SearchSpace } from '../exact/search-state.ts'
import { compareCost, type FullCost } from '../model/cost.ts'
import type { RandomStream } from '../problem/random.ts'

export interface LargeNeighbourhoodOptions {
  readonly relief: boolean
  readonly nodesMax: number
  readonly nodesPerTry: number
  /** Tries in a row that found nothing better before it gives up. */
  readonly patience: number
  readonly random: RandomStream
  readonly expired: () => boolean
  /** Good enough: nothing can be better than this. */
  readonly reached: (cost: FullCost) => boolean
}

export interface Improved {
  readonly at: Int32Array
  readonly cost: FullCost
  readonly nodes: number
}

export const largeNeighbourhoodSearch = (
  space: SearchSpace,
  start: Int32Array,
  cost: FullCost,
  options: LargeNeighbourhoodOptions,
): Improved => {
  const { model } = space
  const { hostCount, vmCount, active, home } = model
  const { random } = options
  let at = start
  let best = cost
  let nodes = 0
  let failures = 0
  const open = new Uint8Array(hostCount)
  while (
    failures < options.patience &&
    nodes < options.nodesMax &&
    !options.expired() &&
    !options.reached(best)
  ) {
    const size = Math.min(hostCount, 2 + random.below(4))
    open.fill(0)
    let opened = 0
    const add = (h: number): void => {
      if (h < 0 || opened >= size || open[h] === 1) return
      open[h] = 1
      opened++
    }
    // Two moved VMs, their old and new hosts; the rest at random.
    for (let k = 0; k < 2; k++) {
      let chosen = -1
      let seen = 0
      for (let v = 0; v < vmCount; v++)
        if (active[v] === 1 && at[v] !== home[v] && random.below(++seen) === 0) chosen = v
      if (chosen < 0) break
      add(home[chosen]!)
      add(at[chosen]!)
    }
    for (let guard = 0; opened < size && guard < 8 * hostCount; guard++) add(random.below(hostCount))
    const result = branchAndBound(space, {
      relief: options.relief,
      open,
      start: at,
      best,
      nodesMax: options.nodesPerTry,
      expired: options.expired,
    })
    nodes += result.nodes
    if (result.at !== null && compareCost(result.cost, best) < 0) {
      at = result.at
      best = result.cost
      failures = 0
    } else failures++
  }
  return { at, cost: best, nodes }
}
