/** Where simulated annealing begins. */
import type { Model } from '../model/model.ts'
import { type AnnealingState, addLoad, enter, fine, penaltyWith, updateViolation } from './annealing-state.ts'

/** `start`: −1, or a host where a VM may not be, stands for any. Null: some VM has no host at all. */
export const createAnnealingState = (model: Model, start: Int32Array): AnnealingState | null => {
  const s = emptyState(model)
  const { vmCount, hostCount, active, fixed, home, domain, constraints } = model
  for (let v = 0; v < vmCount; v++)
    if (active[v] === 1 && fixed[v] === 1) {
      s.at[v] = home[v]!
      addLoad(s, v, home[v]!, 1)
    }
  for (const v of s.movers) {
    const wanted = start[v]!
    if (wanted >= 0 && domain[v]![wanted] === 1) enter(s, v, wanted)
  }
  for (const v of s.movers) {
    if (s.at[v]! >= 0) continue
    const h = cheapestHost(s, v)
    if (h < 0) return null
    enter(s, v, h)
  }
  for (let h = 0; h < hostCount; h++) s.penalty[h] = penaltyWith(s, h, -1, -1)
  for (let p = 0; p < constraints.length; p++) updateViolation(s, p)
  return s
}

/** Where the VM adds least excess; −1: it may be nowhere. */
const cheapestHost = (s: AnnealingState, v: number): number => {
  const { hostCount, domain } = s.model
  let chosen = -1
  let least = Number.POSITIVE_INFINITY
  for (let h = 0; h < hostCount; h++) {
    if (domain[v]![h] === 0) continue
    const more = penaltyWith(s, h, v, -1) - penaltyWith(s, h, -1, -1)
    if (more >= least) continue
    least = more
    chosen = h
  }
  return chosen
}

/** No VM has a place yet. */
const emptyState = (model: Model): AnnealingState => {
  const { hostCount, vmCount, dims, active, fixed, moveMs, constraints } = model
  const movers = Int32Array.from({ length: vmCount }, (_, v) => v).filter(
    (v) => active[v] === 1 && fixed[v] === 0,
  )
  const totalMs = movers.reduce((sum, v) => sum + moveMs[v]!, 0)
  const averageMs = Math.max(1, Math.floor(totalMs / movers.length))
  const penaltyWeightMin = leastPenaltyWeights(model, movers, averageMs)
  const index = new Map(constraints.map((constraint, p) => [constraint, p]))
  return {
    model,
    at: new Int32Array(vmCount).fill(-1),
    load: new Float64Array(hostCount * dims),
    movers,
    moversOn: new Int32Array(hostCount * movers.length),
    moverCount: new Int32Array(hostCount),
    slot: new Int32Array(vmCount),
    away: new Int32Array(movers.length),
    awaySlot: new Int32Array(vmCount).fill(-1),
    awayCount: 0,
    paidMs: 0,
    overCount: 0,
    penaltyWeightMin,
    penaltyWeight: Float64Array.from({ length: hostCount * dims }, (_, i) => penaltyWeightMin[i % dims]!),
    penalty: new Float64Array(hostCount),
    constraintsOn: model.constraintsOn.map((list) => Int32Array.from(list, (one) => index.get(one)!)),
    violation: new Int32Array(constraints.length),
    rulePenaltyWeight: rulePenaltyWeights(model, movers, averageMs),
    violationCost: new Float64Array(vmCount),
    violatedHard: 0,
    softPaid: 0,
    averageMs,
    tried: new Int32Array(constraints.length).fill(-1),
    triedViolation: new Int32Array(constraints.length),
    trial: 0,
    partner: -1,
  }
}

/** A VM of average demand costs as much as an average migration. [dims] */
const leastPenaltyWeights = (
  { dims, demand }: Model,
  movers: Int32Array,
  averageMs: number,
): Float64Array => {
  const totals = new Float64Array(dims)
  for (const v of movers) for (let d = 0; d < dims; d++) totals[d]! += demand[v * dims + d]!
  return totals.map((total) =>
    Math.max(1, Math.floor((averageMs * movers.length * fine) / Math.max(1, total))),
  )
}

/** At first a violated hard rule costs an average migration; a soft one always costs more than the dearest migration. */
const rulePenaltyWeights = (
  { constraints, moveMs }: Model,
  movers: Int32Array,
  averageMs: number,
): Float64Array => {
  const dearest = movers.reduce((most, v) => Math.max(most, moveMs[v]!), 1)
  return Float64Array.from(constraints, ({ weight }) =>
    weight < 0 ? averageMs * fine : dearest * fine * (1 + weight),
  )
}
