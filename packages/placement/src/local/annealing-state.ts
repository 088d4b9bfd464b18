/**
 * The state of simulated annealing (annealing.ts): a placement that need not be viable, and what it costs. A VM away from
 * home costs its migration; a unit above a limit costs that limit's penalty weight; a VM too many for a rule costs that
 * rule's. A penalty weight rises while its limit or rule is violated and falls while it is not. Costs are integers, in
 * fractions of a ms.
 */
import type { Model } from '../model/model.ts'

export interface AnnealingState {
  readonly at: Int32Array
  /** Active VMs that are not fixed, and those of them that are away from home. */
  readonly movers: Int32Array
  readonly away: Int32Array
  readonly awayCount: () => number
  /** The movers on host `h`, in no order. */
  readonly moverOn: (h: number, i: number) => number
  readonly moverCount: Int32Array
  /** What each host's excess costs. */
  readonly penalty: Float64Array
  /** Hard rules that are broken, of the VM. */
  readonly constraintsOn: readonly Int32Array[]
  readonly violation: Int32Array
  readonly viable: () => boolean
  readonly paidMs: () => number
  readonly softPaid: () => number
  /** The average migration, in fractions of a ms. */
  readonly average: number
  /**
   * What it costs to bring VM `v` to host `h`, alone or in exchange for the best of those there; more than `most` =
   * not possible for `most`. The partner is then in `partner`: −1 = nobody.
   */
  readonly evaluateMove: (v: number, h: number, most: number) => number
  partner: number
  readonly move: (v: number, h: number, u: number) => void
  /** What is exceeded gets dearer, everything else this many 1024th cheaper. */
  readonly updatePenalties: (cheaper: number) => void
}

/** Fractions of a ms, so that a penalty weight per unit of a dimension can be an integer. */
const fine = 1024
/** Penalty weights are multiplied by whole numbers of these fractions. */
const whole = 1024
const dearer = 1126
/** Beyond that, no higher penalty weight changes anything. */
const penaltyRiseMax = 2 ** 16

