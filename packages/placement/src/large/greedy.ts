/**
 * A first answer for problems of any size: from every overloaded host the cheapest set of VMs that relieves it,
 * each placed, largest first, where it fits best, on hosts that are touched already if possible. Its cost in
 * migrations equals the lower bound whenever everything finds a place.
 */

import type { SearchSpace } from '../exact/search-state.ts'
import type { CompiledConstraint } from '../model/constraints/compiled-constraint.ts'
import type { Model } from '../model/model.ts'

export interface Greedy {
  /** Host index per VM; a VM that found no place is at home, or nowhere if it has none. */
  readonly at: Int32Array
  /** VMs that should have moved and could not. */
  readonly failed: readonly number[]
  /** Proven: any cure costs at least this many ms of migration. */
  readonly boundMs: number
}

/** Only the bound: the VMs that must leave because they may not be where they are, plus the covering bound of every host. */
export const greedyBound = ({ model, covering }: SearchSpace): number => {
  const { hostCount, vmCount, dims, demand, home, active, fixed, moveMs, domain } = model
  const load = new Float64Array(hostCount * dims)
  const status = new Uint8Array(vmCount).fill(settled)
  let bound = 0
  for (let v = 0; v < vmCount; v++) {
    const h = home[v]!
    if (active[v] === 0 || h < 0) continue
    if (fixed[v] === 0 && domain[v]![h] === 0) {
      bound += moveMs[v]!
      continue
    }
    if (fixed[v] === 0) status[v] = free
    for (let d = 0; d < dims; d++) load[h * dims + d]! += demand[v * dims + d]!
  }
  for (let h = 0; h < hostCount; h++) {
    const ms = covering.bound(h, load, status, free, null)
    if (ms < Number.POSITIVE_INFINITY) bound += ms
  }
  return bound
}

/** Rules about more VMs than this are not about which VM meets which. */
const scopeMax = 1000
/** Worse than any touched host. */
const untouched = 1_000_000
const free = 0
const settled = 1

/**
 * Which untouched host is opened: `roomiest` touches few, since more will come there; `tightest` leaves large room
 * whole, for where it is scarce.
 */
export type Opening = 'roomiest' | 'tightest'

