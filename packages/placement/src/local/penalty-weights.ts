/**
 * The penalty weights of simulated annealing: those of violated limits and rules rise, all others decay. The decay
 * adapts. It slows down at the end of a run, which has to become viable then, and the longer no viable placement was met:
 * the more limits and rules there are, the more seldom all of them hold at once, and only the run itself shows how
 * seldom.
 */
import { type AnnealingState, fine, penaltyWith } from './annealing-state.ts'

export interface PenaltyDecay {
  /** The weight of what is not violated is multiplied by this many 1024ths. */
  decay: number
  /** A viable placement was met since the weights changed. */
  wasViable: boolean
  updatesWithoutViable: number
}

/** Penalty weights are multiplied by whole numbers of these fractions, so that they stay integers. */
const whole = 1024
const dearer = 1126
/** Beyond that, no higher penalty weight changes anything. */
const penaltyRiseMax = 2 ** 16
const decayMinAtFirst = 1003
const decayMinAtLast = 1018
const decayAtFirst = 1014
const afterViable = 8
const updatesPerStiffening = 5

export const createPenaltyDecay = (): PenaltyDecay => ({
  decay: decayAtFirst,
  wasViable: false,
  updatesWithoutViable: 0,
})

/** After `step` of `steps`. */
export const updatePenalties = (s: AnnealingState, d: PenaltyDecay, step: number, steps: number): void => {
  if (d.wasViable) {
    d.decay -= afterViable
    d.updatesWithoutViable = 0
  } else if (++d.updatesWithoutViable % updatesPerStiffening === 0) d.decay++
  d.wasViable = false
  const least = decayMinAtFirst + Math.floor(((decayMinAtLast - decayMinAtFirst) * step) / steps)
  d.decay = Math.max(least, Math.min(whole, d.decay))
  updateLimits(s, d.decay)
  updateRules(s, d.decay)
}

const updated = (old: number, least: number, exceeded: boolean, decay: number): number =>
  Math.max(least, Math.min(least * penaltyRiseMax, Math.floor((old * (exceeded ? dearer : decay)) / whole)))

const updateLimits = (s: AnnealingState, decay: number): void => {
  const { load, penaltyWeight, penaltyWeightMin, penalty } = s
  const { hostCount, dims, limit } = s.model
  for (let h = 0; h < hostCount; h++) {
    for (let d = 0; d < dims; d++) {
      const i = h * dims + d
      penaltyWeight[i] = updated(penaltyWeight[i]!, penaltyWeightMin[d]!, load[i]! > limit[i]!, decay)
    }
    penalty[h] = penaltyWith(s, h, -1, -1)
  }
}

const updateRules = (s: AnnealingState, decay: number): void => {
  const { violation, violationCost, rulePenaltyWeight, averageMs } = s
  const { constraints } = s.model
  for (let p = 0; p < constraints.length; p++) {
    const { weight, scope } = constraints[p]!
    if (weight >= 0) continue
    const old = rulePenaltyWeight[p]!
    rulePenaltyWeight[p] = updated(old, averageMs * fine, violation[p]! > 0, decay)
    if (violation[p] === 0) continue
    for (let i = 0; i < scope.length; i++)
      violationCost[scope[i]!]! += violation[p]! * (rulePenaltyWeight[p]! - old)
  }
}
