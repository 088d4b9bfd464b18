/** The objective of problem/answer.ts, computed from scratch for an assignment, and its order. */
import type { Cost } from '../problem/answer.ts'
import type { Model } from './model.ts'

/** `unmet` comes first and is internal: broken hard rules and VMs without a host. 0 in every plan. */
export interface FullCost extends Cost {
  readonly unmet: number
}

export const noCost: Cost = { overloadedHosts: 0, excess: 0, softPenalty: 0, migrationMs: 0, hostsTouched: 0 }

/** Worse than any full cure. */
export const unlimited: FullCost = { ...noCost, unmet: 0, softPenalty: Number.POSITIVE_INFINITY }

const order = ['unmet', 'overloadedHosts', 'excess', 'softPenalty', 'migrationMs', 'hostsTouched'] as const

/** Negative when `a` is better. */
export const compareCost = (a: FullCost, b: FullCost): number => {
  for (const key of order) if (a[key] !== b[key]) return a[key] - b[key]
  return 0
}

export const publicCost = ({ unmet: _, ...cost }: FullCost): Cost => cost

/**
 * By how much a load exceeds a limit, in permille of the limit: the one measure of overload. Rounded up, so that the least
 * excess is not nothing; a limit of 0 counts as 1.
 */
export const excessPermille = (load: number, limit: number): number =>
  load <= limit ? 0 : Math.ceil(((load - limit) * 1000) / Math.max(1, limit))

/** What a VM that should have left a draining host adds to the excess: its demand in permille, at least 1. */
export const strandedPermille = (model: Model, v: number): number => {
  let permille = 0
  const h = model.home[v]!
  for (let d = 0; d < model.dims; d++)
    permille += excessPermille(
      model.limit[h * model.dims + d]! + model.demand[v * model.dims + d]!,
      model.limit[h * model.dims + d]!,
    )
  return Math.max(1, permille)
}

/** Is the VM where it may not be, because its host is being drained? */
export const stranded = (model: Model, v: number, h: number): boolean =>
  h >= 0 && h === model.home[v]! && model.draining[h] === 1 && model.vms[v]!.movable

/** `at`: host index per VM, −1 = nowhere. Inactive VMs are ignored. */
export const costOf = (model: Model, at: Int32Array): FullCost => {
  const { hostCount, vmCount, dims, limit, demand, home, active, starts, moveMs } = model
  const load = new Float64Array(hostCount * dims)
  const touched = new Uint8Array(hostCount)
  const overloaded = new Uint8Array(hostCount)
  let unmet = 0
  let excess = 0
  let migrationMs = 0
  for (let v = 0; v < vmCount; v++) {
    if (active[v] === 0) continue
    const h = at[v]!
    if (h < 0) {
      unmet++
      continue
    }
    if (h !== home[v]!) {
      migrationMs += moveMs[v]!
      touched[h] = 1
      if (home[v]! >= 0) touched[home[v]!] = 1
    } else if (starts[v] === 1) touched[h] = 1
    if (stranded(model, v, h)) {
      overloaded[h] = 1
      excess += strandedPermille(model, v)
    } else if (model.domain[v]![h] === 0) unmet++
    for (let d = 0; d < dims; d++) load[h * dims + d]! += demand[v * dims + d]!
  }
  let overloadedHosts = 0
  let hostsTouched = 0
  for (let h = 0; h < hostCount; h++) {
    for (let d = 0; d < dims; d++) {
      const over = excessPermille(load[h * dims + d]!, limit[h * dims + d]!)
      if (over > 0) overloaded[h] = 1
      excess += over
    }
    overloadedHosts += overloaded[h]!
    hostsTouched += touched[h]!
  }
  let softPenalty = 0
  const scratch = new Int32Array(model.vmCount)
  for (const constraint of model.constraints) {
    if (constraint.conflict(at, scratch, 0) === 0) continue
    if (constraint.weight < 0) unmet++
    else softPenalty += constraint.weight
  }
  return { unmet, overloadedHosts, excess, softPenalty, migrationMs, hostsTouched }
}
