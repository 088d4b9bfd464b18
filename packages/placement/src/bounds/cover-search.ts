/**
 * The cheapest set of VMs whose departure relieves a host, by depth-first search over its free VMs, cheapest first
 * (branch and bound for the covering knapsack with several dimensions and with pairs in conflict). Nothing is allocated
 * per search.
 */
import type { Model } from '../model/model.ts'
import type { EvictionOrders } from './eviction-orders.ts'
import { incompatibilitiesOf } from './incompatibilities.ts'

export interface CoverSearch {
  readonly model: Model
  readonly orders: EvictionOrders
  /** Per VM those that may not be on its home together with it. */
  readonly incompatible: readonly Int32Array[]
  /** 1 = some VM of the host is incompatible with another. */
  readonly hasIncompatible: Uint8Array
  /** By how much the host is over its limits. [dims] */
  readonly need: Float64Array
  /** The free VMs of the host: items 0 … `count` − 1. */
  readonly items: Int32Array
  count: number
  /** By VM its item, −1 = none. Only while conflicts are read. */
  readonly itemOf: Int32Array
  /** What the items from `i` on can still remove. [item × dims] */
  readonly suffix: Float64Array
  /** Of the first `bitsMax` items: which of the others they cannot stay with. */
  readonly conflictMask: Int32Array
  someConflict: boolean
  /** Items that cannot stay at all, as bits. */
  mustLeave: number
  /** The items chosen on the way to this node, and the cheapest cover found. */
  readonly chosen: Int32Array
  readonly cheapestItems: Int32Array
  cheapestCount: number
  cheapest: number
  steps: number
  stepsMax: number
}

/** Conflicts are read among this many VMs of one host: a mask has no more bits. */
const bitsMax = 31

export const createCoverSearch = (model: Model, orders: EvictionOrders): CoverSearch => {
  const { hostCount, vmCount, dims, home } = model
  const incompatible = incompatibilitiesOf(model)
  const hasIncompatible = new Uint8Array(hostCount)
  for (let v = 0; v < vmCount; v++)
    if (home[v]! >= 0 && incompatible[v]!.length > 0) hasIncompatible[home[v]!] = 1
  return {
    model,
    orders,
    incompatible,
    hasIncompatible,
    need: new Float64Array(dims),
    items: new Int32Array(orders.longest),
    count: 0,
    itemOf: new Int32Array(vmCount).fill(-1),
    suffix: new Float64Array((orders.longest + 1) * dims),
    conflictMask: new Int32Array(bitsMax),
    someConflict: false,
    mustLeave: 0,
    chosen: new Int32Array(orders.longest),
    cheapestItems: new Int32Array(orders.longest),
    cheapestCount: 0,
    cheapest: 0,
    steps: 0,
    stepsMax: 0,
  }
}

/** The free VMs of host `h` become the items, without conflicts. */
export const collectFree = (s: CoverSearch, h: number, status: Uint8Array, free: number): void => {
  const order = s.orders.of(h).byCost
  const { items } = s
  let count = 0
  for (let i = 0; i < order.length; i++) if (status[order[i]!] === free) items[count++] = order[i]!
  s.count = count
  s.someConflict = false
  s.mustLeave = 0
}

/** Reads which items cannot stay together, or not with the settled VMs of the host; false when there is no conflict. */
export const readConflicts = (
  s: CoverSearch,
  h: number,
  status: Uint8Array,
  free: number,
  settledAt: Int32Array,
  joining: number,
): boolean => {
  const { itemOf, items, incompatible, conflictMask } = s
  const { home } = s.model
  s.someConflict = false
  s.mustLeave = 0
  const bits = Math.min(s.count, bitsMax)
  for (let i = 0; i < bits; i++) itemOf[items[i]!] = i
  for (let i = 0; i < bits; i++) {
    const of = incompatible[items[i]!]!
    conflictMask[i] = 0
    for (let k = 0; k < of.length; k++) {
      const u = of[k]!
      if (settledAt[u] === h || u === joining) s.mustLeave |= 1 << i
      else if (home[u] === h && status[u] === free && itemOf[u]! >= 0) conflictMask[i]! |= 1 << itemOf[u]!
    }
    if (conflictMask[i] !== 0) s.someConflict = true
  }
  for (let i = 0; i < bits; i++) itemOf[items[i]!] = -1
  return s.someConflict || s.mustLeave !== 0
}

/** The cost of the cheapest cover, as far as it is at most `mostMs`; `relaxed` when the steps run out. */
export const solveCover = (s: CoverSearch, relaxed: number, mostMs: number, stepsMax: number): number => {
  const { suffix, items } = s
  const { dims, demand } = s.model
  for (let d = 0; d < dims; d++) suffix[s.count * dims + d] = 0
  for (let i = s.count - 1; i >= 0; i--)
    for (let d = 0; d < dims; d++)
      suffix[i * dims + d] = suffix[(i + 1) * dims + d]! + demand[items[i]! * dims + d]!
  s.steps = 0
  s.stepsMax = stepsMax
  s.cheapest = mostMs + 1
  search(s, 0, 0, 0, 0)
  return s.steps > stepsMax ? relaxed : s.cheapest
}

/** Chooses among the items from `from` on. `stay`: the items passed over, as bits. */
const search = (s: CoverSearch, from: number, cost: number, depth: number, stay: number): void => {
  const { need, suffix, items, chosen, conflictMask } = s
  const { dims, demand, moveMs } = s.model
  let open = (s.someConflict || s.mustLeave !== 0) && stillInConflict(s, from, stay)
  for (let d = 0; d < dims; d++) {
    if (need[d]! <= 0) continue
    open = true
    if (suffix[from * dims + d]! < need[d]!) return
  }
  if (!open) {
    s.cheapest = cost
    s.cheapestCount = depth
    for (let i = 0; i < depth; i++) s.cheapestItems[i] = chosen[i]!
    return
  }
  let staying = stay
  for (let i = from; i < s.count; i++) {
    const v = items[i]!
    if (cost + moveMs[v]! >= s.cheapest || ++s.steps > s.stepsMax) return
    for (let d = 0; d < dims; d++) if (need[d]! > suffix[i * dims + d]!) return
    for (let d = 0; d < dims; d++) need[d]! -= demand[v * dims + d]!
    chosen[depth] = v
    search(s, i + 1, cost + moveMs[v]!, depth + 1, staying)
    for (let d = 0; d < dims; d++) need[d]! += demand[v * dims + d]!
    if (i >= bitsMax) continue
    if ((s.mustLeave & (1 << i)) !== 0 || (conflictMask[i]! & staying) !== 0) return
    staying |= 1 << i
  }
}

/** Is there an item from `from` on that conflicts with another one, or with an item that was passed over? */
const stillInConflict = (s: CoverSearch, from: number, stay: number): boolean => {
  const { conflictMask, count } = s
  const rest = from < bitsMax ? -1 << from : 0
  if ((s.mustLeave & rest) !== 0) return true
  for (let i = from; i < count && i < bitsMax; i++) if ((conflictMask[i]! & (stay | rest)) !== 0) return true
  return false
}
