/** Propagation at a node of the Lagrangian search: hosts that are full, or that a rule forbids, leave the domains of VMs. */
import type { Model } from '../model/model.ts'
import type { RuleGroups } from './rule-groups.ts'

export interface Propagation {
  readonly model: Model
  readonly movers: Int32Array
  readonly groups: RuleGroups
  /** The host of each VM that has but one, −1 = undecided. */
  readonly settled: Int32Array
  /** What the settled VMs leave of the limits. [host × dims] */
  readonly room: Float64Array
}

export const createPropagation = (model: Model, movers: Int32Array, groups: RuleGroups): Propagation => {
  const { vmCount, hostCount, dims, active, fixed, home } = model
  const settled = new Int32Array(vmCount).fill(-1)
  for (let v = 0; v < vmCount; v++) if (active[v] === 1 && fixed[v] === 1) settled[v] = home[v]!
  return { model, movers, groups, settled, room: new Float64Array(hostCount * dims) }
}

/** Until nothing changes. `allowed[v × hosts + h]`: 1 = may be there. False: some VM has no host left. */
export const propagate = (p: Propagation, allowed: Uint8Array): boolean => {
  for (;;) {
    if (!settle(p, allowed)) return false
    const filtered = p.groups.filter(allowed, p.settled)
    if (filtered === 'impossible') return false
    if (filtered === 'some') continue
    const struck = strikeOut(p, allowed)
    if (struck === 'impossible') return false
    if (struck === 'nothing') return true
  }
}

/** VMs with one host are settled there; false: a VM has none, or they do not fit. */
const settle = (p: Propagation, allowed: Uint8Array): boolean => {
  const { movers, settled, room } = p
  const { vmCount, hostCount, limit, active, fixed, home } = p.model
  room.set(limit)
  for (let v = 0; v < vmCount; v++) if (active[v] === 1 && fixed[v] === 1) takeRoom(p, v, home[v]!)
  for (const v of movers) {
    settled[v] = -1
    let count = 0
    let last = -1
    for (let h = 0; h < hostCount; h++)
      if (allowed[v * hostCount + h] === 1) {
        count++
        last = h
      }
    if (count === 0) return false
    if (count > 1) continue
    settled[v] = last
    takeRoom(p, v, last)
  }
  for (let i = 0; i < room.length; i++) if (room[i]! < 0) return false
  return true
}

const takeRoom = ({ model, room }: Propagation, v: number, h: number): void => {
  const { dims, demand } = model
  for (let d = 0; d < dims; d++) room[h * dims + d]! -= demand[v * dims + d]!
}

/** Hosts without the room, and those where the settled VMs and a rule leave no place. */
const strikeOut = (
  { model, movers, settled, room }: Propagation,
  allowed: Uint8Array,
): 'nothing' | 'some' | 'impossible' => {
  const { hostCount, dims, demand, constraintsOn } = model
  let changed = false
  for (const v of movers) {
    const alone = settled[v]! >= 0
    const of = constraintsOn[v]!
    if (alone && of.length === 0) continue
    for (let h = 0; h < hostCount; h++) {
      if (allowed[v * hostCount + h] === 0) continue
      let out = false
      for (let d = 0; d < dims && !alone; d++) if (demand[v * dims + d]! > room[h * dims + d]!) out = true
      for (let i = 0; i < of.length && !out; i++) if (of[i]!.clashes(settled, v, h)) out = true
      if (!out) continue
      if (alone) return 'impossible'
      allowed[v * hostCount + h] = 0
      changed = true
    }
  }
  return changed ? 'some' : 'nothing'
}
