/**
 * The state of simulated annealing (annealing.ts): a placement that need not be viable, and what it costs. A VM away from
 * home costs its migration; a unit above a limit costs that limit's penalty weight; a VM too many for a rule costs that
 * rule's. A penalty weight rises while its limit or rule is violated and falls while it is not. Costs are integers, in
 * fractions of a ms.
 */
import type { Model } from '../model/model.ts'

export interface AnnealingState {
  readonly model: Model
  readonly at: Int32Array
  /** [host × dims] */
  readonly load: Float64Array
  /** Active VMs that are not fixed. */
  readonly movers: Int32Array
  /** The movers on each host, in no order, and where in its list a mover is. [host × mover] */
  readonly moversOn: Int32Array
  readonly moverCount: Int32Array
  readonly slot: Int32Array
  /** The movers that are away from home, in no order. */
  readonly away: Int32Array
  readonly awaySlot: Int32Array
  awayCount: number
  paidMs: number
  /** Limits that are exceeded. */
  overCount: number
  /** What a unit above each limit costs, at least and now. [dims], [host × dims] */
  readonly penaltyWeightMin: Float64Array
  readonly penaltyWeight: Float64Array
  /** What each host's excess costs. */
  readonly penalty: Float64Array
  /** Indexes in `model.constraints`, per VM. */
  readonly constraintsOn: readonly Int32Array[]
  /** By constraint: its violation, and what a violation of 1 costs. */
  readonly violation: Int32Array
  readonly rulePenaltyWeight: Float64Array
  /** What the violated rules of each VM cost now. */
  readonly violationCost: Float64Array
  violatedHard: number
  softPaid: number
  /** The average migration, in ms. */
  readonly averageMs: number
  /** Constraints on the VM that is tried on another host, with their violation then. */
  readonly tried: Int32Array
  readonly triedViolation: Int32Array
  trial: number
  /** The VM with which the last evaluated move would be an exchange; −1 = none. */
  partner: number
}

/** Fractions of a ms, so that a penalty weight per unit of a dimension can be an integer. */
export const fine = 1024

export const isViable = ({ overCount, violatedHard }: AnnealingState): boolean =>
  overCount === 0 && violatedHard === 0

/** What the excess of host `h` would cost with VM `plus` added and VM `minus` removed; −1 = none. */
export const penaltyWith = (s: AnnealingState, h: number, plus: number, minus: number): number => {
  const { load, penaltyWeight } = s
  const { dims, limit, demand } = s.model
  let sum = 0
  for (let d = 0; d < dims; d++) {
    let over = load[h * dims + d]! - limit[h * dims + d]!
    if (plus >= 0) over += demand[plus * dims + d]!
    if (minus >= 0) over -= demand[minus * dims + d]!
    if (over > 0) sum += over * penaltyWeight[h * dims + d]!
  }
  return sum
}

/** VM `v` goes to host `h`, and VM `u` (−1 = none) comes in exchange. */
export const move = (s: AnnealingState, v: number, h: number, u: number): void => {
  const from = s.at[v]!
  leave(s, v)
  if (u >= 0) leave(s, u)
  enter(s, v, h)
  if (u >= 0) enter(s, u, from)
  s.penalty[from] = penaltyWith(s, from, -1, -1)
  s.penalty[h] = penaltyWith(s, h, -1, -1)
  const of = s.constraintsOn[v]!
  for (let i = 0; i < of.length; i++) updateViolation(s, of[i]!)
  if (u < 0) return
  const others = s.constraintsOn[u]!
  for (let i = 0; i < others.length; i++) updateViolation(s, others[i]!)
}

const leave = (s: AnnealingState, v: number): void => {
  const { at, movers, moversOn, moverCount, slot, away, awaySlot } = s
  const h = at[v]!
  addLoad(s, v, h, -1)
  const base = h * movers.length
  const last = moversOn[base + --moverCount[h]!]!
  moversOn[base + slot[v]!] = last
  slot[last] = slot[v]!
  at[v] = -1
  if (h === s.model.home[v]!) return
  s.paidMs -= s.model.moveMs[v]!
  const end = away[--s.awayCount]!
  away[awaySlot[v]!] = end
  awaySlot[end] = awaySlot[v]!
}

/** A VM that is nowhere comes to host `h`. */
export const enter = (s: AnnealingState, v: number, h: number): void => {
  const { moverCount, moversOn, slot } = s
  addLoad(s, v, h, 1)
  slot[v] = moverCount[h]!
  moversOn[h * s.movers.length + moverCount[h]!++] = v
  s.at[v] = h
  if (h === s.model.home[v]!) return
  s.paidMs += s.model.moveMs[v]!
  s.awaySlot[v] = s.awayCount
  s.away[s.awayCount++] = v
}

export const addLoad = (s: AnnealingState, v: number, h: number, sign: number): void => {
  const { load } = s
  const { dims, limit, demand } = s.model
  for (let d = 0; d < dims; d++) {
    const i = h * dims + d
    if (load[i]! > limit[i]!) s.overCount--
    load[i]! += sign * demand[v * dims + d]!
    if (load[i]! > limit[i]!) s.overCount++
  }
}

export const updateViolation = (s: AnnealingState, p: number): void => {
  const { violation, violationCost } = s
  const { scope, weight, violation: violationOf } = s.model.constraints[p]!
  const before = violation[p]!
  const now = violationOf(s.at)
  if (now === before) return
  violation[p] = now
  for (let i = 0; i < scope.length; i++) violationCost[scope[i]!]! += (now - before) * s.rulePenaltyWeight[p]!
  const violated = (now > 0 ? 1 : 0) - (before > 0 ? 1 : 0)
  if (weight < 0) s.violatedHard += violated
  else s.softPaid += violated * weight
}
