/** Which VMs the greedy placement evicts: the cheapest that relieve every host, then the cheapest that satisfy every rule. */
import type { CompiledConstraint } from '../model/constraints/compiled-constraint.ts'
import { evict, free, type GreedyState } from './greedy-state.ts'

/** Adds the covering bound of every host to the bound. */
export const evictFromOverloads = (s: GreedyState): void => {
  const { covering, load, status } = s
  for (let h = 0; h < s.model.hostCount; h++) {
    const bound = covering.bound(h, load, status, free, null)
    if (bound === 0) continue
    if (bound < Number.POSITIVE_INFINITY) s.boundMs += bound
    for (const v of covering.cheapestCover(h, load, status, free) ?? covering.homeVms(h))
      if (status[v] === free) evict(s, v)
  }
}

/** Hard rules that are violated now: the cheapest of the VMs in conflict goes, until none is left. */
export const evictForRules = (s: GreedyState): void => {
  const { constraints, vmCount } = s.model
  const conflict = new Int32Array(vmCount)
  for (const constraint of constraints) {
    if (constraint.weight >= 0) continue
    if (constraint.usedHosts !== undefined && constraint.conflict(s.at, conflict, 0) > 0) {
      emptyHosts(s, constraint.usedHosts)
      s.doneByHosts.add(constraint)
    } else evictCheapest(s, constraint, conflict)
  }
}

const evictCheapest = (s: GreedyState, constraint: CompiledConstraint, conflict: Int32Array): void => {
  const { moveMs } = s.model
  for (let n = constraint.conflict(s.at, conflict, 0); n > 0; n = constraint.conflict(s.at, conflict, 0)) {
    let chosen = -1
    for (let i = 0; i < n; i++) {
      const v = conflict[i]!
      if (s.status[v] === free && (chosen < 0 || moveMs[v]! < moveMs[chosen]!)) chosen = v
    }
    if (chosen < 0) return
    evict(s, chosen)
  }
}

type UsedHosts = NonNullable<CompiledConstraint['usedHosts']>

/** Empties whole hosts: VM by VM, many would be left half empty. */
const emptyHosts = (s: GreedyState, usedHosts: UsedHosts): void => {
  for (const h of emptiest(s, usedHosts)) {
    if (s.emptied[h] === 1) continue
    s.emptied[h] = 1
    for (const v of s.covering.homeVms(h)) if (s.status[v] === free) evict(s, v)
  }
}

/** The hosts to empty so that no more than allowed are in use: the empty and the least loaded ones. */
const emptiest = (
  { model, at, load, status }: GreedyState,
  { inside, max }: UsedHosts,
): readonly number[] => {
  const { hostCount, vmCount, dims, limit } = model
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
