/**
 * Where all VMs are while they move one after the other: which VM may go where, by limits, continuous rules and rules of
 * order. A state that a plan reaches with parallel actions is also reached with one action at a time, in the order of
 * their ends. So this is all that a search for an order has to know.
 */
import type { Model } from '../model/model.ts'
import { arrivalCap } from '../problem/situation.ts'
import {
  createCapacityPools,
  createUsedHostsLimits,
  moveBetweenPools,
  poolsHaveRoom,
  predecessors,
} from './capacity-pools.ts'
import type { ContinuousRules } from './continuous-rules.ts'
import { flip, keyOf, type ZobristHash } from './zobrist.ts'

export interface OrderState {
  /** Host index per VM; −1 = nowhere. */
  readonly at: Int32Array
  /** May the VM go to that host (−1 = away from any) now? */
  readonly canMove: (v: number, h: number) => boolean
  readonly move: (v: number, h: number) => void
  /** Takes the last `move` back. */
  readonly undo: () => void
  readonly depth: () => number
  /** Equal for states from which the same can follow; 53 bits. */
  readonly key: () => number
  /** [host × dims] */
  readonly load: Float64Array
  /** Limits, or what is there now where that is more. [host × dims] */
  readonly cap: Float64Array
}

/** `start`: where each VM runs before anything happens. */
export const startOf = (model: Model): Int32Array =>
  Int32Array.from(model.home, (h, v) => (model.vms[v]!.state === 'running' ? h : -1))

export const createOrderState = (
  model: Model,
  start: Int32Array,
  continuous: ContinuousRules,
): OrderState => {
  const { dims, wants, hostCount, vmCount, limit } = model
  const at = Int32Array.from(start)
  const load = new Float64Array(hostCount * dims)
  for (let v = 0; v < vmCount; v++)
    if (at[v]! >= 0) for (let d = 0; d < dims; d++) load[at[v]! * dims + d]! += wants[v * dims + d]!
  const cap = Float64Array.from(limit, (amount, i) =>
    arrivalCap(model.hosts[Math.floor(i / dims)]!, i % dims, amount, load[i]!),
  )
  const pools = createCapacityPools(model, at)
  const usedHostsLimits = createUsedHostsLimits(model, at)
  const before = predecessors(model)
  const after = new Map<number, number[]>()
  for (const [v, list] of before) for (const first of list) after.set(first, [...(after.get(first) ?? []), v])
  /** How often a VM of a rule of order has acted, and a VM has come to a host. */
  const acts = new Int32Array(vmCount)
  const visits = new Int32Array(hostCount)
  const path: number[] = []
  const origins: number[] = []
  const hash: ZobristHash = { high: 0, low: 0 }
  const flipPlace = (v: number): void => flip(hash, v * (hostCount + 1) + at[v]! + 1)
  const base = vmCount * (hostCount + 1)

  const relocate = (v: number, h: number): void => {
    const from = at[v]!
    flipPlace(v)
    at[v] = h
    flipPlace(v)
    for (let d = 0; d < dims; d++) {
      const amount = wants[v * dims + d]!
      if (from >= 0) load[from * dims + d]! -= amount
      if (h >= 0) load[h * dims + d]! += amount
    }
    moveBetweenPools(pools, v, from, h)
  }
  /** Only where rules look at the past. */
  const noteHistory = (v: number, h: number, by: number): void => {
    if (before.size > 0 && after.has(v)) {
      if (acts[v]! === 0 || acts[v]! + by === 0) flip(hash, base + v)
    }
    acts[v]! += by
    if (usedHostsLimits.length === 0 || h < 0) return
    if (visits[h] === 0 || visits[h]! + by === 0) flip(hash, base + vmCount + h)
    visits[h]! += by
    for (const usedHosts of usedHostsLimits) {
      if (usedHosts.inside[h] === 0 || usedHosts.used[h] === 1) continue
      if (visits[h] === (by > 0 ? 1 : 0)) usedHosts.count += by
    }
  }

  const canMove = (v: number, h: number): boolean => {
    if (h === at[v]) return false
    if (before.size > 0) for (const later of after.get(v) ?? []) if (acts[later]! > 0) return false
    if (h < 0) return true
    for (let d = 0; d < dims; d++) {
      const amount = wants[v * dims + d]!
      if (amount > 0 && load[h * dims + d]! + amount > cap[h * dims + d]!) return false
    }
    if (!poolsHaveRoom(pools, v, h)) return false
    for (const usedHosts of usedHostsLimits)
      if (
        usedHosts.inside[h] === 1 &&
        usedHosts.used[h] === 0 &&
        visits[h] === 0 &&
        usedHosts.count >= usedHosts.max
      )
        return false
    return continuous.brokenBy(at, v, h) < 0
  }

  return {
    at,
    load,
    cap,
    canMove,
    move: (v, h) => {
      path.push(v)
      origins.push(at[v]!)
      relocate(v, h)
      noteHistory(v, h, 1)
    },
    undo: () => {
      const v = path.pop()!
      const h = at[v]!
      relocate(v, origins.pop()!)
      noteHistory(v, h, -1)
    },
    depth: () => path.length,
    key: () => keyOf(hash),
  }
}
