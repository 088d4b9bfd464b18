/**
 * Multidimensional knapsack, small and often: which of these VMs would a host keep or take for most profit, under
 * all its limits at once? Depth first, best profit per weight first (Horowitz and Sahni 1974), bounded by the
 * fractional knapsack of one surrogate dimension (surrogate.ts). When the steps run out the answer is an upper bound,
 * which is all that the relaxation needs. Nothing is allocated per solve.
 */
import { chooseSurrogate, fractionalBound, share, sortByRatio, surrogateOf } from './surrogate.ts'

export interface Knapsack {
  readonly dims: number
  /** Items in use: 0 … count − 1. */
  count: number
  /** What the caller calls them. */
  readonly item: Int32Array
  /** Integers above 0. */
  readonly profit: Float64Array
  /** [item × dims] */
  readonly weight: Float64Array
  readonly capacity: Float64Array
  /** Of the best set found. */
  readonly chosen: Uint8Array
  /** How much has been computed so far, in search steps. */
  work: number
  /** By dimension: what a unit of it weighs in the surrogate; and the best that was tried. */
  readonly surrogateWeight: Float64Array
  readonly bestSurrogateWeight: Float64Array
  /** Of each item in the surrogate dimension, and its profit per unit of that. */
  readonly surrogate: Float64Array
  readonly ratio: Float64Array
  /** The items, best ratio first. */
  readonly order: Int32Array
  /** Sums over the sorted items before each, so that a bound continues where the one above it stopped. */
  readonly profitBefore: Float64Array
  readonly surrogateBefore: Float64Array
  /** What is left of the capacity, and which items are in, at this node. */
  readonly left: Float64Array
  readonly inside: Uint8Array
  side: SideConstraint | null
  best: number
  /** The largest bound of a node that was left unexplored. */
  open: number
  steps: number
}

/** May the item be added to those that are in? `add` and `remove` tell which are. */
export interface SideConstraint {
  readonly allows: (item: number) => boolean
  readonly add: (item: number) => void
  readonly remove: (item: number) => void
}

const stepsMax = 300

export const createKnapsack = (dims: number, most: number): Knapsack => ({
  dims,
  count: 0,
  item: new Int32Array(most),
  profit: new Float64Array(most),
  weight: new Float64Array(most * dims),
  capacity: new Float64Array(dims),
  chosen: new Uint8Array(most),
  work: 0,
  surrogateWeight: new Float64Array(dims),
  bestSurrogateWeight: new Float64Array(dims),
  surrogate: new Float64Array(most),
  ratio: new Float64Array(most),
  order: new Int32Array(most),
  profitBefore: new Float64Array(most + 1),
  surrogateBefore: new Float64Array(most + 1),
  left: new Float64Array(dims),
  inside: new Uint8Array(most),
  side: null,
  best: 0,
  open: 0,
  steps: 0,
})

/**
 * Returns an upper bound of the best total, exact unless the steps ran out. `newSurrogate`: the surrogate is chosen anew,
 * not taken from the last time.
 */
export const solveKnapsack = (k: Knapsack, side: SideConstraint | null, newSurrogate: boolean): number => {
  const { count, profit, surrogate, order, profitBefore, surrogateBefore } = k
  if (newSurrogate) chooseSurrogate(k)
  else sortByRatio(k)
  k.side = side
  k.best = 0
  k.open = 0
  k.steps = 0
  k.inside.fill(0, 0, count)
  k.chosen.fill(0, 0, count)
  k.left.set(k.capacity)
  for (let place = 0; place < count; place++) {
    profitBefore[place + 1] = profitBefore[place]! + profit[order[place]!]!
    surrogateBefore[place + 1] = surrogateBefore[place]! + surrogate[order[place]!]!
  }
  visit(k, 0, 0, surrogateOf(k, k.capacity, 0), 0, -1)
  k.work += k.steps + count
  return Math.max(k.best, k.open)
}

/** After `solveKnapsack`: at most this much with item `without` (−1 = none) left out and these capacities. */
export const boundWithout = (k: Knapsack, without: number, room: Float64Array): number => {
  for (let d = 0; d < k.dims; d++) if (room[d]! < 0) return Number.NEGATIVE_INFINITY
  return fractionalBound(k, 0, surrogateOf(k, room, 0), without)
}

/**
 * Decides the item at `place` of the order. `split`: the item that the fractional knapsack of the parent cuts. Taking an
 * item does not change that, so `known`, the parent's bound, still holds; leaving one out can only push it on (−1).
 */
const visit = (
  k: Knapsack,
  place: number,
  value: number,
  room: number,
  split: number,
  known: number,
): void => {
  const { count, order, profit, weight, dims, left, inside, surrogate, side } = k
  if (value > k.best) {
    k.best = value
    for (let i = 0; i < count; i++) k.chosen[i] = inside[i]!
  }
  let bound = known
  if (known < 0) {
    const { profitBefore, surrogateBefore } = k
    const reach = room + surrogateBefore[place]!
    while (split < count && surrogateBefore[split + 1]! <= reach) split++
    bound = value + profitBefore[split]! - profitBefore[place]!
    if (split < count)
      bound += share(profit[order[split]!]!, reach - surrogateBefore[split]!, surrogate[order[split]!]!)
  }
  if (place === count || bound <= k.best) return
  if (++k.steps > stepsMax) {
    k.open = Math.max(k.open, bound)
    return
  }
  const i = order[place]!
  let fits = true
  for (let d = 0; d < dims; d++) if (weight[i * dims + d]! > left[d]!) fits = false
  if (fits && (side === null || side.allows(k.item[i]!))) {
    for (let d = 0; d < dims; d++) left[d]! -= weight[i * dims + d]!
    inside[i] = 1
    side?.add(k.item[i]!)
    visit(k, place + 1, value + profit[i]!, room - surrogate[i]!, split, bound)
    side?.remove(k.item[i]!)
    inside[i] = 0
    for (let d = 0; d < dims; d++) left[d]! += weight[i * dims + d]!
  }
  visit(k, place + 1, value, room, Math.max(split, place + 1), -1)
}