/** `start`: −1, or a host where a VM may not be, stands for any. Null: some VM has no host at all. */
export const createAnnealingState = (model: Model, start: Int32Array): AnnealingState | null => {
  const { hostCount, vmCount, dims, demand, limit, active, fixed, domain, home, moveMs, constraints } = model
  const movers = Int32Array.from({ length: vmCount }, (_, v) => v).filter(
    (v) => active[v] === 1 && fixed[v] === 0,
  )
  const at = new Int32Array(vmCount).fill(-1)
  const load = new Float64Array(hostCount * dims)
  /** Movers on each host, and where in its list a mover is. [host × mover] */
  const moversOn = new Int32Array(hostCount * movers.length)
  const moverCount = new Int32Array(hostCount)
  const slot = new Int32Array(vmCount)
  /** Movers that are away from home. */
  const away = new Int32Array(movers.length)
  const awaySlot = new Int32Array(vmCount).fill(-1)
  let awayCount = 0
  /** Limits that are exceeded. */
  let overCount = 0
  let paidMs = 0

  const penaltyWeight = new Float64Array(hostCount * dims)
  const penalty = new Float64Array(hostCount)
  const violation = new Int32Array(constraints.length)
  const rulePenaltyWeight = new Float64Array(constraints.length)
  const constraintIndex = new Map(constraints.map((constraint, p) => [constraint, p]))
  const constraintsOn = model.constraintsOn.map((list) =>
    Int32Array.from(list, (constraint) => constraintIndex.get(constraint)!),
  )
  /** What the broken rules of each VM cost now. */
  const violationCost = new Float64Array(vmCount)
  let violatedHard = 0
  let softPaid = 0
  /** Constraints on the VM that is tried on another host, with their violation then. */
  const tried = new Int32Array(constraints.length).fill(-1)
  const triedViolation = new Int32Array(constraints.length)
  let trial = 0

  const penaltyWith = (h: number, plus: number, minus: number): number => {
    let sum = 0
    for (let d = 0; d < dims; d++) {
      let over = load[h * dims + d]! - limit[h * dims + d]!
      if (plus >= 0) over += demand[plus * dims + d]!
      if (minus >= 0) over -= demand[minus * dims + d]!
      if (over > 0) sum += over * penaltyWeight[h * dims + d]!
    }
    return sum
  }
  const addLoad = (v: number, h: number, sign: number): void => {
    for (let d = 0; d < dims; d++) {
      const i = h * dims + d
      if (load[i]! > limit[i]!) overCount--
      load[i]! += sign * demand[v * dims + d]!
      if (load[i]! > limit[i]!) overCount++
    }
  }
  const leave = (v: number): void => {
    const h = at[v]!
    addLoad(v, h, -1)
    const base = h * movers.length
    const last = moversOn[base + --moverCount[h]!]!
    moversOn[base + slot[v]!] = last
    slot[last] = slot[v]!
    at[v] = -1
    if (h === home[v]!) return
    paidMs -= moveMs[v]!
    const end = away[--awayCount]!
    away[awaySlot[v]!] = end
    awaySlot[end] = awaySlot[v]!
  }
  const enter = (v: number, h: number): void => {
    addLoad(v, h, 1)
    slot[v] = moverCount[h]!
    moversOn[h * movers.length + moverCount[h]!++] = v
    at[v] = h
    if (h === home[v]!) return
    paidMs += moveMs[v]!
    awaySlot[v] = awayCount
    away[awayCount++] = v
  }
  const updateViolation = (p: number): void => {
    const constraint = constraints[p]!
    const before = violation[p]!
    const now = constraint.violation(at)
    if (now === before) return
    violation[p] = now
    for (let i = 0; i < constraint.scope.length; i++)
      violationCost[constraint.scope[i]!]! += (now - before) * rulePenaltyWeight[p]!
    const violated = (now > 0 ? 1 : 0) - (before > 0 ? 1 : 0)
    if (constraint.weight < 0) violatedHard += violated
    else softPaid += violated * constraint.weight
  }
  const move = (v: number, h: number, u: number): void => {
    const from = at[v]!
    leave(v)
    if (u >= 0) leave(u)
    enter(v, h)
    if (u >= 0) enter(u, from)
    penalty[from] = penaltyWith(from, -1, -1)
    penalty[h] = penaltyWith(h, -1, -1)
    const of = constraintsOn[v]!
    for (let i = 0; i < of.length; i++) updateViolation(of[i]!)
    if (u < 0) return
    const others = constraintsOn[u]!
    for (let i = 0; i < others.length; i++) updateViolation(others[i]!)
  }
  /** What the rules of `v` cost more on `h`; their degrees then are kept for a partner. */
  const ruleCostOn = (v: number, h: number): number => {
    const of = constraintsOn[v]!
    if (of.length === 0) return 0
    const from = at[v]!
    at[v] = h
    let more = 0
    for (let i = 0; i < of.length; i++) {
      const p = of[i]!
      tried[p] = trial
      triedViolation[p] = constraints[p]!.violation(at)
      more += (triedViolation[p]! - violation[p]!) * rulePenaltyWeight[p]!
    }
    at[v] = from
    return more
  }
  const migrationCost = (v: number, h: number): number => (h === home[v]! ? 0 : moveMs[v]! * fine)

  /** And those of its partner `u`, which goes the other way. */
  const ruleCostOfPartner = (v: number, h: number, u: number): number => {
    const of = constraintsOn[u]!
    if (of.length === 0) return 0
    const from = at[v]!
    at[v] = h
    at[u] = from
    let more = 0
    for (let i = 0; i < of.length; i++) {
      const p = of[i]!
      const before = tried[p] === trial ? triedViolation[p]! : violation[p]!
      more += (constraints[p]!.violation(at) - before) * rulePenaltyWeight[p]!
    }
    at[v] = from
    at[u] = h
    return more
  }

  const evaluateMove = (v: number, h: number, most: number): number => {
    const from = at[v]!
    trial++
    // Penalties and rules cannot gain more than they cost now, so most partners are out before any rule is asked.
    const before = penalty[from]! + penalty[h]!
    const costAtLeast = migrationCost(v, h) - migrationCost(v, from) - before - violationCost[v]!
    let rules = Number.NaN
    let least = most + 1
    const base = h * movers.length
    for (let i = -1; i < moverCount[h]!; i++) {
      const u = i < 0 ? -1 : moversOn[base + i]!
      let cost = costAtLeast
      let relief = 0
      if (u >= 0) {
        cost += migrationCost(u, from) - migrationCost(u, h)
        relief = violationCost[u]!
        if (cost - relief >= least || domain[u]![from] === 0) continue
      }
      cost += penaltyWith(h, v, u) + penaltyWith(from, u, v)
      if (cost - relief >= least) continue
      if (Number.isNaN(rules)) rules = ruleCostOn(v, h) + violationCost[v]!
      cost += rules
      if (u >= 0 && constraintsOn[u]!.length > 0) cost += ruleCostOfPartner(v, h, u)
      if (cost >= least) continue
      least = cost
      self.partner = u
    }
    return least
  }

  const updatePenalties = (cheaper: number): void => {
    const changed = (old: number, least: number, exceeded: boolean) =>
      Math.max(
        least,
        Math.min(least * penaltyRiseMax, Math.floor((old * (exceeded ? dearer : cheaper)) / whole)),
      )
    for (let h = 0; h < hostCount; h++) {
      for (let d = 0; d < dims; d++) {
        const i = h * dims + d
        penaltyWeight[i] = changed(penaltyWeight[i]!, penaltyWeightMin[d]!, load[i]! > limit[i]!)
      }
      penalty[h] = penaltyWith(h, -1, -1)
    }
    for (let p = 0; p < constraints.length; p++) {
      const constraint = constraints[p]!
      if (constraint.weight >= 0) continue
      const old = rulePenaltyWeight[p]!
      rulePenaltyWeight[p] = changed(old, averageMs * fine, violation[p]! > 0)
      if (violation[p] === 0) continue
      for (let i = 0; i < constraint.scope.length; i++)
        violationCost[constraint.scope[i]!]! += violation[p]! * (rulePenaltyWeight[p]! - old)
    }
  }

  for (let v = 0; v < vmCount; v++)
    if (active[v] === 1 && fixed[v] === 1) {
      at[v] = home[v]!
      addLoad(v, home[v]!, 1)
    }
  let totalMs = 0
  let dearest = 1
  const totals = new Float64Array(dims)
  for (let m = 0; m < movers.length; m++) {
    const v = movers[m]!
    totalMs += moveMs[v]!
    dearest = Math.max(dearest, moveMs[v]!)
    for (let d = 0; d < dims; d++) totals[d]! += demand[v * dims + d]!
  }
  const averageMs = Math.max(1, Math.floor(totalMs / movers.length))
  const penaltyWeightMin = Float64Array.from(totals, (total) =>
    Math.max(1, Math.floor((averageMs * movers.length * fine) / Math.max(1, total))),
  )
  for (let i = 0; i < penaltyWeight.length; i++) penaltyWeight[i] = penaltyWeightMin[i % dims]!
  for (let p = 0; p < constraints.length; p++)
    rulePenaltyWeight[p] =
      constraints[p]!.weight < 0 ? averageMs * fine : dearest * fine * (1 + constraints[p]!.weight)
  for (let m = 0; m < movers.length; m++) {
    const v = movers[m]!
    const wanted = start[v]!
    if (wanted >= 0 && domain[v]![wanted] === 1) enter(v, wanted)
  }
  for (let m = 0; m < movers.length; m++) {
    const v = movers[m]!
    if (at[v]! >= 0) continue
    let chosen = -1
    let least = Number.POSITIVE_INFINITY
    for (let h = 0; h < hostCount; h++) {
      if (domain[v]![h] === 0) continue
      const more = penaltyWith(h, v, -1) - penaltyWith(h, -1, -1)
      if (more >= least) continue
      least = more
      chosen = h
    }
    if (chosen < 0) return null
    enter(v, chosen)
  }
  for (let h = 0; h < hostCount; h++) penalty[h] = penaltyWith(h, -1, -1)
  for (let p = 0; p < constraints.length; p++) updateViolation(p)

  const self: AnnealingState = {
    at,
    movers,
    away,
    awayCount: () => awayCount,
    moverOn: (h, i) => moversOn[h * movers.length + i]!,
    moverCount,
    penalty,
    constraintsOn,
    violation,
    viable: () => overCount === 0 && violatedHard === 0,
    paidMs: () => paidMs,
    softPaid: () => softPaid,
    average: averageMs * fine,
    evaluateMove,
    partner: -1,
    move,
    updatePenalties,
  }
  return self
}
