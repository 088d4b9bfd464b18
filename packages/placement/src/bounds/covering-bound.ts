/**
 * What it costs at least to relieve a host: a lower bound of the cheapest set of its VMs whose departure brings
 * it under its limits and ends the conflicts there (a covering knapsack per dimension, then a short exact search
 * over all dimensions and pairs in conflict). Bounds of different hosts add up, since a VM has one home.
 */

import type { Model } from '../model/model.ts'
import { incompatibilitiesOf } from './incompatibilities.ts'

/** VMs of one host in the orders the bounds need. Static: a VM's home never changes during a search. */
interface HostOrders {
  /** Per dimension, cheapest per unit of demand first. */
  readonly byRatio: readonly Int32Array[]
  /** Per dimension, largest demand first. */
  readonly byDemand: readonly Int32Array[]
  /** Cheapest first. */
  readonly byCost: Int32Array
}

export interface CoveringBound {
  /**
   * Lower bound in ms of bringing host `h` with this load (`load[h × dims + d]`) under its limit by evicting
   * VMs with `status[v] === free`; Infinity when all of them do not suffice; 0 without excess. With `settledAt`
   * (host of whoever is settled) no two of its VMs may be left that a hard rule keeps apart.
   */
  readonly bound: (
    h: number,
    load: Float64Array,
    status: Uint8Array,
    free: number,
    settledAt: Int32Array | null,
  ) => number
  /** The same once VM `v` has joined the host; more than `mostMs` may be said as any number above it. */
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

/** Steps of the exact covering search per bound; beyond, the relaxation has to do. */
const boundStepsMax = 300
/** The same when the set itself is wanted, once per host. */
const coverStepsMax = 20_000
/** Conflicts among more VMs of one host than this are not looked at: a mask has so many bits. */
const bitsMax = 31
const noVms = new Int32Array(0)

export const createCoveringBound = (model: Model): CoveringBound => {
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

  const incompatible = incompatibilitiesOf(model)
  /** 1 = some VM of the host is incompatible with another. */
  const hasIncompatible = new Uint8Array(hostCount)
  for (let v = 0; v < vmCount; v++)
    if (home[v]! >= 0 && incompatible[v]!.length > 0) hasIncompatible[home[v]!] = 1
  const itemOf = new Int32Array(vmCount).fill(-1)

  const evictionOrder: (Int32Array | undefined)[] = new Array(hostCount)

  const fractionalBound = (
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
  const cardinalityBound = (
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

  const scratch = new Int32Array(lists.reduce((most, list) => Math.max(most, list.length), 1))
  const need = new Float64Array(dims)
  /** What the items from `i` on can still remove. [item × dims] */
  const suffix = new Float64Array((scratch.length + 1) * dims)
  let count = 0
  let steps = 0
  let cheapest = 0
  let stepsMax = boundStepsMax
  const chosen = new Int32Array(scratch.length)
  const cheapestItems = new Int32Array(scratch.length)
  let cheapestCount = 0

  /** Of the first `bits` items: which of the others they cannot stay with. */
  const conflictMask = new Int32Array(bitsMax)
  /** Items that cannot stay at all. */
  let mustLeave = 0
  let someConflict = false

  /** Reads who cannot stay with whom; false when nobody is in conflict. */
  const readConflicts = (
    h: number,
    status: Uint8Array,
    free: number,
    settledAt: Int32Array,
    joining: number,
  ): boolean => {
    someConflict = false
    mustLeave = 0
    const bits = Math.min(count, bitsMax)
    for (let i = 0; i < bits; i++) itemOf[scratch[i]!] = i
    for (let i = 0; i < bits; i++) {
      const of = incompatible[scratch[i]!]!
      conflictMask[i] = 0
      for (let k = 0; k < of.length; k++) {
        const u = of[k]!
        if (settledAt[u] === h || u === joining) mustLeave |= 1 << i
        else if (home[u] === h && status[u] === free && itemOf[u]! >= 0) conflictMask[i]! |= 1 << itemOf[u]!
      }
      if (conflictMask[i] !== 0) someConflict = true
    }
    for (let i = 0; i < bits; i++) itemOf[scratch[i]!] = -1
    return someConflict || mustLeave !== 0
  }

  /** Depth first over the free VMs, cheapest first; `cheapest` holds the best full cover found. */
  const search = (from: number, cost: number, depth: number, stay: number): void => {
    let open = false
    if (someConflict || mustLeave !== 0) {
      const rest = from < bitsMax ? -1 << from : 0
      if ((mustLeave & rest) !== 0) open = true
      for (let i = from; i < count && i < bitsMax && !open; i++)
        if ((conflictMask[i]! & (stay | rest)) !== 0) open = true
    }
    for (let d = 0; d < dims; d++) {
      if (need[d]! <= 0) continue
      open = true
      if (suffix[from * dims + d]! < need[d]!) return
    }
    if (!open) {
      cheapest = cost
      cheapestCount = depth
      for (let i = 0; i < depth; i++) cheapestItems[i] = chosen[i]!
      return
    }
    let staying = stay
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
      search(i + 1, cost + moveMs[v]!, depth + 1, staying)
      for (let d = 0; d < dims; d++) need[d]! += demand[v * dims + d]!
      if (i >= bitsMax) continue
      if ((mustLeave & (1 << i)) !== 0 || (conflictMask[i]! & staying) !== 0) return
      staying |= 1 << i
    }
  }

  const collectFree = (h: number, status: Uint8Array, free: number): void => {
    const order = ordersOf(h).byCost
    count = 0
    for (let i = 0; i < order.length; i++) if (status[order[i]!] === free) scratch[count++] = order[i]!
  }

  const solveCover = (relaxed: number, mostMs: number): number => {
    for (let d = 0; d < dims; d++) suffix[count * dims + d] = 0
    for (let i = count - 1; i >= 0; i--)
      for (let d = 0; d < dims; d++)
        suffix[i * dims + d] = suffix[(i + 1) * dims + d]! + demand[scratch[i]! * dims + d]!
    steps = 0
    cheapest = mostMs + 1
    search(0, 0, 0, 0)
    return steps > stepsMax ? relaxed : cheapest
  }

  const boundOf = (
    h: number,
    load: Float64Array,
    joining: number,
    status: Uint8Array,
    free: number,
    settledAt: Int32Array | null,
    mostMs: number,
  ): number => {
    let bound = 0
    const of = ordersOf(h)
    for (let d = 0; d < dims; d++) {
      need[d] = load[h * dims + d]! - limit[h * dims + d]! + (joining < 0 ? 0 : demand[joining * dims + d]!)
      if (need[d]! <= 0) continue
      const relaxed = fractionalBound(of.byRatio[d]!, d, need[d]!, status, free)
      if (relaxed > mostMs || relaxed === Number.POSITIVE_INFINITY) return relaxed
      bound = Math.max(bound, relaxed, cardinalityBound(of, d, need[d]!, status, free))
    }
    if (bound > mostMs) return bound
    const heedsRules = settledAt !== null && hasIncompatible[h] === 1
    if (bound === 0 && !heedsRules) return 0
    collectFree(h, status, free)
    someConflict = false
    mustLeave = 0
    if (heedsRules && !readConflicts(h, status, free, settledAt, joining) && bound === 0) return 0
    return solveCover(bound, mostMs)
  }

  return {
    bound: (h, load, status, free, settledAt) =>
      boundOf(h, load, -1, status, free, settledAt, Number.POSITIVE_INFINITY),
    boundWith: (v, h, load, status, free, settledAt, mostMs) =>
      boundOf(h, load, v, status, free, settledAt, mostMs),
    cheapestCover: (h, load, status, free) => {
      let over = false
      for (let d = 0; d < dims; d++) {
        need[d] = load[h * dims + d]! - limit[h * dims + d]!
        if (need[d]! > 0) over = true
      }
      if (!over) return noVms
      stepsMax = coverStepsMax
      someConflict = false
      mustLeave = 0
      collectFree(h, status, free)
      solveCover(0, Number.POSITIVE_INFINITY)
      stepsMax = boundStepsMax
      return cheapest === Number.POSITIVE_INFINITY ? null : cheapestItems.slice(0, cheapestCount)
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
