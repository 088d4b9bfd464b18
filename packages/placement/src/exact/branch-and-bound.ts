/**
 * Branch and bound over *which VMs leave* and *where they go*. A VM is free (at home, undecided), settled (stays or
 * placed), or unplaced (has left, has no place yet). As long as something is wrong with all free VMs at home, one of the
 * VMs involved must leave: the search branches on which one, settling those it passed over, so no set of moves is tried
 * twice. When nothing is wrong and no VM is unplaced, leaving the rest at home is the cheapest completion. Bounds: the
 * covering bound of every overloaded host (bounds/covering-bound.ts), plus what is paid.
 *
 * With `relief` a host may stay overloaded (never more than now), a VM unstarted, a violated rule violated, each at its
 * cost in the objective. Without it only full cures count.
 *
 * Nothing is allocated per search node.
 */

import { type CompiledConstraint, violatedByArrival } from '../model/constraints/compiled-constraint.ts'
import { compareCost, costOf, stranded } from '../model/cost.ts'
import {
  type BranchState,
  createBranchState,
  suspect,
  unsuspectTo,
  widenHosts,
  widenVms,
} from './branch-state.ts'
import { canImprove, rootMsOf } from './node-bound.ts'
import type { ExactResult, Search, SearchLimits } from './search-limits.ts'
import { free, type SearchScope, type SearchSpace, settled, unplaced } from './search-state.ts'
import {
  acceptOverload,
  evict,
  freeze,
  place,
  unacceptOverload,
  unevict,
  unfreezeTo,
  unplace,
} from './search-steps.ts'

/** How often the clock of the caller is asked. */
const nodesPerLook = 256

export const branchAndBound = (space: SearchSpace, options: SearchScope & SearchLimits): ExactResult =>
  createSearch(space, options).run(options)

export const createSearch = (space: SearchSpace, scope: SearchScope): Search => {
  const s = createBranchState(space, scope)
  const rootMs = rootMsOf(s)
  return {
    model: space.model,
    run: (limits) => {
      s.limits = limits
      s.best = limits.best
      s.bestAt = null
      s.nodes = 0
      s.stopped = false
      explore(s)
      return { at: s.bestAt, cost: s.best, complete: !s.stopped, nodes: s.nodes, rootMs }
    },
  }
}

const record = (s: BranchState): void => {
  const cost = costOf(s.space.model, s.state.at)
  if (compareCost(cost, s.best) >= 0) return
  s.best = cost
  s.bestAt = Int32Array.from(s.state.at)
  if (s.limits.first === true) s.stopped = true
}

/** One node: finds what is wrong with all free VMs at home, and branches on it. */
const explore = (s: BranchState): void => {
  const { state, forward, budget, groups } = s
  s.nodes++
  if (s.nodes > s.limits.nodesMax || (s.nodes % nodesPerLook === 0 && s.limits.expired())) s.stopped = true
  if (s.stopped || !canImprove(s)) return
  if (groups !== null && groups.undecided() !== null) {
    if (state.msPaid + groups.boundMs() <= s.best.migrationMs || s.best.softPenalty > 0)
      groups.branch(
        () => explore(s),
        () => s.stopped,
      )
    return
  }
  for (const v of state.mayStayStranded) if (state.status[v] === free) return branchOnStranded(s, v)
  // A partial cure may leave hosts overloaded, so that is decided first.
  const h = fullestHost(s)
  if (state.relief && h >= 0) return branchOnOverload(s, h)
  // In a full cure the decision with fewest choices comes first (fail first).
  const nearlyForced = state.relief ? -1 : forward.nearlyForced(budget)
  if (nearlyForced >= 0 && forward.domainSize() === 0) return
  if (nearlyForced >= 0 && forward.domainSize() === 1) return branchOnHosts(s, nearlyForced)
  if (branchOnSuspects(s)) return
  if (nearlyForced >= 0) return branchOnHosts(s, nearlyForced)
  if (h >= 0) return branchOnOverload(s, h)
  const v = forward.smallestDomain(budget)
  if (v >= 0) return branchOnHosts(s, v)
  for (const constraint of s.soft) {
    if (s.accepted[constraint.rule] === 1) continue
    const n = constraint.conflict(state.at, s.vms, s.vmTop)
    if (n > 0) return branchOnConflict(s, constraint, n)
  }
  record(s)
}

