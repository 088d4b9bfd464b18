/**
 * Which VMs can ever leave their hosts, in any order of moves? A relaxation: room counts as soon as the VMs that would have to
 * make it can leave one by one, wherever they then are, up to all the room there is. So a VM that cannot leave by this count
 * cannot leave at all. Where nearly everything is full, this decides at once what a search would take long to exhaust.
 */
import type { Model } from '../model/model.ts'

export interface Mobility {
  /** Per VM: 1 = may be able to leave. */
  readonly mobile: Uint8Array
  /** The most room that a host may ever have. [host × dims] */
  readonly room: Float64Array
  readonly fits: (v: number, h: number) => boolean
}

/**
 * `able`: VMs that may migrate (1), or leave in any case (2: stopped, suspended). `at`, `load` and `cap` are as in
 * `OrderState`.
 */
export const mobilityOf = (
  model: Model,
  able: Uint8Array,
  { at, load, cap }: { readonly at: Int32Array; readonly load: Float64Array; readonly cap: Float64Array },
): Mobility => {
  const { dims, wants, hostCount, vmCount, domain } = model
  const room = Float64Array.from(cap, (amount, i) => amount - load[i]!)
  /** All the room there is: migrations do not make it more. */
  const spare = new Float64Array(dims)
  for (let i = 0; i < room.length; i++) spare[i % dims]! += room[i]!
  const mobile = new Uint8Array(vmCount)
  const fits = (v: number, h: number): boolean => {
    for (let d = 0; d < dims; d++) {
      const amount = wants[v * dims + d]!
      if (amount > 0 && amount > Math.min(room[h * dims + d]!, spare[d]!)) return false
    }
    return true
  }
  const leaves = (v: number): void => {
    mobile[v] = 1
    if (at[v]! >= 0) for (let d = 0; d < dims; d++) room[at[v]! * dims + d]! += wants[v * dims + d]!
  }
  for (let v = 0; v < vmCount; v++)
    if (able[v] === 2) {
      leaves(v)
      if (at[v]! >= 0) for (let d = 0; d < dims; d++) spare[d]! += wants[v * dims + d]!
    }
  for (let grown = true; grown; ) {
    grown = false
    for (let v = 0; v < vmCount; v++) {
      if (mobile[v] === 1 || able[v] !== 1 || at[v]! < 0) continue
      for (let h = 0; h < hostCount; h++) {
        if (h === at[v] || domain[v]![h] === 0 || !fits(v, h)) continue
        leaves(v)
        grown = true
        break
      }
    }
  }
  return { mobile, room, fits }
}
