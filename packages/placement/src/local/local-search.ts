/**
 * Answers without proof: runs of simulated annealing (annealing.ts), each from where all VMs are now and half as long
 * again as the one before. Every answer of a run is improved by large neighbourhood search (large-neighbourhoods.ts)
 * before it is compared. One long run often ends in the wrong valley, and many short ones never reach the bottom; with
 * growing lengths neither matters.
 */

import type { SearchSpace } from '../exact/search-state.ts'
import { compareCost, costOf, type FullCost, unlimited } from '../model/cost.ts'
import type { RandomStream } from '../problem/random.ts'
import { anneal } from './annealing.ts'
import { largeNeighbourhoodSearch } from './large-neighbourhoods.ts'
import { tabuSearch } from './tabu-search.ts'

export interface LocalSearch {
  /**
   * Looks for a full cure better than `at` (null: none is known), which costs `cost`, for about so many search nodes.
   * Called again it goes on with longer runs and larger neighbourhoods.
   */
  readonly search: (at: Int32Array | null, cost: FullCost, options: LocalSearchOptions) => Found
}

export interface LocalSearchOptions {
  readonly nodesMax: number
  /** Good enough: nothing can be better than this. */
  readonly reached: (cost: FullCost) => boolean
}

export interface Found {
  readonly at: Int32Array | null
  readonly cost: FullCost
}

/** A step of annealing costs as much as a sixth of a node. */
const stepsPerNode = 6
const stepsOfFirstRun = 6000
/** Steps of a run for each node of improving its answer. */
const stepsPerImprovingNode = 20
/** One neighbourhood, at first; those of the best answer grow with every call. */
const nodesOfTry = 150
const growth = 4
/** Tries in a row that find nothing before a neighbourhood search gives up, at first. */
const triesPerHost = 10
/** An iteration of tabu search costs as much as this many nodes. */
const nodesPerIteration = 40

export const createLocalSearch = (
  space: SearchSpace,
  random: RandomStream,
  expired: () => boolean,
): LocalSearch => {
  const { model } = space
  let steps = stepsOfFirstRun
  let nodesPerTry = nodesOfTry
  let patience = triesPerHost * model.hostCount
  return {
    search: (from, its, { nodesMax, reached }) => {
      let at = from
      let cost = its
      const keep = (one: Found): void => {
        if (one.at === null || compareCost(one.cost, cost) >= 0) return
        at = one.at
        cost = one.cost
      }
      const common = { relief: false, random, expired, reached }
      for (let left = nodesMax * stepsPerNode; left > 0 && !expired(); ) {
        const annealed = anneal(model, { start: model.home, best: unlimited, steps, random, expired })
        keep(annealed)
        if (annealed.at !== null)
          keep(
            largeNeighbourhoodSearch(space, annealed.at, annealed.cost, {
              ...common,
              nodesMax: Math.ceil(steps / stepsPerImprovingNode),
              nodesPerTry: nodesOfTry,
              patience: triesPerHost * model.hostCount,
            }),
          )
        left -= steps
        steps = Math.ceil((steps * 3) / 2)
      }
      if (at === null) {
        at = tabuSearch(model, {
          start: model.home,
          iterationsMax: Math.ceil(nodesMax / nodesPerIteration),
          random,
          expired,
        })
        if (at !== null) cost = costOf(model, at)
      }
      if (at !== null)
        keep(
          largeNeighbourhoodSearch(space, at, cost, {
            ...common,
            nodesMax: nodesMax / 4,
            nodesPerTry,
            patience,
          }),
        )
      nodesPerTry *= growth
      patience *= growth
      return { at, cost }
    },
  }
}