export const greedy = ({ model, covering }: SearchSpace, opening: Opening = 'roomiest'): Greedy => {
  const {
    hosts,
    hostCount,
    vmCount,
    dims,
    demand,
    limit,
    home,
    active,
    fixed,
    moveMs,
    domain,
    starts,
    constraints,
    constraintsOn,
  } = model
  const at = new Int32Array(vmCount).fill(-1)
  const load = new Float64Array(hostCount * dims)
  const status = new Uint8Array(vmCount).fill(settled)
  const evicted: number[] = []
  let boundMs = 0

  for (let v = 0; v < vmCount; v++) {
    const h = home[v]!
    if (active[v] === 0) continue
    if (h < 0 || (fixed[v] === 0 && domain[v]![h] === 0)) {
      evicted.push(v)
      boundMs += moveMs[v]!
      continue
    }
    at[v] = h
    if (fixed[v] === 0) status[v] = free
    for (let d = 0; d < dims; d++) load[h * dims + d]! += demand[v * dims + d]!
  }
  const evict = (v: number): void => {
    for (let d = 0; d < dims; d++) load[at[v]! * dims + d]! -= demand[v * dims + d]!
    at[v] = -1
    status[v] = settled
    evicted.push(v)
  }
  for (let h = 0; h < hostCount; h++) {
    const bound = covering.bound(h, load, status, free, null)
    if (bound === 0) continue
    if (bound < Number.POSITIVE_INFINITY) boundMs += bound
    for (const v of covering.cheapestCover(h, load, status, free) ?? covering.homeVms(h))
      if (status[v] === free) evict(v)
  }
  // Rules that are broken now: the cheapest of those in conflict goes, until none is left.
  const conflict = new Int32Array(vmCount)
  const emptied = new Uint8Array(hostCount)
  const doneByHosts = new Set<CompiledConstraint>()
  for (const constraint of constraints) {
    if (constraint.weight >= 0) continue
    if (constraint.usedHosts !== undefined && constraint.conflict(at, conflict, 0) > 0) {
      // Host by host: VM by VM, many would be left half empty.
      for (const h of emptiest(model, load, at, status, constraint.usedHosts)) {
        if (emptied[h] === 1) continue
        emptied[h] = 1
        for (const v of covering.homeVms(h)) if (status[v] === free) evict(v)
      }
      doneByHosts.add(constraint)
      continue
    }
    for (let n = constraint.conflict(at, conflict, 0); n > 0; n = constraint.conflict(at, conflict, 0)) {
      let chosen = -1
      for (let i = 0; i < n; i++) {
        const v = conflict[i]!
        if (status[v] === free && (chosen < 0 || moveMs[v]! < moveMs[chosen]!)) chosen = v
      }
      if (chosen < 0) break
      evict(chosen)
    }
  }

  const size = new Float64Array(vmCount)
  const meanLimit = new Float64Array(dims)
  for (let h = 0; h < hostCount; h++)
    for (let d = 0; d < dims; d++) meanLimit[d]! += limit[h * dims + d]! / hostCount
  for (const v of evicted)
    for (let d = 0; d < dims; d++)
      size[v] = Math.max(
        size[v]!,
        Math.floor((demand[v * dims + d]! * 1_000_000) / Math.max(1, meanLimit[d]!)),
      )
  evicted.sort((a, b) => size[b]! - size[a]! || a - b)
  const touched = new Uint8Array(hostCount)
  for (const v of evicted) if (home[v]! >= 0) touched[home[v]!] = 1

  const violatesHard = (v: number, h: number): boolean => {
    const of = constraintsOn[v]!
    for (let i = 0; i < of.length; i++)
      if (of[i]!.weight < 0 && !doneByHosts.has(of[i]!) && of[i]!.clashes(at, v, h)) return true
    return false
  }
  const withForbiddenHosts = constraints.filter(
    (constraint) => constraint.weight < 0 && constraint.forbiddenHosts !== undefined,
  )
  /** Where rules about many hosts at a time allow no more VMs: looked at once per VM. */
  const forbiddenFor = (v: number): readonly Uint8Array[] =>
    withForbiddenHosts.flatMap((constraint) =>
      constraintsOn[v]!.includes(constraint) ? (constraint.forbiddenHosts!(at, v) ?? []) : [],
    )
  const violatesOther = (v: number, h: number): boolean => {
    const of = constraintsOn[v]!
    for (let i = 0; i < of.length; i++) {
      const constraint = of[i]!
      if (constraint.weight >= 0 || constraint.forbiddenHosts !== undefined || doneByHosts.has(constraint))
        continue
      if (constraint.clashes(at, v, h)) return true
    }
    return false
  }
  /** No host has more room than this, as far as it was looked at. */
  const mostRoom = new Float64Array(dims).fill(Number.POSITIVE_INFINITY)
  let stale = true
  const measureRoom = (): void => {
    if (!stale) return
    stale = false
    mostRoom.fill(Number.NEGATIVE_INFINITY)
    for (let h = 0; h < hostCount; h++) {
      if (hosts[h]!.state !== 'online') continue
      for (let d = 0; d < dims; d++)
        mostRoom[d] = Math.max(mostRoom[d]!, limit[h * dims + d]! - load[h * dims + d]!)
    }
  }
  /** Some room has come free. */
  const noteRoom = (h: number): void => {
    for (let d = 0; d < dims; d++)
      mostRoom[d] = Math.max(mostRoom[d]!, limit[h * dims + d]! - load[h * dims + d]!)
  }
  const violatesSoft = (v: number, h: number): boolean => {
    const of = constraintsOn[v]!
    for (let i = 0; i < of.length; i++) if (of[i]!.weight >= 0 && of[i]!.clashes(at, v, h)) return true
    return false
  }
  /** The host where it fits best, touched ones first; −1 when there is none. */
  const bestHost = (v: number): number => {
    const allowed = domain[v]!
    for (let d = 0; d < dims; d++) if (demand[v * dims + d]! > mostRoom[d]!) return -1
    const closed = forbiddenFor(v)
    let chosen = -1
    let least = Number.POSITIVE_INFINITY
    for (let h = 0; h < hostCount; h++) {
      if (allowed[h] === 0 || h === home[v] || emptied[h] === 1) continue
      if (touched[h] === 0 && least < untouched - 1000 * dims) continue
      let short = false
      for (let d = 0; d < dims && !short; d++)
        short = load[h * dims + d]! + demand[v * dims + d]! > limit[h * dims + d]!
      if (short) continue
      let score = touched[h] === 1 ? 0 : untouched
      const sign = touched[h] === 1 || opening === 'tightest' ? 1 : -1
      for (let d = 0; d < dims; d++) {
        const slack = limit[h * dims + d]! - load[h * dims + d]! - demand[v * dims + d]!
        score += sign * Math.floor((slack * 1000) / Math.max(1, limit[h * dims + d]!))
      }
      if (score >= least || closed.some((bits) => bits[h] === 1) || violatesOther(v, h)) continue
      if (violatesSoft(v, h)) score += 10_000_000
      if (score >= least) continue
      least = score
      chosen = h
    }
    if (chosen < 0) measureRoom()
    return chosen
  }
  const place = (v: number, h: number): void => {
    at[v] = h
    stale = true
    touched[h] = 1
    for (let d = 0; d < dims; d++) load[h * dims + d]! += demand[v * dims + d]!
  }
  /** Another VM of the same host that relieves it as well and has a place to go: the cheapest. */
  const substitute = (v: number): number => {
    const h = home[v]!
    for (const u of covering.homeVms(h)) {
      if (u === v || at[u] !== h || status[u] !== free) continue
      let enough = true
      for (let d = 0; d < dims; d++) {
        const kept = load[h * dims + d]! + demand[v * dims + d]! - demand[u * dims + d]!
        if (kept > limit[h * dims + d]!) enough = false
      }
      if (!enough) continue
      // Where it goes must suit the one that stays.
      at[v] = h
      at[u] = -1
      const goes = bestHost(u) >= 0
      at[u] = h
      at[v] = -1
      if (goes) return u
    }
    return -1
  }
  const failed: number[] = []
  for (const v of evicted) {
    const h = bestHost(v)
    if (h >= 0) {
      place(v, h)
      continue
    }
    const mayStay =
      home[v]! >= 0 && domain[v]![home[v]!] === 1 && starts[v] === 0 && !violatesHard(v, home[v]!)
    const u = mayStay ? substitute(v) : -1
    if (u < 0) {
      failed.push(v)
      continue
    }
    for (let d = 0; d < dims; d++) load[home[u]! * dims + d]! -= demand[u * dims + d]!
    at[u] = -1
    status[u] = settled
    noteRoom(home[u]!)
    place(v, home[v]!)
    place(u, bestHost(u))
  }
  // A VM without a place stays where it is: still overloaded, but nothing is worse than before. VMs that came
  // there meanwhile, and must not meet it, go elsewhere, or stay at home as well.
  const stay = (v: number): void => {
    at[v] = home[v]!
    for (let d = 0; d < dims; d++) load[home[v]! * dims + d]! += demand[v * dims + d]!
  }
  for (let i = 0; i < failed.length; i++) {
    const v = failed[i]!
    if (home[v]! < 0 || starts[v] === 1) continue
    stay(v)
    for (const constraint of constraintsOn[v]!) {
      if (constraint.weight >= 0 || constraint.scope.length > scopeMax) continue
      for (const u of constraint.scope) {
        if (at[u] !== home[v] || at[u] === home[u] || !violatesHard(u, at[u]!)) continue
        for (let d = 0; d < dims; d++) load[at[u]! * dims + d]! -= demand[u * dims + d]!
        noteRoom(at[u]!)
        at[u] = -1
        const h = bestHost(u)
        if (h >= 0) place(u, h)
        else failed.push(u)
      }
    }
  }
  return { at, failed, boundMs }
}

