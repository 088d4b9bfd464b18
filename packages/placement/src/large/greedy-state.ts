/** The state of the greedy placement: where VMs are so far, which have left and have no place, how full hosts are. */
import type { CoveringBound } from '../bounds/covering-bound.ts'
import type { SearchSpace } from '../exact/search-state.ts'
import type { CompiledConstraint } from '../model/constraints/compiled-constraint.ts'
import type { Model } from '../model/model.ts'

/**
 * Which untouched host is opened: `roomiest` touches few, since more will come there; `tightest` leaves large room
 * whole, for where it is scarce.
 */
export type Opening = 'roomiest' | 'tightest'

export interface GreedyState {
  readonly model: Model
  readonly covering: CoveringBound
  readonly opening: Opening
  /** Host index per VM, −1 = nowhere. */
  readonly at: Int32Array
  /** [host × dims] */
  readonly load: Float64Array
  /** `free`: at home, and may be evicted; `settled`. [vm] */
  readonly status: Uint8Array
  /** VMs that need another host, in the order in which they are placed. */
  readonly evicted: number[]
  /** 1 = a host that shall carry nothing. */
  readonly emptied: Uint8Array
  /** Constraints that hold by emptied hosts: they need not be asked again. */
  readonly doneByHosts: Set<CompiledConstraint>
  /** 1 = some VM comes to the host or leaves it. */
  readonly touched: Uint8Array
  /** An upper bound of the room of any host, and whether it may be too high. [dims] */
  readonly mostRoom: Float64Array
  stale: boolean
  /** Proven: any cure costs at least this many ms of migration. */
  boundMs: number
}

export const free = 0
export const settled = 1

/** VMs that may not stay where they are have left; the others are at home. */
export const createGreedyState = ({ model, covering }: SearchSpace, opening: Opening): GreedyState => {
  const { hostCount, vmCount, dims, demand, home, active, fixed, moveMs, domain } = model
  const s: GreedyState = {
    model,
    covering,
    opening,
    at: new Int32Array(vmCount).fill(-1),
    load: new Float64Array(hostCount * dims),
    status: new Uint8Array(vmCount).fill(settled),
    evicted: [],
    emptied: new Uint8Array(hostCount),
    doneByHosts: new Set(),
    touched: new Uint8Array(hostCount),
    mostRoom: new Float64Array(dims).fill(Number.POSITIVE_INFINITY),
    stale: true,
    boundMs: 0,
  }
  for (let v = 0; v < vmCount; v++) {
    const h = home[v]!
    if (active[v] === 0) continue
    if (h < 0 || (fixed[v] === 0 && domain[v]![h] === 0)) {
      s.evicted.push(v)
      s.boundMs += moveMs[v]!
      continue
    }
    s.at[v] = h
    if (fixed[v] === 0) s.status[v] = free
    for (let d = 0; d < dims; d++) s.load[h * dims + d]! += demand[v * dims + d]!
  }
  return s
}

/** The VM leaves its host for good. */
export const evict = (s: GreedyState, v: number): void => {
  leave(s, v)
  s.status[v] = settled
  s.evicted.push(v)
}

export const leave = ({ model, at, load }: GreedyState, v: number): void => {
  const { dims, demand } = model
  for (let d = 0; d < dims; d++) load[at[v]! * dims + d]! -= demand[v * dims + d]!
  at[v] = -1
}

/** The VM comes to host `h`. */
export const place = (s: GreedyState, v: number, h: number): void => {
  s.stale = true
  s.touched[h] = 1
  stay(s, v, h)
}

/** The VM is on host `h`, which touches nothing. */
export const stay = ({ model, at, load }: GreedyState, v: number, h: number): void => {
  const { dims, demand } = model
  at[v] = h
  for (let d = 0; d < dims; d++) load[h * dims + d]! += demand[v * dims + d]!
}

/** Measures the room again, if that may have changed. */
export const measureRoom = (s: GreedyState): void => {
  const { hosts, hostCount } = s.model
  if (!s.stale) return
  s.stale = false
  s.mostRoom.fill(Number.NEGATIVE_INFINITY)
  for (let h = 0; h < hostCount; h++) if (hosts[h]!.state === 'online') noteRoom(s, h)
}

/** Room has come free on host `h`. */
export const noteRoom = ({ model, load, mostRoom }: GreedyState, h: number): void => {
  const { dims, limit } = model
  for (let d = 0; d < dims; d++)
    mostRoom[d] = Math.max(mostRoom[d]!, limit[h * dims + d]! - load[h * dims + d]!)
}
