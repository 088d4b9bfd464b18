/** The placement that tabu search is at: no hard rule is violated, but hosts may be overloaded. */
import type { Model } from '../model/model.ts'

export interface TabuState {
  readonly model: Model
  readonly at: Int32Array
  /** [host × dims] */
  readonly load: Float64Array
  readonly vmsOn: readonly number[][]
  /** What a unit of excess counts in each dimension. */
  readonly weight: readonly number[]
  /** Until which iteration a VM stays put. */
  readonly tabuUntil: Int32Array
  /** The excess of all hosts now, and the least that was met. */
  total: number
  least: number
}

/** Null: some VM has no host that rules allow. */
export const createTabuState = (model: Model, start: Int32Array): TabuState | null => {
  const { hostCount, vmCount, dims, active, fixed, domain } = model
  const s: TabuState = {
    model,
    at: Int32Array.from(start),
    load: new Float64Array(hostCount * dims),
    vmsOn: Array.from({ length: hostCount }, () => []),
    weight: weightsOf(model),
    tabuUntil: new Int32Array(vmCount),
    total: 0,
    least: 0,
  }
  // VMs without a host, or where they may not be, first go where they add least excess.
  const unplaced: number[] = []
  for (let v = 0; v < vmCount; v++) {
    if (active[v] === 0) continue
    const h = s.at[v]!
    s.at[v] = -1
    if (fixed[v] === 1 || (h >= 0 && domain[v]![h] === 1 && !clash(s, v, h))) move(s, v, h)
    else unplaced.push(v)
  }
  for (const v of unplaced) {
    const h = roomiestHost(s, v)
    if (h < 0) return null
    move(s, v, h)
  }
  for (let h = 0; h < hostCount; h++) s.total += excessAt(s, h, -1, -1)
  s.least = s.total
  return s
}

const roomiestHost = (s: TabuState, v: number): number => {
  const { hostCount, domain } = s.model
  let chosen = -1
  let least = Number.POSITIVE_INFINITY
  for (let h = 0; h < hostCount; h++) {
    if (domain[v]![h] === 0 || clash(s, v, h)) continue
    const more = excessAt(s, h, v, -1) - excessAt(s, h, -1, -1)
    if (more >= least) continue
    least = more
    chosen = h
  }
  return chosen
}

/** Excess is compared across dimensions, so amounts are scaled to the largest limit of each. */
const weightsOf = ({ hostCount, dims, limit }: Model): readonly number[] => {
  const largest = new Float64Array(dims).fill(1)
  for (let h = 0; h < hostCount; h++)
    for (let d = 0; d < dims; d++) largest[d] = Math.max(largest[d]!, limit[h * dims + d]!)
  const most = largest.reduce((all, one) => Math.max(all, one), 1)
  return Array.from(largest, (one) => Math.max(1, Math.floor((1000 * most) / one)))
}

export const isMovable = ({ model }: TabuState, v: number): boolean =>
  model.active[v] === 1 && model.fixed[v] === 0

/** Would the VM violate a hard rule on that host? */
export const clash = ({ model, at }: TabuState, v: number, h: number): boolean => {
  const constraints = model.constraintsOn[v]!
  for (let i = 0; i < constraints.length; i++)
    if (constraints[i]!.weight < 0 && constraints[i]!.clashes(at, v, h)) return true
  return false
}

/** The excess of host `h` with VM `plus` added and VM `minus` removed; −1 = none. */
export const excessAt = (s: TabuState, h: number, plus: number, minus: number): number => {
  const { load, weight } = s
  const { dims, limit, demand } = s.model
  let excess = 0
  for (let d = 0; d < dims; d++) {
    let over = load[h * dims + d]! - limit[h * dims + d]!
    if (plus >= 0) over += demand[plus * dims + d]!
    if (minus >= 0) over -= demand[minus * dims + d]!
    if (over > 0) excess += over * weight[d]!
  }
  return excess
}

export const move = (s: TabuState, v: number, h: number): void => {
  const { at, load, vmsOn } = s
  const { dims, demand } = s.model
  const old = at[v]!
  if (old >= 0) {
    for (let d = 0; d < dims; d++) load[old * dims + d]! -= demand[v * dims + d]!
    vmsOn[old]!.splice(vmsOn[old]!.indexOf(v), 1)
  }
  at[v] = h
  for (let d = 0; d < dims; d++) load[h * dims + d]! += demand[v * dims + d]!
  vmsOn[h]!.push(v)
}
