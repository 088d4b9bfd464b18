/**
 * The covering bound: what it costs at least to relieve a host. A lower bound of the cheapest set of its VMs whose
 * departure brings it under its limits and ends the conflicts there: a covering knapsack per dimension, then a short
 * exact search over all dimensions and pairs in conflict (cover-search.ts). Bounds of different hosts add up, since a VM
 * has one home.
 */

import type { Model } from '../model/model.ts'
import {
  type CoverSearch,
  collectFree,
  createCoverSearch,
  readConflicts,
  solveCover,
} from './cover-search.ts'
import { createEvictionOrders, type HostOrders } from './eviction-orders.ts'

export interface CoveringBound {
  /**
   * Lower bound in ms of bringing host `h` with this load (`load[h × dims + d]`) under its limit by evicting
   * VMs with `status[v] === free`; Infinity when all of them do not suffice; 0 without excess. With `settledAt`
   * (the host of each settled VM) no two of its VMs may be left that a hard rule keeps apart.
   */
  readonly bound: (
    h: number,
    load: Float64Array,
    status: Uint8Array,
    free: number,
    settledAt: Int32Array | null,
  ) => number
  /** The same once VM `v` has joined the host; above `mostMs` any larger number will do. */
  readonly boundWith: (
    v: number,
    h: number,
    load: Float64Array,
    status: Uint8Array,
    free: number,
    settledAt: Int32Array,
    mostMs: number,
  ) => number
  /** The VMs whose home is `h`, best to evict first. */
  readonly homeVms: (h: number) => Int32Array
  /** The cheapest VMs to evict (the best found, on very full hosts); null when all together do not suffice. */
  readonly cheapestCover: (
    h: number,
    load: Float64Array,
    status: Uint8Array,
    free: number,
  ) => Int32Array | null
}

/** Steps of the exact search per bound; when they run out, the relaxation is the bound. */
const boundStepsMax = 300
/** The same when the set itself is wanted, once per host. */
const coverStepsMax = 20_000
const noVms = new Int32Array(0)

export const createCoveringBound = (model: Model): CoveringBound => {
  const orders = createEvictionOrders(model)
  const search = createCoverSearch(model, orders)
  return {
    bound: (h, load, status, free, settledAt) =>
      boundOf(search, h, load, -1, status, free, settledAt, Number.POSITIVE_INFINITY),
    boundWith: (v, h, load, status, free, settledAt, mostMs) =>
      boundOf(search, h, load, v, status, free, settledAt, mostMs),
    cheapestCover: (h, load, status, free) => {
      const { need, cheapestItems } = search
      const { dims, limit } = model
      let over = false
      for (let d = 0; d < dims; d++) {
        need[d] = load[h * dims + d]! - limit[h * dims + d]!
        if (need[d]! > 0) over = true
      }
      if (!over) return noVms
      collectFree(search, h, status, free)
      solveCover(search, 0, Number.POSITIVE_INFINITY, coverStepsMax)
      return search.cheapest === Number.POSITIVE_INFINITY
        ? null
        : cheapestItems.slice(0, search.cheapestCount)
    },
    homeVms: orders.homeVms,
  }
}

/** `joining`: a VM that comes to the host, −1 = none. */
const boundOf = (
  search: CoverSearch,
  h: number,
  load: Float64Array,
  joining: number,
  status: Uint8Array,
  free: number,
  settledAt: Int32Array | null,
  mostMs: number,
): number => {
  const { model, need } = search
  const { dims, limit, demand } = model
  let bound = 0
  const of = search.orders.of(h)
  for (let d = 0; d < dims; d++) {
    need[d] = load[h * dims + d]! - limit[h * dims + d]! + (joining < 0 ? 0 : demand[joining * dims + d]!)
    if (need[d]! <= 0) continue
    const relaxed = fractionalBound(model, of.byRatio[d]!, d, need[d]!, status, free)
    if (relaxed > mostMs || relaxed === Number.POSITIVE_INFINITY) return relaxed
    bound = Math.max(bound, relaxed, cardinalityBound(model, of, d, need[d]!, status, free))
  }
  if (bound > mostMs) return bound
  const heedsRules = settledAt !== null && search.hasIncompatible[h] === 1
  if (bound === 0 && !heedsRules) return 0
  collectFree(search, h, status, free)
  if (heedsRules && !readConflicts(search, h, status, free, settledAt, joining) && bound === 0) return 0
  return solveCover(search, bound, mostMs, boundStepsMax)
}

/** The fractional covering knapsack in one dimension: the cheapest per unit first, the last one in part. */
const fractionalBound = (
  { dims, demand, moveMs }: Model,
  order: Int32Array,
  d: number,
  need: number,
  status: Uint8Array,
  free: number,
): number => {
  let missing = need
  let cost = 0
  for (let i = 0; i < order.length; i++) {
    const v = order[i]!
    if (status[v] !== free) continue
    const amount = demand[v * dims + d]!
    if (amount >= missing) return cost + Math.ceil((moveMs[v]! * missing) / amount)
    missing -= amount
    cost += moveMs[v]!
  }
  return Number.POSITIVE_INFINITY
}

/** A cardinality bound: at least k VMs must leave (the k largest barely suffice), so at least the k cheapest are paid. */
const cardinalityBound = (
  { dims, demand, moveMs }: Model,
  of: HostOrders,
  d: number,
  need: number,
  status: Uint8Array,
  free: number,
): number => {
  let missing = need
  let k = 0
  const largest = of.byDemand[d]!
  for (let i = 0; i < largest.length && missing > 0; i++) {
    if (status[largest[i]!] !== free) continue
    missing -= demand[largest[i]! * dims + d]!
    k++
  }
  let cost = 0
  for (let i = 0; i < of.byCost.length && k > 0; i++) {
    if (status[of.byCost[i]!] !== free) continue
    cost += moveMs[of.byCost[i]!]!
    k--
  }
  return cost
}