/** The overloaded host that is dearest to relieve; −1 = none. */
const fullestHost = ({ state }: BranchState): number => {
  const { openHosts, overloaded, coverMs } = state
  let chosen = -1
  for (let k = 0; k < openHosts.length; k++) {
    const h = openHosts[k]!
    if (overloaded[h] === 0) continue
    if (chosen < 0 || coverMs[h]! > coverMs[chosen]!) chosen = h
  }
  return chosen
}

/** One of its VMs that weigh in an exceeded dimension must leave; or (relief) it stays overloaded in it. */
const branchOnOverload = (s: BranchState, h: number): void => {
  const { state, scope } = s
  const { load, status, coverMs, cap, relief } = state
  const { dims, limit, demand } = state.model
  let d = 0
  while (state.acceptedOverload[h * dims + d] === 1 || load[h * dims + d]! <= limit[h * dims + d]!) d++
  const list = state.covering.homeVms(h)
  const mark = state.trailTop
  let alive = true
  for (let i = 0; i < list.length && alive && !s.stopped; i++) {
    const v = list[i]!
    if (status[v] !== free || demand[v * dims + d] === 0) continue
    if (!hasSettledSymmetric(s, list, i, mark)) {
      evict(state, v)
      explore(s)
      unevict(state, v)
    }
    freeze(state, v)
    alive = (relief || coverMs[h] !== Number.POSITIVE_INFINITY) && canImprove(s)
  }
  const mayStay = relief && (scope.orderly !== true || state.arrivals[h] === 0)
  if (mayStay && alive && !s.stopped && load[h * dims + d]! <= cap[h * dims + d]!) {
    acceptOverload(state, h, d)
    explore(s)
    unacceptOverload(state, h, d)
  }
  unfreezeTo(state, mark)
}

/** An equal VM was passed over at this node: evicting this one instead gives the same answer again. */
const hasSettledSymmetric = (s: BranchState, list: Int32Array, i: number, mark: number): boolean => {
  const { symmetryClass } = s.space
  const { trail, trailTop } = s.state
  if (i === 0 || symmetryClass[list[i]!]! < 0) return false
  for (let t = trailTop - 1; t >= mark; t--)
    if (symmetryClass[trail[t]!] === symmetryClass[list[i]!]) return true
  return false
}

/** Branches on the first hard constraint that is in conflict; false when none is. */
const branchOnSuspects = (s: BranchState): boolean => {
  const { suspects, accepted, state } = s
  for (let i = 0; i < s.suspectTop; i++) {
    const constraint = suspects[i]!
    if (accepted[constraint.rule] === 1) {
      if (!violatedByArrival(constraint, state.at, state.model)) continue
      branchOnArrival(s, constraint)
      return true
    }
    const n = constraint.conflict(state.at, s.vms, s.vmTop)
    if (n === 0) continue
    branchOnConflict(s, constraint, n)
    return true
  }
  return false
}

/** One of the `n` VMs in conflict leaves; or the rule stays violated, at its price, if it may. */
const branchOnConflict = (s: BranchState, constraint: CompiledConstraint, n: number): void => {
  const { state, accepted } = s
  const { rule, weight } = constraint
  const base = s.vmTop
  const mark = state.trailTop
  const alive = evictInTurn(s, n)
  const mayStay = weight >= 0 || (state.relief && s.wasViolated[rule] === 1)
  if (mayStay && alive && !s.stopped) {
    accepted[rule] = 1
    if (weight >= 0) s.softPaid += weight
    else state.unmetPaid++
    explore(s)
    if (weight >= 0) s.softPaid -= weight
    else state.unmetPaid--
    accepted[rule] = 0
  }
  unfreezeTo(state, mark)
  s.vmTop = base
}

/** A rule may stay as violated as it was, but no VM that arrives may violate it: that one, or another, leaves. */
const branchOnArrival = (s: BranchState, constraint: CompiledConstraint): void => {
  const { state } = s
  const base = s.vmTop
  const mark = state.trailTop
  let n = 0
  for (let i = 0; i < constraint.scope.length; i++)
    if (state.status[constraint.scope[i]!] === free) s.vms[base + n++] = constraint.scope[i]!
  evictInTurn(s, n)
  unfreezeTo(state, mark)
  s.vmTop = base
}

