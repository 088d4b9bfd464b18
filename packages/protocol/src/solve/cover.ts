/**
 * What it costs at least to relieve a host: a lower bound of the cheapest set of its VMs whose departure brings
 * it under its limits (a covering knapsack per dimension; the host's bound is the largest over dimensions).
 * Bounds of different hosts add up, since a VM has one home.
 */
import type { Model } from './model.ts'

/** VMs of one host in the orders the bounds need. Static: a VM's home never changes during a search. */
interface HostOrders {
  /** Per dimension, cheapest per unit of demand first. */
  readonly byRatio: readonly Int32Array[]
  /** Per dimension, largest demand first. */
  readonly byDemand: readonly Int32Array[]
  /** Cheapest first. */
  readonly byCost: Int32Array
}

export interface Covers {
  /**
   * Lower bound in ms of bringing host `h` with this load (`load[h × dims + d]`) under its limit by evicting
   * VMs with `status[v] === free`; Infinity when all of them do not suffice; 0 without excess.
   */
  readonly bound: (h: number, load: Float64Array, status: Uint8Array, free: number) => number
  /** The VMs whose home is `h`, best to evict first. */
  readonly homeVms: (h: number) => Int32Array
  /** The cheapest VMs to evict (the best found, on very full hosts); null when all together do not suffice. */
  readonly set: (h: number, load: Float64Array, status: Uint8Array, free: number) => Int32Array | null
}

/** Steps of the exact covering search per bound; beyond, the relaxation has to do. */
const coverStepsMax = 300
/** The same when the set itself is wanted, once per host. */
const setStepsMax = 20_000
const noVms = new Int32Array(0)

export const createCovers = (model: Model): Covers => {
  const { hostCount, vmCount, dims, demand, moveMs, home, active, fixed, limit } = model
  const lists: number[][] = Array.from({ length: hostCount }, () => [])
  for (let v = 0; v < vmCount; v++)
    if (active[v] === 1 && fixed[v] === 0 && home[v]! >= 0) lists[home[v]!]!.push(v)

  // Compared by cross-multiplication: no division, so no rounding in decisions.
  const ratio = (d: number) => (a: number, b: number) =>
    moveMs[a]! * demand[b * dims + d]! - moveMs[b]! * demand[a * dims + d]! || a - b
  const known: (HostOrders | undefined)[] = new Array(hostCount)
  /** Built when first asked for: most hosts are never in trouble. */
  const ordersOf = (h: number): HostOrders => {
    const there = known[h]
    if (there !== undefined) return there
    const made = sortHost(lists[h]!)
    known[h] = made
    return made
  }
  const sortHost = (list: readonly number[]): HostOrders => ({
    byRatio: Array.from({ length: dims }, (_, d) =>
      Int32Array.from(list.filter((v) => demand[v * dims + d]! > 0).sort(ratio(d))),
    ),
    byDemand: Array.from({ length: dims }, (_, d) =>
      Int32Array.from([...list].sort((a, b) => demand[b * dims + d]! - demand[a * dims + d]! || a - b)),
    ),
    byCost: Int32Array.from([...list].sort((a, b) => moveMs[a]! - moveMs[b]! || a - b)),
  })

  const evictionOrder: (Int32Array | undefined)[] = new Array(hostCount)

  const fractional = (
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

  /** At least k VMs must go (the k largest barely suffice), so at least the k cheapest are paid. */
  const counted = (of: HostOrders, d: number, need: number, status: Uint8Array, free: number): number => {
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

  const scratch = new Int32Array(lists.reduce((most, list) => Math.max(most, list.length), 1))
  const need = new Float64Array(dims)
  /** What the items from `i` on can still remove. [item × dims] */
  const suffix = new Float64Array((scratch.length + 1) * dims)
  let count = 0
  let steps = 0
  let cheapest = 0
  let stepsMax = coverStepsMax
  const chosen = new Int32Array(scratch.length)
  const cheapestSet = new Int32Array(scratch.length)
  let cheapestCount = 0

  /** Depth first over the free VMs, cheapest first; `cheapest` holds the best full cover found. */
  const search = (from: number, cost: number, depth: number): void => {
    let open = false
    for (let d = 0; d < dims; d++) {
      if (need[d]! <= 0) continue
      open = true
      if (suffix[from * dims + d]! < need[d]!) return
    }
    if (!open) {
      cheapest = cost
      cheapestCount = depth
      for (let i = 0; i < depth; i++) cheapestSet[i] = chosen[i]!
      return
    }
    for (let i = from; i < count; i++) {
      const v = scratch[i]!
      if (cost + moveMs[v]! >= cheapest || ++steps > stepsMax) return
      let reachable = true
      for (let d = 0; d < dims; d++) {
        if (need[d]! > suffix[i * dims + d]!) reachable = false
      }
      if (!reachable) return
      for (let d = 0; d < dims; d++) need[d]! -= demand[v * dims + d]!
      chosen[depth] = v
      search(i + 1, cost + moveMs[v]!, depth + 1)
      for (let d = 0; d < dims; d++) need[d]! += demand[v * dims + d]!
    }
  }

  const exact = (h: number, relaxed: number, status: Uint8Array, free: number): number => {
    const order = ordersOf(h).byCost
    count = 0
    for (let i = 0; i < order.length; i++) if (status[order[i]!] === free) scratch[count++] = order[i]!
    for (let d = 0; d < dims; d++) suffix[count * dims + d] = 0
    for (let i = count - 1; i >= 0; i--)
      for (let d = 0; d < dims; d++)
        suffix[i * dims + d] = suffix[(i + 1) * dims + d]! + demand[scratch[i]! * dims + d]!
    steps = 0
    cheapest = Number.POSITIVE_INFINITY
    search(0, 0, 0)
    return steps > stepsMax ? relaxed : cheapest
  }

  return {
    bound: (h, load, status, free) => {
      let bound = 0
      const of = ordersOf(h)
      for (let d = 0; d < dims; d++) {
        need[d] = load[h * dims + d]! - limit[h * dims + d]!
        if (need[d]! <= 0) continue
        const relaxed = fractional(of.byRatio[d]!, d, need[d]!, status, free)
        if (relaxed === Number.POSITIVE_INFINITY) return relaxed
        bound = Math.max(bound, relaxed, counted(of, d, need[d]!, status, free))
      }
      return bound === 0 ? 0 : exact(h, bound, status, free)
    },
    set: (h, load, status, free) => {
      let over = false
      for (let d = 0; d < dims; d++) {
        need[d] = load[h * dims + d]! - limit[h * dims + d]!
        if (need[d]! > 0) over = true
      }
      if (!over) return noVms
      stepsMax = setStepsMax
      exact(h, 0, status, free)
      stepsMax = coverStepsMax
      return cheapest === Number.POSITIVE_INFINITY ? null : cheapestSet.slice(0, cheapestCount)
    },
    homeVms: (h) => {
      const there = evictionOrder[h]
      if (there !== undefined) return there
      // Cheapest for what the host as a whole has too much of: cost per summed permille of its limits.
      const permille = (v: number) => {
        let total = 1
        for (let d = 0; d < dims; d++)
          total += Math.floor((demand[v * dims + d]! * 1000) / Math.max(1, limit[h * dims + d]!))
        return total
      }
      const made = Int32Array.from(ordersOf(h).byCost).sort(
        (a, b) => moveMs[a]! * permille(b) - moveMs[b]! * permille(a) || a - b,
      )
      evictionOrder[h] = made
      return made
    },
  }
}
