/** An assignment that is changed move by move: who is on each host and what it carries, always up to date. */
import type { Model } from './model.ts'

export interface Board {
  readonly model: Model
  /** Host index per VM, −1 = nowhere. Changed by `put` only. */
  readonly at: Int32Array
  /** [host × dims] */
  readonly load: Float64Array
  /** The active VMs on a host, in no order. */
  readonly present: readonly number[][]
  /** The active VMs whose home it is. */
  readonly natives: readonly (readonly number[])[]
  /** −1 = nowhere. */
  readonly put: (v: number, h: number) => void
  /** Is there room for the VM, and may it be there? */
  readonly fits: (v: number, h: number) => boolean
  /** Would it break a hard rule there? */
  readonly clashes: (v: number, h: number) => boolean
  /** Would it break a soft one? */
  readonly offends: (v: number, h: number) => boolean
  readonly overloaded: (h: number) => boolean
  /** Not at home, or to be started. */
  readonly moved: (v: number) => boolean
}

export const createBoard = (model: Model, start: Int32Array): Board => {
  const { hostCount, vmCount, dims, demand, limit, active, home, starts, domain, partsOf } = model
  const at = Int32Array.from(start)
  const load = new Float64Array(hostCount * dims)
  const present: number[][] = Array.from({ length: hostCount }, () => [])
  const natives: number[][] = Array.from({ length: hostCount }, () => [])
  const add = (v: number, h: number, sign: number): void => {
    for (let d = 0; d < dims; d++) load[h * dims + d]! += sign * demand[v * dims + d]!
  }
  for (let v = 0; v < vmCount; v++) {
    if (active[v] === 0) continue
    if (home[v]! >= 0) natives[home[v]!]!.push(v)
    if (at[v]! < 0) continue
    present[at[v]!]!.push(v)
    add(v, at[v]!, 1)
  }
  const clashing = (v: number, h: number, hard: boolean): boolean => {
    const parts = partsOf[v]!
    for (let i = 0; i < parts.length; i++)
      if (parts[i]!.weight < 0 === hard && parts[i]!.clashes(at, v, h)) return true
    return false
  }
  return {
    model,
    at,
    load,
    present,
    natives,
    put: (v, h) => {
      const from = at[v]!
      if (from >= 0) {
        const list = present[from]!
        list[list.indexOf(v)] = list[list.length - 1]!
        list.pop()
        add(v, from, -1)
      }
      at[v] = h
      if (h < 0) return
      present[h]!.push(v)
      add(v, h, 1)
    },
    fits: (v, h) => {
      if (domain[v]![h] === 0) return false
      for (let d = 0; d < dims; d++)
        if (load[h * dims + d]! + demand[v * dims + d]! > limit[h * dims + d]!) return false
      return true
    },
    clashes: (v, h) => clashing(v, h, true),
    offends: (v, h) => clashing(v, h, false),
    overloaded: (h) => {
      for (let d = 0; d < dims; d++) if (load[h * dims + d]! > limit[h * dims + d]!) return true
      return false
    },
    moved: (v) => at[v] !== home[v] || starts[v] === 1,
  }
}