/** Of the `n` VMs above `vmTop` one leaves, and those before it stay; false when all staying cannot be better. */
const evictInTurn = (s: BranchState, n: number): boolean => {
  const { state } = s
  const base = s.vmTop
  s.vmTop += n
  widenVms(s, state.model.vmCount)
  let alive = true
  for (let i = base; i < base + n && alive && !s.stopped; i++) {
    const v = s.vms[i]!
    if (state.status[v] !== free) continue
    evict(state, v)
    explore(s)
    unevict(state, v)
    freeze(state, v)
    alive = canImprove(s)
  }
  return alive
}

/** Relief only: a VM that should leave its host (drained, or forbidden by a rule) does, or is left there. */
const branchOnStranded = (s: BranchState, v: number): void => {
  const { state } = s
  evict(state, v)
  explore(s)
  unevict(state, v)
  if (s.stopped) return
  const mark = state.trailTop
  const price = stranded(state.model, v, state.model.home[v]!) ? 0 : 1
  state.unmetPaid += price
  freeze(state, v)
  explore(s)
  state.unmetPaid -= price
  unfreezeTo(state, mark)
}

/** The VM goes to each host of its domain in turn; or (relief) stays unstarted. */
const branchOnHosts = (s: BranchState, v: number): void => {
  const { state } = s
  const { starts, constraintsOn } = state.model
  const base = s.hostTop
  listHosts(s, v)
  const trusted = s.suspectTop
  const constraints = constraintsOn[v]!
  for (let i = 0; i < constraints.length; i++) if (constraints[i]!.weight < 0) suspect(s, constraints[i]!)
  for (let i = base; i < s.hostTop && !s.stopped; i++) {
    place(state, v, s.hosts[i]!)
    const end = s.hostTop
    explore(s)
    s.hostTop = end
    unplace(state, v, s.hosts[i]!)
  }
  s.hostTop = base
  unsuspectTo(s, trusted)
  if (state.relief && starts[v] === 1 && !s.stopped) leaveUnstarted(s, v)
}

/**
 * Its domain, above `hostTop`. Hosts that take it as they are first (touched ones, then the fullest), then those that must
 * let others go.
 */
const listHosts = (s: BranchState, v: number): void => {
  const { state, forward, budget } = s
  const { openHosts, load, touches } = state
  const { dims, limit, demand } = state.model
  const base = s.hostTop
  widenHosts(s, openHosts.length)
  const { hosts, hostScores } = s
  for (let k = 0; k < openHosts.length; k++) {
    const h = openHosts[k]!
    if (!forward.inDomain(v, h, budget)) continue
    let score = touches[h]! > 0 ? 0 : 1e4
    for (let d = 0; d < dims; d++)
      if (load[h * dims + d]! + demand[v * dims + d]! > limit[h * dims + d]!) score = 1e6
    for (let d = 0; d < dims; d++) {
      const slack = limit[h * dims + d]! - load[h * dims + d]! - demand[v * dims + d]!
      score += Math.floor((slack * (score < 1e6 ? 1000 : -1000)) / Math.max(1, limit[h * dims + d]!) / dims)
    }
    let i = s.hostTop++
    for (; i > base && hostScores[i - 1]! > score; i--) {
      hostScores[i] = hostScores[i - 1]!
      hosts[i] = hosts[i - 1]!
    }
    hostScores[i] = score
    hosts[i] = h
  }
}

/** Relief only: it costs no migration after all, and touches nothing. */
const leaveUnstarted = (s: BranchState, v: number): void => {
  const { state } = s
  const { home, moveMs } = state.model
  const h = home[v]!
  state.status[v] = settled
  state.unmetPaid++
  state.msPaid -= moveMs[v]!
  if (h >= 0) state.touches[h]! -= 2
  explore(s)
  if (h >= 0) state.touches[h]! += 2
  state.msPaid += moveMs[v]!
  state.unmetPaid--
  state.status[v] = unplaced
}
