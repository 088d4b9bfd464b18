/** An assignment that is changed move by move: the VMs on each host and what it carries, always up to date. */
import type { Model } from './model.ts'

export interface Assignment {
  readonly model: Model
  /** Host index per VM, −1 = nowhere. Changed by `assign` only. */
  readonly at: Int32Array
  /** [host × dims] */
  readonly load: Float64Array
  /** The active VMs on a host, in no order. */
  readonly vmsOn: readonly number[][]
  /** The active VMs whose home it is. */
  readonly homeVms: readonly (readonly number[])[]
  /** −1 = nowhere. */
  readonly assign: (v: number, h: number) => void
  /** Is there room for the VM, and may it be there? */
  readonly fits: (v: number, h: number) => boolean
  /** Would the VM violate a hard rule there? */
  readonly violatesHard: (v: number, h: number) => boolean
  /** Would it violate a soft one? */
  readonly violatesSoft: (v: number, h: number) => boolean
  readonly overloaded: (h: number) => boolean
  /** Not at home, or to be started. */
  readonly moved: (v: number) => boolean
}

export const createAssignment = (model: Model, start: Int32Array): Assignment => {
  const { hostCount, vmCount, dims, demand, limit, active, home, starts, domain, constraintsOn } = model
  const at = Int32Array.from(start)
  const load = new Float64Array(hostCount * dims)
  const vmsOn: number[][] = Array.from({ length: hostCount }, () => [])
  const homeVms: number[][] = Array.from({ length: hostCount }, () => [])
  const add = (v: number, h: number, sign: number): void => {
    for (let d = 0; d < dims; d++) load[h * dims + d]! += sign * demand[v * dims + d]!
  }
  for (let v = 0; v < vmCount; v++) {
    if (active[v] === 0) continue
    if (home[v]! >= 0) homeVms[home[v]!]!.push(v)
    if (at[v]! < 0) continue
    vmsOn[at[v]!]!.push(v)
    add(v, at[v]!, 1)
  }
  const violates = (v: number, h: number, hard: boolean): boolean => {
    const constraints = constraintsOn[v]!
    for (let i = 0; i < constraints.length; i++)
      if (constraints[i]!.weight < 0 === hard && constraints[i]!.clashes(at, v, h)) return true
    return false
  }
  return {
    model,
    at,
    load,
    vmsOn,
    homeVms,
    assign: (v, h) => {
      const from = at[v]!
      if (from >= 0) {
        const list = vmsOn[from]!
        list[list.indexOf(v)] = list[list.length - 1]!
        list.pop()
        add(v, from, -1)
      }
      at[v] = h
      if (h < 0) return
      vmsOn[h]!.push(v)
      add(v, h, 1)
    },
    fits: (v, h) => {
      if (domain[v]![h] === 0) return false
      for (let d = 0; d < dims; d++)
        if (load[h * dims + d]! + demand[v * dims + d]! > limit[h * dims + d]!) return false
      return true
    },
    violatesHard: (v, h) => violates(v, h, true),
    violatesSoft: (v, h) => violates(v, h, false),
    overloaded: (h) => {
      for (let d = 0; d < dims; d++) if (load[h * dims + d]! > limit[h * dims + d]!) return true
      return false
    },
    moved: (v) => at[v] !== home[v] || starts[v] === 1,
  }
}
