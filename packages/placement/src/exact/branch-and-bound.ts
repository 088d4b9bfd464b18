/**
 * Branch and bound over *which VMs leave* and *where they go*. A VM is free (at home, undecided), settled (stays or
 * placed), or in the pool (has left, has no place yet). As long as something is wrong with everybody free at home, one
 * of the VMs involved must leave: the search branches on which one, settling those it passed over, so no set of moves
 * is tried twice. When nothing is wrong and the pool is empty, leaving the rest at home is the cheapest completion.
 * Bounds: the covering bound of every overloaded host (bounds/covering-bound.ts), plus what is paid.
 *
 * `relief` also lets a host stay overloaded (never more than now), a VM unstarted, a broken rule broken, each
 * at its price in the objective. Without it only full cures count.
 *
 * Nothing is allocated per search node.
 */

import { type CompiledConstraint, violatedByArrival } from '../model/constraints/compiled-constraint.ts'
import { compareCost, costOf, excessPermille, noCost, stranded, strandedPermille } from '../model/cost.ts'
import { type Budget, createForwardChecking } from './forward-checking.ts'
import { createGroupChoice, type GroupChoice } from './group-choice.ts'
import type { ExactResult, Search, SearchLimits } from './search-limits.ts'
import {
  createSearchState,
  free,
  type SearchScope,
  type SearchSpace,
  settled,
  unplaced,
} from './search-state.ts'

/** How often the clock of the caller is asked. */
const nodesPerLook = 256

export const branchAndBound = (space: SearchSpace, options: SearchScope & SearchLimits): ExactResult =>
  createSearch(space, options).run(options)

