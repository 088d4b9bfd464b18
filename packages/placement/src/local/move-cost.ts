/** What a move costs in simulated annealing: its migration, and what it changes about the penalties of limits and rules. */
import { type AnnealingState, fine, penaltyWith } from './annealing-state.ts'

/**
 * What it costs to bring VM `v` to host `h`, alone or in exchange for the best of those there; more than `most` =
 * not possible for `most`. The VM of the exchange is then in `partner`: −1 = none.
 */
export const evaluateMove = (s: AnnealingState, v: number, h: number, most: number): number => {
  const { at, penalty, violationCost, moversOn, constraintsOn } = s
  const { domain } = s.model
  const from = at[v]!
  s.trial++
  // A move saves at most what penalties and rules cost now, so most partners are ruled out before any constraint is
  // asked.
  const before = penalty[from]! + penalty[h]!
  const costAtLeast = migrationCost(s, v, h) - migrationCost(s, v, from) - before - violationCost[v]!
  let rules = Number.NaN
  let least = most + 1
  const base = h * s.movers.length
  const count = s.moverCount[h]!
  for (let i = -1; i < count; i++) {
    const u = i < 0 ? -1 : moversOn[base + i]!
    let cost = costAtLeast
    let relief = 0
    if (u >= 0) {
      cost += migrationCost(s, u, from) - migrationCost(s, u, h)
      relief = violationCost[u]!
      if (cost - relief >= least || domain[u]![from] === 0) continue
    }
    cost += penaltyWith(s, h, v, u) + penaltyWith(s, from, u, v)
    if (cost - relief >= least) continue
    if (Number.isNaN(rules)) rules = ruleCostOn(s, v, h) + violationCost[v]!
    cost += rules
    if (u >= 0 && constraintsOn[u]!.length > 0) cost += ruleCostOfPartner(s, v, h, u)
    if (cost >= least) continue
    least = cost
    s.partner = u
  }
  return least
}

const migrationCost = ({ model }: AnnealingState, v: number, h: number): number =>
  h === model.home[v]! ? 0 : model.moveMs[v]! * fine

/** What the rules of `v` cost more on `h`; their violations then are kept for a partner. */
const ruleCostOn = (s: AnnealingState, v: number, h: number): number => {
  const { at, tried, triedViolation, violation, rulePenaltyWeight } = s
  const { constraints } = s.model
  const of = s.constraintsOn[v]!
  if (of.length === 0) return 0
  const from = at[v]!
  at[v] = h
  let more = 0
  for (let i = 0; i < of.length; i++) {
    const p = of[i]!
    tried[p] = s.trial
    triedViolation[p] = constraints[p]!.violation(at)
    more += (triedViolation[p]! - violation[p]!) * rulePenaltyWeight[p]!
  }
  at[v] = from
  return more
}

/** And those of its partner `u`, which goes the other way. */
const ruleCostOfPartner = (s: AnnealingState, v: number, h: number, u: number): number => {
  const { at, tried, triedViolation, violation, rulePenaltyWeight } = s
  const { constraints } = s.model
  const of = s.constraintsOn[u]!
  const from = at[v]!
  at[v] = h
  at[u] = from
  let more = 0
  for (let i = 0; i < of.length; i++) {
    const p = of[i]!
    const before = tried[p] === s.trial ? triedViolation[p]! : violation[p]!
    more += (constraints[p]!.violation(at) - before) * rulePenaltyWeight[p]!
  }
  at[v] = from
  at[u] = h
  return more
}
