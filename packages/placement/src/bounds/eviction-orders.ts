/** The VMs of each host in the orders that the covering bound needs. */
import type { Model } from '../model/model.ts'

/** VMs of one host. Static: a VM's home never changes during a search. */
export interface HostOrders {
  /** Per dimension, cheapest per unit of demand first. */
  readonly byRatio: readonly Int32Array[]
  /** Per dimension, largest demand first. */
  readonly byDemand: readonly Int32Array[]
  /** Cheapest first. */
  readonly byCost: Int32Array
}

export interface EvictionOrders {
  /** Made when first asked for: most hosts are never in trouble. */
  readonly of: (h: number) => HostOrders
  /** The VMs whose home is `h`, best to evict first. */
  readonly homeVms: (h: number) => Int32Array
  /** The largest number of VMs of one host. */
  readonly longest: number
}

export const createEvictionOrders = (model: Model): EvictionOrders => {
  const { hostCount, vmCount, active, fixed, home } = model
  const lists: number[][] = Array.from({ length: hostCount }, () => [])
  for (let v = 0; v < vmCount; v++)
    if (active[v] === 1 && fixed[v] === 0 && home[v]! >= 0) lists[home[v]!]!.push(v)
  const known: (HostOrders | undefined)[] = new Array(hostCount)
  const evictionOrder: (Int32Array | undefined)[] = new Array(hostCount)
  const of = (h: number): HostOrders => {
    const there = known[h]
    if (there !== undefined) return there
    const made = sortHost(model, lists[h]!)
    known[h] = made
    return made
  }
  return {
    of,
    homeVms: (h) => {
      const there = evictionOrder[h]
      if (there !== undefined) return there
      const made = bestToEvict(model, h, of(h).byCost)
      evictionOrder[h] = made
      return made
    },
    longest: lists.reduce((most, list) => Math.max(most, list.length), 1),
  }
}

const sortHost = ({ dims, demand, moveMs }: Model, list: readonly number[]): HostOrders => {
  // Compared by cross-multiplication: no division, so no rounding in decisions.
  const ratio = (d: number) => (a: number, b: number) =>
    moveMs[a]! * demand[b * dims + d]! - moveMs[b]! * demand[a * dims + d]! || a - b
  return {
    byRatio: Array.from({ length: dims }, (_, d) =>
      Int32Array.from(list.filter((v) => demand[v * dims + d]! > 0).sort(ratio(d))),
    ),
    byDemand: Array.from({ length: dims }, (_, d) =>
      Int32Array.from([...list].sort((a, b) => demand[b * dims + d]! - demand[a * dims + d]! || a - b)),
    ),
    byCost: Int32Array.from([...list].sort((a, b) => moveMs[a]! - moveMs[b]! || a - b)),
  }
}

/** By cost per summed permille of the host's limits, the cheapest first. */
const bestToEvict = ({ dims, demand, limit, moveMs }: Model, h: number, vms: Int32Array): Int32Array => {
  const permille = (v: number) => {
    let total = 1
    for (let d = 0; d < dims; d++)
      total += Math.floor((demand[v * dims + d]! * 1000) / Math.max(1, limit[h * dims + d]!))
    return total
  }
  return Int32Array.from(vms).sort((a, b) => moveMs[a]! * permille(b) - moveMs[b]! * permille(a) || a - b)
}
