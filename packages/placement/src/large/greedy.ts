/**
 * A first answer for problems of any size: evict the cheapest set of VMs that relieves each overloaded host, then place
 * them by best-fit decreasing, on touched hosts if possible. Its cost in migrations equals the lower bound whenever
 * everything finds a place.
 */

import type { SearchSpace } from '../exact/search-state.ts'
import { pairScopeMax } from '../model/constraints/compiled-constraint.ts'
import { bestHost, violatesHard } from './best-fit.ts'
import { evictForRules, evictFromOverloads } from './greedy-eviction.ts'
import {
  createGreedyState,
  free,
  type GreedyState,
  leave,
  noteRoom,
  type Opening,
  place,
  settled,
  stay,
} from './greedy-state.ts'

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

export const greedy = (space: SearchSpace, opening: Opening = 'roomiest'): Greedy => {
  const s = createGreedyState(space, opening)
  evictFromOverloads(s)
  evictForRules(s)
  largestFirst(s)
  for (const v of s.evicted) if (s.model.home[v]! >= 0) s.touched[s.model.home[v]!] = 1
  const failed: number[] = []
  for (const v of s.evicted) {
    const h = bestHost(s, v)
    if (h >= 0) place(s, v, h)
    else if (!placeSubstitute(s, v)) failed.push(v)
  }
  stayAtHome(s, failed)
  return { at: s.at, failed, boundMs: s.boundMs }
}

/** By the largest share of an average host. */
const largestFirst = ({ model, evicted }: GreedyState): void => {
  const { hostCount, vmCount, dims, demand, limit } = model
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
}

/** The VM stays, and another one of its host goes in its stead; false: none can. */
const placeSubstitute = (s: GreedyState, v: number): boolean => {
  const { home, domain, starts } = s.model
  const h = home[v]!
  if (h < 0 || domain[v]![h] === 0 || starts[v] === 1 || violatesHard(s, v, h)) return false
  const u = substitute(s, v)
  if (u < 0) return false
  leave(s, u)
  s.status[u] = settled
  noteRoom(s, h)
  place(s, v, h)
  place(s, u, bestHost(s, u))
  return true
}

/** Another VM of the same host that relieves it as well and has a place to go: the cheapest; −1 = none. */
const substitute = (s: GreedyState, v: number): number => {
  const { at, load, status } = s
  const { dims, demand, limit, home } = s.model
  const h = home[v]!
  for (const u of s.covering.homeVms(h)) {
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
    const goes = bestHost(s, u) >= 0
    at[u] = h
    at[v] = -1
    if (goes) return u
  }
  return -1
}

/**
 * A VM without a place stays where it is: still overloaded, but nothing is worse than before. VMs that came there
 * meanwhile, and must not meet it, go elsewhere, or stay at home as well.
 */
const stayAtHome = (s: GreedyState, failed: number[]): void => {
  const { at } = s
  const { home, starts, constraintsOn } = s.model
  for (let i = 0; i < failed.length; i++) {
    const v = failed[i]!
    const h = home[v]!
    if (h < 0 || starts[v] === 1) continue
    stay(s, v, h)
    for (const { weight, scope } of constraintsOn[v]!) {
      if (weight >= 0 || scope.length > pairScopeMax) continue
      for (const u of scope) {
        if (at[u] !== h || at[u] === home[u] || !violatesHard(s, u, h)) continue
        leave(s, u)
        noteRoom(s, h)
        const other = bestHost(s, u)
        if (other >= 0) place(s, u, other)
        else failed.push(u)
      }
    }
  }
}
