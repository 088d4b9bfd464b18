/** VMs without a host, or where they may not be: an ejection chain makes a place, or else an exact search around them. */
import { fullestFit, isSpent, looksPerNode, type RepairState } from './repair-state.ts'
import { searchAround } from './search-around.ts'

const nodesPerVm = 20

export const placeUnplaced = (s: RepairState): void => {
  const { at, model } = s.assignment
  const { vmCount, active, fixed, home, domain } = model
  const misplaced = (v: number): boolean =>
    active[v] === 1 && fixed[v] === 0 && (at[v]! < 0 || domain[v]![at[v]!] === 0)
  for (let v = 0; v < vmCount && !isSpent(s); v++) {
    if (!misplaced(v)) continue
    s.nodes += nodesPerVm
    if (ejectionChain(s, v)) continue
    const own = [at[v]!, home[v]!].filter((h, i, all) => h >= 0 && all.indexOf(h) === i)
    searchAround(s, own, [v])
  }
}

/** The VM goes to a host from which, if need be, one other VM goes to a third. */
const ejectionChain = (s: RepairState, v: number): boolean => {
  const { at, vmsOn, assign, model } = s.assignment
  const { hostCount, home, domain } = model
  const from = at[v]!
  const direct = fullestFit(s, v, from)
  if (direct >= 0) {
    assign(v, direct)
    return true
  }
  // A VM that has moved anyway makes way at no cost; only then one that would not have moved.
  for (const alsoHomeVms of [false, true])
    for (let h = 0; h < hostCount; h++) {
      if (h === from || h === home[v] || domain[v]![h] === 0) continue
      if (isSpent(s)) return false
      s.nodes += vmsOn[h]!.length / looksPerNode
      for (const u of vmsOn[h]!)
        if (mayMakeWay(s, u, v, h, alsoHomeVms) && eject(s, u, v, from, h)) return true
    }
  return false
}

/** Is there room for VM `v` on host `h` once VM `u` has left it? */
const mayMakeWay = (s: RepairState, u: number, v: number, h: number, alsoHomeVms: boolean): boolean => {
  const { load, model } = s.assignment
  const { dims, demand, limit, fixed, home, starts } = model
  if (fixed[u] === 1 || (home[u] === h && (!alsoHomeVms || starts[u] === 1))) return false
  for (let d = 0; d < dims; d++) {
    const i = h * dims + d
    if (load[i]! - demand[u * dims + d]! + demand[v * dims + d]! > limit[i]!) return false
  }
  return true
}

/** VM `u` leaves host `h` for a third, VM `v` comes there; false, and all as before: rules or room forbid it. */
const eject = (s: RepairState, u: number, v: number, from: number, h: number): boolean => {
  const { assign, violatesHard } = s.assignment
  assign(u, -1)
  if (!violatesHard(v, h)) {
    assign(v, h)
    const to = fullestFit(s, u, h)
    if (to >= 0) {
      assign(u, to)
      return true
    }
    assign(v, from)
  }
  assign(u, h)
  return false
}