/** Hosts that shall carry nothing, so that no more than allowed carry something: the least loaded, and the empty ones. */
const emptiest = (
  { hostCount, vmCount, dims, limit }: Model,
  load: Float64Array,
  at: Int32Array,
  status: Uint8Array,
  { inside, max }: NonNullable<CompiledConstraint['usedHosts']>,
): readonly number[] => {
  const used = new Uint8Array(hostCount)
  const stuck = new Uint8Array(hostCount)
  for (let v = 0; v < vmCount; v++) {
    if (at[v]! < 0) continue
    used[at[v]!] = 1
    if (status[v] !== free) stuck[at[v]!] = 1
  }
  const share = (h: number): number => {
    let most = 0
    for (let d = 0; d < dims; d++)
      most = Math.max(most, Math.floor((load[h * dims + d]! * 1000) / Math.max(1, limit[h * dims + d]!)))
    return most
  }
  const ranked = Array.from({ length: hostCount }, (_, h) => h)
    .filter((h) => inside[h] === 1)
    .map((h) => ({ h, rank: used[h] === 0 ? -1 : stuck[h] === 1 ? Number.MAX_SAFE_INTEGER : share(h) }))
    .sort((a, b) => a.rank - b.rank || a.h - b.h)
  return ranked.slice(0, Math.max(0, ranked.length - max)).map(({ h }) => h)
}
