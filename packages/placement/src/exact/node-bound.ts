/** The bound of a node: what the decisions so far cost at least, compared with the best answer. */
import { excessPermille, stranded, strandedPermille } from '../model/cost.ts'
import type { BranchState } from './branch-state.ts'

/** False when nothing below can beat the best answer. Leaves in `budget` what may still be paid. */
export const canImprove = (s: BranchState): boolean => {
  const { budget, state, best } = s
  const { openHosts, coverMs, touches, overloaded, acceptedOverloadDims, relief } = state
  budget.ms = Number.POSITIVE_INFINITY
  budget.hosts = Number.POSITIVE_INFINITY
  let { overloadedElsewhere: overloadedHosts, excessElsewhere: excess } = state
  let ms = state.msPaid
  let touched = state.touchedElsewhere
  for (let k = 0; k < openHosts.length; k++) {
    const h = openHosts[k]!
    if (coverMs[h]! < Number.POSITIVE_INFINITY) ms += coverMs[h]!
    else if (!relief) return false
    if (touches[h]! > 0 || overloaded[h] === 1) touched++
    if (!relief) continue
    if (acceptedOverloadDims[h]! === 0) overloadedHosts += coverMs[h] === Number.POSITIVE_INFINITY ? 1 : 0
    else {
      overloadedHosts++
      excess += acceptedExcess(s, h)
    }
  }
  excess += strandedExcess(s)
  if (state.unmetPaid !== best.unmet) return state.unmetPaid < best.unmet
  if (overloadedHosts !== best.overloadedHosts) return overloadedHosts < best.overloadedHosts
  if (excess !== best.excess) return excess < best.excess
  if (s.softPaid !== best.softPenalty) return s.softPaid < best.softPenalty
  // From here on nothing more may be left overloaded, so each overloaded host must be relieved in full.
  budget.ms = best.migrationMs - ms
  budget.hosts = best.hostsTouched - 1 - touched
  return budget.ms > 0 || (budget.ms === 0 && budget.hosts >= 0)
}

/** In the dimensions in which the host stays overloaded: of the VMs that are settled there. */
const acceptedExcess = ({ state, space }: BranchState, h: number): number => {
  const { dims, limit } = space.model
  let excess = 0
  for (let d = 0; d < dims; d++)
    if (state.acceptedOverload[h * dims + d] === 1)
      excess += excessPermille(state.settledLoad[h * dims + d]!, limit[h * dims + d]!)
  return excess
}

/** Of VMs that are left on a host that is being drained. */
const strandedExcess = ({ state, space }: BranchState): number => {
  const { model } = space
  let excess = 0
  for (const v of state.mayStayStranded) {
    const h = model.home[v]!
    if (state.settledAt[v] === h && stranded(model, v, h)) excess += strandedPermille(model, v)
  }
  return excess
}

/** A lower bound of the migrations below the root, in ms. */
export const rootMsOf = ({ state, groups }: BranchState): number => {
  let ms = state.msPaid
  for (const h of state.openHosts) ms += state.coverMs[h]!
  return groups === null ? ms : Math.max(ms, state.msPaid + groups.boundMs())
}