export const createSearch = (space: SearchSpace, scope: SearchScope): Search => {
  const { model, covering, symmetryClass } = space
  const { vmCount, dims, limit, demand, home, moveMs, starts } = model
  const { relief } = scope
  const state = createSearchState(space, scope)
  const { openHosts, status, at, settledAt, load, settledLoad, cap, acceptedOverload, acceptedOverloadDims } =
    state
  const { coverMs, overloaded, touches, trail, mayStayStranded } = state
  const { enter, leave, evict, unevict, freeze, unfreezeTo, place, unplace } = state
  const openCount = openHosts.length
  /** By rule. */
  const accepted = new Uint8Array(model.problem.rules.length)
  /** Stack of candidate lists: VMs of a conflict, or hosts for a VM with their scores. */
  let lists = new Int32Array(vmCount * 4 + 64)
  let hostList = new Int32Array(openCount * 16)
  let hostScore = new Float64Array(openCount * 16)
  /** Constraints that this search can change anything about. */
  let hard: readonly CompiledConstraint[] = []
  let soft: readonly CompiledConstraint[] = []
  /** Hard constraints that may be in conflict: those that were at the root, and those of VMs that found a place. */
  const suspects: CompiledConstraint[] = []
  let suspectTop = 0
  /** By rule: 1 = among the suspects. */
  const suspected = new Uint8Array(model.problem.rules.length)
  let groups: GroupChoice | null = null
  const wasViolated = new Uint8Array(model.problem.rules.length)

  let listTop = 0
  let hostTop = 0
  let nodes = 0
  let stopped = false
  let softPaid = 0
  let limits: SearchLimits = { best: { ...noCost, unmet: 0 }, nodesMax: 0, expired: () => false }
  let best = limits.best
  let bestAt: Int32Array | null = null

  /** As `promising` found last. */
  const budget: Budget = { ms: Number.POSITIVE_INFINITY, hosts: Number.POSITIVE_INFINITY }

  /** What the decisions so far cost at least; false when that cannot beat the best answer. */
  const canImprove = (): boolean => {
    budget.ms = Number.POSITIVE_INFINITY
    budget.hosts = Number.POSITIVE_INFINITY
    let { overloadedElsewhere: overloadedHosts, excessElsewhere: excess } = state
    let ms = state.msPaid
    let touched = state.touchedElsewhere
    for (let k = 0; k < openCount; k++) {
      const h = openHosts[k]!
      if (coverMs[h]! < Number.POSITIVE_INFINITY) ms += coverMs[h]!
      else if (!relief) return false
      if (touches[h]! > 0 || overloaded[h] === 1) touched++
      if (!relief) continue
      if (acceptedOverloadDims[h]! === 0) overloadedHosts += coverMs[h] === Number.POSITIVE_INFINITY ? 1 : 0
      else {
        overloadedHosts++
        for (let d = 0; d < dims; d++)
          if (acceptedOverload[h * dims + d] === 1)
            excess += excessPermille(settledLoad[h * dims + d]!, limit[h * dims + d]!)
      }
    }
    for (const v of mayStayStranded)
      if (settledAt[v] === home[v] && stranded(model, v, home[v]!)) excess += strandedPermille(model, v)
    if (state.unmetPaid !== best.unmet) return state.unmetPaid < best.unmet
    if (overloadedHosts !== best.overloadedHosts) return overloadedHosts < best.overloadedHosts
    if (excess !== best.excess) return excess < best.excess
    if (softPaid !== best.softPenalty) return softPaid < best.softPenalty
    // From here on nothing more may be left overloaded, so each overfull host must be relieved in full.
    budget.ms = best.migrationMs - ms
    budget.hosts = best.hostsTouched - 1 - touched
    return budget.ms > 0 || (budget.ms === 0 && budget.hosts >= 0)
  }

  const record = (): void => {
    const cost = costOf(model, at)
    if (compareCost(cost, best) >= 0) return
    best = cost
    bestAt = Int32Array.from(at)
    if (limits.first === true) stopped = true
  }

  const explore = (): void => {
    nodes++
    if (nodes > limits.nodesMax || (nodes % nodesPerLook === 0 && limits.expired())) stopped = true
    if (stopped || !canImprove()) return
    if (groups !== null && groups.undecided() !== null) {
      if (state.msPaid + groups.boundMs() <= best.migrationMs || best.softPenalty > 0)
        groups.branch(explore, isStopped)
      return
    }
    for (const v of mayStayStranded) if (status[v] === free) return branchOnStranded(v)
    // A partial cure may leave much as it is, so what that is comes first.
    const h = fullestHost()
    if (relief && h >= 0) return branchOnOverload(h)
    // Of a full one what leaves fewest choices comes first: it fails first.
    const nearlyForced = relief ? -1 : forward.nearlyForced(budget)
    if (nearlyForced >= 0 && forward.domainSize() === 0) return
    if (nearlyForced >= 0 && forward.domainSize() === 1) return branchOnHosts(nearlyForced)
    for (let i = 0; i < suspectTop; i++) {
      const constraint = suspects[i]!
      if (accepted[constraint.rule] === 1 && violatedByArrival(constraint, at, model))
        return branchOnArrival(constraint)
      if (accepted[constraint.rule] === 1) continue
      const n = constraint.conflict(at, lists, listTop)
      if (n > 0) return branchOnConflict(constraint, n)
    }
    if (nearlyForced >= 0) return branchOnHosts(nearlyForced)
    if (h >= 0) return branchOnOverload(h)
    const v = forward.smallestDomain(budget)
    if (v >= 0) return branchOnHosts(v)
    for (const constraint of soft) {
      if (accepted[constraint.rule] === 1) continue
      const n = constraint.conflict(at, lists, listTop)
      if (n > 0) return branchOnConflict(constraint, n)
    }
    record()
  }

  const isStopped = (): boolean => stopped

  const fullestHost = (): number => {
    let chosen = -1
    for (let k = 0; k < openCount; k++) {
      const h = openHosts[k]!
      if (overloaded[h] === 0) continue
      if (chosen < 0 || coverMs[h]! > coverMs[chosen]!) chosen = h
    }
    return chosen
  }

  /** One of its VMs that weigh in an exceeded dimension must leave; or (relief) it stays overloaded in it. */
  const branchOnOverload = (h: number): void => {
    let d = 0
    while (acceptedOverload[h * dims + d] === 1 || load[h * dims + d]! <= limit[h * dims + d]!) d++
    const list = covering.homeVms(h)
    const mark = state.trailTop
    let alive = true
    for (let i = 0; i < list.length && alive && !stopped; i++) {
      const v = list[i]!
      if (status[v] !== free || demand[v * dims + d] === 0) continue
      if (!hasSettledSymmetric(list, i, mark)) {
        evict(v)
        explore()
        unevict(v)
      }
      freeze(v)
      alive = (relief || coverMs[h] !== Number.POSITIVE_INFINITY) && canImprove()
    }
    const mayStay = relief && (scope.orderly !== true || state.arrivals[h] === 0)
    if (mayStay && alive && !stopped && load[h * dims + d]! <= cap[h * dims + d]!) leaveOverloaded(h, d)
    unfreezeTo(mark)
  }

  /** All that weigh in the dimension are settled by now. */
  const leaveOverloaded = (h: number, d: number): void => {
    acceptedOverload[h * dims + d] = 1
    acceptedOverloadDims[h]!++
    enter(h)
    explore()
    leave()
    acceptedOverload[h * dims + d] = 0
    acceptedOverloadDims[h]!--
  }

  /** An equal VM was passed over at this node: letting this one leave instead is the same answer again. */
  const hasSettledSymmetric = (list: Int32Array, i: number, mark: number): boolean => {
    if (i === 0 || symmetryClass[list[i]!]! < 0) return false
    for (let t = state.trailTop - 1; t >= mark; t--)
      if (symmetryClass[trail[t]!] === symmetryClass[list[i]!]) return true
    return false
  }

  const branchOnConflict = (constraint: CompiledConstraint, n: number): void => {
    const base = listTop
    const mark = state.trailTop
    const alive = evictInTurn(n)
    const mayStay = constraint.weight >= 0 || (relief && wasViolated[constraint.rule] === 1)
    if (mayStay && alive && !stopped) {
      accepted[constraint.rule] = 1
      if (constraint.weight >= 0) softPaid += constraint.weight
      else state.unmetPaid++
      explore()
      if (constraint.weight >= 0) softPaid -= constraint.weight
      else state.unmetPaid--
      accepted[constraint.rule] = 0
    }
    unfreezeTo(mark)
    listTop = base
  }

  /** A rule may stay as broken as it was, but nobody who comes may break it: he, or another, leaves. */
  const branchOnArrival = (constraint: CompiledConstraint): void => {
    const base = listTop
    const mark = state.trailTop
    let n = 0
    for (let i = 0; i < constraint.scope.length; i++)
      if (status[constraint.scope[i]!] === free) lists[base + n++] = constraint.scope[i]!
    evictInTurn(n)
    unfreezeTo(mark)
    listTop = base
  }

  /** Of the next `n` of the lists one leaves, and those before it stay; false when all staying cannot be better. */
  const evictInTurn = (n: number): boolean => {
    const base = listTop
    listTop += n
    if (listTop + vmCount > lists.length) {
      const wider = new Int32Array(lists.length * 2)
      wider.set(lists)
      lists = wider
    }
    let alive = true
    for (let i = base; i < base + n && alive && !stopped; i++) {
      const v = lists[i]!
      if (status[v] !== free) continue
      evict(v)
      explore()
      unevict(v)
      freeze(v)
      alive = canImprove()
    }
    return alive
  }

  const suspect = (constraint: CompiledConstraint): void => {
    if (suspected[constraint.rule] === 1) return
    suspected[constraint.rule] = 1
    suspects[suspectTop++] = constraint
  }

  /** Relief only: a VM that should leave its host (drained, or forbidden by a rule) does, or is left there. */
  const branchOnStranded = (v: number): void => {
    evict(v)
    explore()
    unevict(v)
    if (stopped) return
    const mark = state.trailTop
    const price = stranded(model, v, home[v]!) ? 0 : 1
    state.unmetPaid += price
    freeze(v)
    explore()
    state.unmetPaid -= price
    unfreezeTo(mark)
  }

  const violatesHard = (v: number, h: number): boolean => {
    if (groups !== null && !groups.allows(v, h)) return true
    const constraints = model.constraintsOn[v]!
    for (let i = 0; i < constraints.length; i++) {
      const constraint = constraints[i]!
      if (constraint.weight < 0 && constraint.clashes(settledAt, v, h)) return true
    }
    return false
  }

  const fitsBesideFree = (v: number, h: number): boolean => {
    for (let d = 0; d < dims; d++)
      if (load[h * dims + d]! + demand[v * dims + d]! > limit[h * dims + d]!) return false
    return true
  }

  const branchOnHosts = (v: number): void => {
    const base = hostTop
    if (hostTop + openCount > hostList.length) {
      const widerList = new Int32Array(hostList.length * 2)
      const widerScore = new Float64Array(hostList.length * 2)
      widerList.set(hostList)
      widerScore.set(hostScore)
      hostList = widerList
      hostScore = widerScore
    }
    for (let k = 0; k < openCount; k++) {
      const h = openHosts[k]!
      if (!forward.inDomain(v, h, budget)) continue
      // Hosts that take it as they are first (touched ones, then the fullest), then those that must let others go.
      let score = touches[h]! > 0 ? 0 : 1e4
      if (!fitsBesideFree(v, h)) score = 1e6
      for (let d = 0; d < dims; d++) {
        const slack = limit[h * dims + d]! - load[h * dims + d]! - demand[v * dims + d]!
        score += Math.floor((slack * (score < 1e6 ? 1000 : -1000)) / Math.max(1, limit[h * dims + d]!) / dims)
      }
      let i = hostTop++
      for (; i > base && hostScore[i - 1]! > score; i--) {
        hostScore[i] = hostScore[i - 1]!
        hostList[i] = hostList[i - 1]!
      }
      hostScore[i] = score
      hostList[i] = h
    }
    const trusted = suspectTop
    const constraints = model.constraintsOn[v]!
    for (let i = 0; i < constraints.length; i++) if (constraints[i]!.weight < 0) suspect(constraints[i]!)
    for (let i = base; i < hostTop && !stopped; i++) {
      place(v, hostList[i]!)
      const end = hostTop
      explore()
      hostTop = end
      unplace(v, hostList[i]!)
    }
    hostTop = base
    while (suspectTop > trusted) suspected[suspects[--suspectTop]!.rule] = 0
    if (relief && starts[v] === 1 && !stopped) leaveUnstarted(v)
  }

  /** Relief only: it costs no migration after all, and touches nothing. */
  const leaveUnstarted = (v: number): void => {
    const h = home[v]!
    const sign = (by: number): void => {
      state.unmetPaid += by
      state.msPaid -= by * moveMs[v]!
      if (h >= 0) touches[h]! -= by * 2
    }
    status[v] = settled
    sign(1)
    explore()
    sign(-1)
    status[v] = unplaced
  }

  const forward = createForwardChecking(space, state, relief, violatesHard)
  const concerned = model.constraints.filter((constraint) =>
    constraint.scope.some((v) => status[v] !== settled),
  )
  hard = concerned.filter((constraint) => constraint.weight < 0)
  soft = concerned.filter((constraint) => constraint.weight >= 0)
  const running = model.home.map((h, v) => (starts[v] === 1 ? -1 : h))
  for (const constraint of hard)
    wasViolated[constraint.rule] = constraint.conflict(running, lists, 0) > 0 ? 1 : 0
  for (const constraint of hard) if (constraint.conflict(at, lists, 0) > 0) suspect(constraint)
  // A partial cure may leave such a rule broken.
  if (!relief) groups = createGroupChoice(model, covering, state, hard)
  let rootMs = state.msPaid
  for (let k = 0; k < openCount; k++) rootMs += coverMs[openHosts[k]!]!
  if (groups !== null) rootMs = Math.max(rootMs, state.msPaid + groups.boundMs())
  return {
    model,
    run: (given) => {
      limits = given
      best = given.best
      bestAt = null
      nodes = 0
      stopped = false
      explore()
      return { at: bestAt, cost: best, complete: !stopped, nodes, rootMs }
    },
  }
}
