/**
 * A few hosts of a data centre as a problem of their own: the VMs that are there now or belong there, with all
 * other VMs where they are. Its cost differs from that of the whole by a constant, so what is better here is better there,
 * and making it takes microseconds where preparing a search of the whole takes milliseconds.
 */
import type { Assignment } from '../model/assignment.ts'
import type { HostSubset } from '../model/constraints/compiled-constraint.ts'
import type { Model } from '../model/model.ts'
import { restrictConstraints, translation } from './restricted-constraints.ts'
import { hostIn, restrictModel } from './restricted-model.ts'

export interface Neighbourhood {
  readonly model: Model
  /** The hosts that the search may change: all but the last, which stands for all others. */
  readonly open: Uint8Array
  readonly start: Int32Array
  /** Ends it, with a better assignment than `start` or none. To be called before the next is asked for. */
  readonly settle: (found: Int32Array | null) => void
}

/** These hosts; `guests`: also these VMs, wherever they are. */
export type NeighbourhoodOf = (hosts: readonly number[], guests: readonly number[]) => Neighbourhood

/** Neighbourhoods of the assignment, one at a time. */
export const createNeighbourhoods = (assignment: Assignment): NeighbourhoodOf => {
  const { model, at } = assignment
  const vmHere = new Int32Array(model.vmCount).fill(-1)
  const hostHere = new Int32Array(model.hostCount).fill(-1)
  let widest = 0
  for (const constraint of model.constraints)
    if (constraint.restrictedTo === undefined) widest = Math.max(widest, constraint.scope.length)
  const conflict = new Int32Array(widest)

  return (hosts, guests) => {
    hosts.forEach((h, i) => {
      hostHere[h] = i
    })
    const vms = collectVms(assignment, hosts, guests, vmHere)
    const elsewhere = hosts.length
    const subset: HostSubset = { vms, hosts, elsewhere, vmHere, hostHere, at }
    const start = Int32Array.from(vms, (v) => hostIn(subset, at[v]!))
    /** Where the VMs are that are on the host that stands for all others. */
    const outside = Int32Array.from(vms, (v, i) => (start[i] === elsewhere ? at[v]! : model.home[v]!))
    const hostOf = (i: number, h: number): number => (h < 0 ? -1 : h === elsewhere ? outside[i]! : hosts[h]!)
    const restricted = restrictConstraints(model, subset, translation(subset, hostOf, conflict))
    return {
      model: restrictModel(model, subset, restricted),
      open: Uint8Array.from({ length: elsewhere + 1 }, (_, h) => (h === elsewhere ? 0 : 1)),
      start,
      settle: (found) => {
        // What the constraints have written while the search went on.
        for (let i = 0; i < vms.length; i++) at[vms[i]!] = hostOf(i, start[i]!)
        if (found !== null)
          for (let i = 0; i < vms.length; i++)
            if (found[i] !== start[i]) assignment.assign(vms[i]!, found[i]! < 0 ? -1 : hosts[found[i]!]!)
        for (const v of vms) vmHere[v] = -1
        for (const h of hosts) hostHere[h] = -1
      },
    }
  }
}

/** The VMs that are on the hosts or belong there, and the guests; `vmHere` becomes the index of each. */
const collectVms = (
  { vmsOn, homeVms }: Assignment,
  hosts: readonly number[],
  guests: readonly number[],
  vmHere: Int32Array,
): readonly number[] => {
  const vms: number[] = []
  const add = (v: number): void => {
    if (vmHere[v]! >= 0) return
    vmHere[v] = vms.length
    vms.push(v)
  }
  for (const h of hosts) {
    for (const v of homeVms[h]!) add(v)
    for (const v of vmsOn[h]!) add(v)
  }
  for (const v of guests) add(v)
  return vms
}
