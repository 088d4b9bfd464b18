/**
 * Multidimensional knapsack, small and often: which of these VMs would a host keep or take for most profit, under
 * all its limits at once? Depth first, best profit per weight first (Horowitz and Sahni 1974), bounded by the
 * fractional knapsack of *one* surrogate dimension, a mix of all dimensions (Glover 1965). When the steps run out
 * the answer is an upper bound, which is all that the relaxation needs. Nothing is allocated per solve.
 */

export interface Knapsack {
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
  /**
   * Solves; returns an upper bound of the best total, exact unless the steps ran out. `newSurrogate`: the surrogate
   * is chosen anew, not taken from the last time.
   */
  readonly solve: (sideConstraint: SideConstraint | null, afresh: boolean) => number
  /** How much has been computed so far, in search steps. */
  readonly work: () => number
  /** After `solve`: at most this much with item `without` (−1 = none) left out and these capacities. */
  readonly boundWithout: (without: number, capacity: Float64Array) => number
}

/** May the item be added to those that are in? `add` and `remove` tell which are. */
export interface SideConstraint {
  readonly allows: (item: number) => boolean
  readonly add: (item: number) => void
  readonly remove: (item: number) => void
}

const stepsMax = 300
/** Surrogate weights are whole numbers, each dimension's capacity worth about this much. */
const surrogateUnit = 1024
/** Keeps sums of surrogate amounts exact, however large the amounts are. */
const scaleMax = 2 ** 32

/** `profit × part ÷ whole`, rounded down, or up where it cannot be computed exactly: an upper bound. */
const share = (profit: number, part: number, whole: number): number => {
  const product = profit * part
  return Math.floor(product / whole) + (product > Number.MAX_SAFE_INTEGER ? 2 : 0)
}

export const createKnapsack = (dims: number, most: number): Knapsack => {
  const item = new Int32Array(most)
  const profit = new Float64Array(most)
  const weight = new Float64Array(most * dims)
  const capacity = new Float64Array(dims)
  const chosen = new Uint8Array(most)
  const surrogateWeight = new Float64Array(dims)
  const bestSurrogateWeight = new Float64Array(dims)
  /** Of each item in the surrogate dimension. */
  const surrogate = new Float64Array(most)
  const order = new Int32Array(most)
  const ratio = new Float64Array(most)
  const left = new Float64Array(dims)
  const inside = new Uint8Array(most)
  let best = 0
  let open = 0
  let steps = 0
  let side: SideConstraint | null = null
  let work = 0

  const surrogateOf = (amounts: Float64Array, from: number): number => {
    let total = 0
    for (let d = 0; d < dims; d++) total += surrogateWeight[d]! * amounts[from + d]!
    return total
  }

  const sortByRatio = (): void => {
    for (let i = 0; i < self.count; i++) {
      surrogate[i] = surrogateOf(weight, i * dims)
      ratio[i] = surrogate[i] === 0 ? Number.POSITIVE_INFINITY : profit[i]! / surrogate[i]!
      let k = i
      for (; k > 0 && ratio[order[k - 1]!]! < ratio[i]!; k--) order[k] = order[k - 1]!
      order[k] = i
    }
  }

  /** The fractional knapsack over the items from the `from`-th best on. */
  const fractionalBound = (from: number, room: number, without: number): number => {
    let total = 0
    let free = room
    for (let k = from; k < self.count; k++) {
      const i = order[k]!
      if (i === without) continue
      if (surrogate[i]! > free) return total + share(profit[i]!, free, surrogate[i]!)
      free -= surrogate[i]!
      total += profit[i]!
    }
    return total
  }

  const trySurrogate = (emphasis: number, others: number): void => {
    for (let d = 0; d < dims; d++)
      surrogateWeight[d] = Math.max(
        emphasis < 0 ? 1 : 0,
        Math.floor(
          ((surrogateUnit * (emphasis < 0 || d === emphasis ? 4 : others)) / 4 / Math.max(1, capacity[d]!)) *
            scale,
        ),
      )
    sortByRatio()
    const bound = fractionalBound(0, surrogateOf(capacity, 0), -1)
    if (bound >= lowest) return
    lowest = bound
    bestSurrogateWeight.set(surrogateWeight)
  }
  let lowest = 0
  let scale = 1

  /** The surrogate whose bound is lowest: each dimension alone, all together, each with some of the others. */
  const chooseSurrogate = (): void => {
    lowest = Number.POSITIVE_INFINITY
    scale = 1
    for (let d = 0; d < dims; d++) scale = Math.max(scale, Math.min(scaleMax, capacity[d]!))
    trySurrogate(-1, 4)
    for (let d = 0; d < dims; d++)
      for (let others = 0; others < (dims > 1 ? 3 : 1); others++) trySurrogate(d, others)
    surrogateWeight.set(bestSurrogateWeight)
    sortByRatio()
  }

  /** Sums over the sorted items before each, so that a bound continues where the one above it stopped. */
  const profitBefore = new Float64Array(most + 1)
  const surrogateBefore = new Float64Array(most + 1)

  /**
   * Decides the `k`-th best item. `split`: the item that the fractional knapsack of the parent cuts. Taking an
   * item does not change that, so `bound` still holds; leaving one out can only push it on.
   */
  const visit = (k: number, value: number, room: number, split: number, known: number): void => {
    if (value > best) {
      best = value
      for (let i = 0; i < self.count; i++) chosen[i] = inside[i]!
    }
    let bound = known
    if (known < 0) {
      const reach = room + surrogateBefore[k]!
      while (split < self.count && surrogateBefore[split + 1]! <= reach) split++
      bound = value + profitBefore[split]! - profitBefore[k]!
      if (split < self.count)
        bound += share(profit[order[split]!]!, reach - surrogateBefore[split]!, surrogate[order[split]!]!)
    }
    if (k === self.count || bound <= best) return
    if (++steps > stepsMax) {
      open = Math.max(open, bound)
      return
    }
    const i = order[k]!
    let fits = true
    for (let d = 0; d < dims; d++) if (weight[i * dims + d]! > left[d]!) fits = false
    if (fits && (side === null || side.allows(item[i]!))) {
      for (let d = 0; d < dims; d++) left[d]! -= weight[i * dims + d]!
      inside[i] = 1
      side?.add(item[i]!)
      visit(k + 1, value + profit[i]!, room - surrogate[i]!, split, bound)
      side?.remove(item[i]!)
      inside[i] = 0
      for (let d = 0; d < dims; d++) left[d]! += weight[i * dims + d]!
    }
    visit(k + 1, value, room, Math.max(split, k + 1), -1)
  }

  const self: Knapsack = {
    count: 0,
    item,
    profit,
    weight,
    capacity,
    chosen,
    solve: (sideConstraint, afresh) => {
      if (afresh) chooseSurrogate()
      else sortByRatio()
      side = sideConstraint
      best = 0
      open = 0
      steps = 0
      inside.fill(0, 0, self.count)
      chosen.fill(0, 0, self.count)
      left.set(capacity)
      for (let k = 0; k < self.count; k++) {
        profitBefore[k + 1] = profitBefore[k]! + profit[order[k]!]!
        surrogateBefore[k + 1] = surrogateBefore[k]! + surrogate[order[k]!]!
      }
      visit(0, 0, surrogateOf(capacity, 0), 0, -1)
      work += steps + self.count
      return Math.max(best, open)
    },
    work: () => work,
    boundWithout: (without, room) => {
      for (let d = 0; d < dims; d++) if (room[d]! < 0) return Number.NEGATIVE_INFINITY
      return fractionalBound(0, surrogateOf(room, 0), without)
    },
  }
  return self
}
