/**
 * Surrogate relaxation (Glover 1965): the dimensions of a knapsack weighed together as one, so that the fractional
 * knapsack bounds it. Which weights are best depends on which dimension is scarce.
 */
import type { Knapsack } from './knapsack.ts'

/** Surrogate weights are whole numbers, each dimension's capacity worth about this much. */
const surrogateUnit = 1024
/** Keeps sums of surrogate amounts exact, however large the amounts are. */
const scaleMax = 2 ** 32

/** `profit × part ÷ whole`, rounded down, or up where it cannot be computed exactly: an upper bound. */
export const share = (profit: number, part: number, whole: number): number => {
  const product = profit * part
  return Math.floor(product / whole) + (product > Number.MAX_SAFE_INTEGER ? 2 : 0)
}

/** The amounts from index `from` on, one per dimension, as one surrogate amount. */
export const surrogateOf = (
  { dims, surrogateWeight }: Knapsack,
  amounts: Float64Array,
  from: number,
): number => {
  let total = 0
  for (let d = 0; d < dims; d++) total += surrogateWeight[d]! * amounts[from + d]!
  return total
}

/** The items by profit per surrogate amount, the best first. */
export const sortByRatio = (k: Knapsack): void => {
  const { surrogate, ratio, order, profit, weight, dims, count } = k
  for (let i = 0; i < count; i++) {
    surrogate[i] = surrogateOf(k, weight, i * dims)
    ratio[i] = surrogate[i] === 0 ? Number.POSITIVE_INFINITY : profit[i]! / surrogate[i]!
    let place = i
    for (; place > 0 && ratio[order[place - 1]!]! < ratio[i]!; place--) order[place] = order[place - 1]!
    order[place] = i
  }
}

/** The fractional knapsack over the items from the `from`-th best on, without item `without` (−1 = none). */
export const fractionalBound = (k: Knapsack, from: number, room: number, without: number): number => {
  const { order, surrogate, profit, count } = k
  let total = 0
  let free = room
  for (let place = from; place < count; place++) {
    const i = order[place]!
    if (i === without) continue
    if (surrogate[i]! > free) return total + share(profit[i]!, free, surrogate[i]!)
    free -= surrogate[i]!
    total += profit[i]!
  }
  return total
}

/** The surrogate whose bound is lowest: each dimension alone, all together, each with some of the others. */
export const chooseSurrogate = (k: Knapsack): void => {
  const { dims, capacity } = k
  let scale = 1
  for (let d = 0; d < dims; d++) scale = Math.max(scale, Math.min(scaleMax, capacity[d]!))
  let lowest = trySurrogate(k, -1, 4, scale, Number.POSITIVE_INFINITY)
  for (let d = 0; d < dims; d++)
    for (let others = 0; others < (dims > 1 ? 3 : 1); others++)
      lowest = trySurrogate(k, d, others, scale, lowest)
  k.surrogateWeight.set(k.bestSurrogateWeight)
  sortByRatio(k)
}

/** Dimension `emphasis` in full and `others` quarters of the others; −1: all in full. Returns the lowest bound so far. */
const trySurrogate = (
  k: Knapsack,
  emphasis: number,
  others: number,
  scale: number,
  lowest: number,
): number => {
  const { dims, capacity, surrogateWeight } = k
  for (let d = 0; d < dims; d++)
    surrogateWeight[d] = Math.max(
      emphasis < 0 ? 1 : 0,
      Math.floor(
        ((surrogateUnit * (emphasis < 0 || d === emphasis ? 4 : others)) / 4 / Math.max(1, capacity[d]!)) *
          scale,
      ),
    )
  sortByRatio(k)
  const bound = fractionalBound(k, 0, surrogateOf(k, capacity, 0), -1)
  if (bound >= lowest) return lowest
  k.bestSurrogateWeight.set(surrogateWeight)
  return bound
}
