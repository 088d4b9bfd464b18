/**
 * Lagrangian relaxation of "every VM is on exactly one host", as for the generalised assignment problem (Ross and
 * Soland 1975, Fisher 1981). Given a multiplier per VM, each host by itself solves a knapsack: the VMs that are worth
 * most within its limits. The sum of all multipliers, less the profits of the hosts, is a lower bound of any cure. The
 * multiplier of a VM that no host selects rises, of one that several select falls (subgradient ascent, Polyak's step).
 *
 * VMs that a rule wants in one group of hosts (gather, among) have a multiplier per group: the rule's subproblem picks
 * the group that is cheapest for all of them (group-subproblem.ts).
 *
 * Costs are counted in units of one touched host; a millisecond is `unit` of them, so that both are one number.
 * Multipliers are integers, so the bound is exact arithmetic.
 */

import type { CompiledConstraint } from '../model/constraints/compiled-constraint.ts'
import type { Model } from '../model/model.ts'
import { createGroupSubproblem } from './group-subproblem.ts'
import { createKnapsack, type Knapsack, type SideConstraint } from './knapsack.ts'

export interface LagrangianRelaxation {
  /** Active VMs that are not fixed. */
  readonly movers: Int32Array
  /** Units per millisecond. */
  readonly unit: number
  /** One per VM, or one per VM and group. */
  readonly multiplierCount: number
  /** The index of the multiplier of VM `v` on host `h`; −1 = it cannot be there. [v × hosts + h] */
  readonly multiplierOf: Int32Array
  /**
   * Changes `multipliers` until the bound exceeds `target` or the rounds are over; returns the best bound in units
   * and leaves the multipliers that gave it. `allowed[v × hosts + h]`: 1 = may be there. Infinity: some VM has no place.
   */
  readonly ascend: (allowed: Uint8Array, multipliers: Float64Array, target: number, rounds: number) => number
  /** After `ascend`: at least this much with VM `v` on host `h`. */
  readonly boundWith: (v: number, h: number) => number
  /** After `ascend`: by how much the bound rises at least when the rule of VM `v` is in host `h`'s group. */
  readonly extraCost: (v: number, h: number) => number
  /** How much has been computed so far, in steps of the knapsacks. */
  readonly work: () => number
  /** After `ascend`: how many hosts select the VM, and the last one that does. */
  readonly selectedCount: Int32Array
  readonly selectedHost: Int32Array
}

/** Rounds without a better bound before the steps are halved. */
const patience = 6
/** How often the hosts look for a better surrogate. */
const roundsPerSurrogate = 16

export const createLagrangianRelaxation = (
  model: Model,
  constraints: readonly CompiledConstraint[],
  expired: () => boolean,
): LagrangianRelaxation => {
  const { hostCount, vmCount, dims, limit, demand, home, active, fixed, moveMs, starts } = model
  const unit = hostCount + 1
  const movers = Int32Array.from({ length: vmCount }, (_, v) => v).filter(
    (v) => active[v] === 1 && fixed[v] === 0,
  )
  /** What is left of each host beside the VMs that cannot move. */
  const room = Float64Array.from(limit)
  const at = new Int32Array(vmCount).fill(-1)
  for (let v = 0; v < vmCount; v++) {
    if (active[v] === 0 || fixed[v] === 0) continue
    at[v] = home[v]!
    for (let d = 0; d < dims; d++) room[home[v]! * dims + d]! -= demand[v * dims + d]!
  }
  const knapsacks: Knapsack[] = Array.from({ length: hostCount }, () => createKnapsack(dims, movers.length))
  const constraintsOn: CompiledConstraint[][] = Array.from({ length: vmCount }, () => [])
  for (const constraint of constraints) for (const v of constraint.scope) constraintsOn[v]!.push(constraint)
  const ruled = constraints.length > 0

  /** The profit of each host at most, and that of its VMs that have no other host. */
  const hostProfit = new Float64Array(hostCount)
  const forcedProfit = new Float64Array(hostCount)
  const domainSize = new Int32Array(vmCount)
  const lastHost = new Int32Array(vmCount)
  const selectedCount = new Int32Array(vmCount)
  const selectedHost = new Int32Array(vmCount)
  const groups = createGroupSubproblem(model, constraints, movers)
  const { multiplierCount, multiplierOf, firstMultiplier, owner } = groups
  /** How many hosts of this multiplier select the VM. */
  const selectedAt = new Int32Array(multiplierCount)
  const direction = new Float64Array(multiplierCount)
  const bestMultipliers = new Float64Array(multiplierCount)
  const changed = new Uint8Array(hostCount)
  const newSurrogate = new Uint8Array(hostCount)
  /** [host × vm]: 1 = selects it. */
  const selected = new Uint8Array(hostCount * vmCount)
  /** [host × mover]: who may be there. */
  const candidates = new Int32Array(hostCount * movers.length)
  const candidateCount = new Int32Array(hostCount)
  /** 1 = one of its VMs must leave. */
  const losesVm = new Uint8Array(hostCount)
  let current: Float64Array = new Float64Array(0)
  let total = 0
  const scratch = new Float64Array(dims)

  const costAt = (v: number, h: number): number => (h === home[v] ? 0 : moveMs[v]! * unit)

  const sideConstraints: readonly SideConstraint[] = Array.from({ length: hostCount }, (_, h) => ({
    allows: (v) => {
      const of = constraintsOn[v]!
      for (let i = 0; i < of.length; i++) if (of[i]!.clashes(at, v, h)) return false
      return true
    },
    add: (v) => {
      at[v] = h
    },
    remove: (v) => {
      at[v] = -1
    },
  }))

  /** 1 = the VMs there now break a rule among themselves: not all of them can stay. */
  const violatedNow = new Uint8Array(hostCount)
  if (ruled) {
    const here = new Int32Array(vmCount).fill(-1)
    const runsOn = (v: number, h: number) => home[v] === h && active[v] === 1 && starts[v] === 0
    for (let h = 0; h < hostCount; h++) {
      for (let v = 0; v < vmCount; v++) here[v] = runsOn(v, h) ? h : -1
      for (let v = 0; v < vmCount; v++)
        if (here[v] === h && constraintsOn[v]!.some((constraint) => constraint.clashes(here, v, h)))
          violatedNow[h] = 1
    }
  }

  /** False: what must be there does not fit. */
  const solveHost = (h: number): boolean => {
    const knapsack = knapsacks[h]!
    let n = 0
    let untouched = violatedNow[h] === 0 && losesVm[h] === 0
    let ownProfit = 0
    forcedProfit[h] = 0
    for (let d = 0; d < dims; d++) {
      knapsack.capacity[d] = room[h * dims + d]!
      scratch[d] = room[h * dims + d]!
    }
    for (let k = 0; k < candidateCount[h]!; k++) {
      const v = candidates[h * movers.length + k]!
      selected[h * vmCount + v] = 0
      const own = home[v] === h && starts[v] === 0
      const profit = current[multiplierOf[v * hostCount + h]!]! - costAt(v, h)
      if (own) {
        ownProfit += profit
        for (let d = 0; d < dims; d++) scratch[d]! -= demand[v * dims + d]!
      }
      if (domainSize[v] === 1) {
        selected[h * vmCount + v] = 1
        forcedProfit[h]! += profit
        if (!own) untouched = false
        for (let d = 0; d < dims; d++) knapsack.capacity[d]! -= demand[v * dims + d]!
        continue
      }
      if (profit <= 0) continue
      knapsack.item[n] = v
      knapsack.profit[n] = profit
      for (let d = 0; d < dims; d++) knapsack.weight[n * dims + d] = demand[v * dims + d]!
      n++
    }
    for (let d = 0; d < dims; d++) {
      if (knapsack.capacity[d]! < 0) return false
      if (scratch[d]! < 0) untouched = false
    }
    knapsack.count = n
    // A set that changes anything touches the host; leaving it as it is costs nothing.
    const profitNow =
      forcedProfit[h]! + knapsack.solve(ruled ? sideConstraints[h]! : null, newSurrogate[h] === 1) - 1
    newSurrogate[h] = 0
    if (untouched && ownProfit >= profitNow) {
      hostProfit[h] = ownProfit
      for (let k = 0; k < candidateCount[h]!; k++) {
        const v = candidates[h * movers.length + k]!
        if (home[v] === h && starts[v] === 0) selected[h * vmCount + v] = 1
      }
    } else {
      hostProfit[h] = profitNow
      for (let i = 0; i < n; i++) selected[h * vmCount + knapsack.item[i]!] = knapsack.chosen[i]!
    }
    return true
  }

  const evaluate = (): number => {
    total = 0
    selectedCount.fill(0)
    selectedAt.fill(0)
    for (let h = 0; h < hostCount; h++) {
      if (changed[h] === 1 && !solveHost(h)) return Number.POSITIVE_INFINITY
      changed[h] = 0
      total -= hostProfit[h]!
      for (let k = 0; k < candidateCount[h]!; k++) {
        const v = candidates[h * movers.length + k]!
        if (selected[h * vmCount + v] === 0) continue
        selectedCount[v]!++
        selectedHost[v] = h
        selectedAt[multiplierOf[v * hostCount + h]!]!++
      }
    }
    for (let m = 0; m < movers.length; m++)
      if (owner[movers[m]!]! < 0) total += current[firstMultiplier[movers[m]!]!]!
    total += groups.solve(current)
    return total
  }

  const ascend: LagrangianRelaxation['ascend'] = (allowed, multipliers, target, rounds) => {
    current = multipliers
    candidateCount.fill(0)
    losesVm.fill(0)
    selected.fill(0)
    direction.fill(0)
    if (!groups.openGroups(allowed)) return Number.POSITIVE_INFINITY
    for (let m = 0; m < movers.length; m++) {
      const v = movers[m]!
      domainSize[v] = 0
      for (let h = 0; h < hostCount; h++)
        if (allowed[v * hostCount + h] === 1 && groups.isOpen(multiplierOf[v * hostCount + h]!)) {
          domainSize[v]!++
          lastHost[v] = h
          candidates[h * movers.length + candidateCount[h]!++] = v
        } else if (home[v] === h && starts[v] === 0) losesVm[h] = 1
      if (domainSize[v] === 0) return Number.POSITIVE_INFINITY
      if (ruled) at[v] = domainSize[v] === 1 ? lastHost[v]! : -1
    }
    changed.fill(1)
    newSurrogate.fill(1)
    const multiplierMax = 4 * (Math.max(0, target) + unit)
    let best = Number.NEGATIVE_INFINITY
    let stale = 0
    let stride = 1
    for (let round = 0; ; round++) {
      if (round % roundsPerSurrogate === 0) {
        newSurrogate.fill(1)
        if (expired()) rounds = round
      }
      const bound = evaluate()
      if (bound === Number.POSITIVE_INFINITY) return bound
      if (bound > best) {
        best = bound
        bestMultipliers.set(multipliers)
        stale = 0
      } else if (++stale > patience) {
        stride /= 2
        stale = 0
      }
      if (best > target || round >= rounds) break
      // Polyak's step along the disagreement, smoothed over the rounds.
      let disagreement = 0
      let length = 0
      for (let m = 0; m < movers.length; m++) {
        const v = movers[m]!
        if (domainSize[v] === 1) continue
        for (let s = firstMultiplier[v]!; s < firstMultiplier[v + 1]!; s++) {
          if (!groups.isOpen(s)) continue
          const off = groups.demandedAt(s) - selectedAt[s]!
          disagreement += off * off
          direction[s] = off + direction[s]! / 3
          length += direction[s]! * direction[s]!
        }
      }
      if (disagreement === 0) break
      const step = (stride * (Math.max(target - bound, unit) + unit)) / Math.max(length, disagreement)
      let moved = false
      for (let m = 0; m < movers.length; m++) {
        const v = movers[m]!
        for (let s = firstMultiplier[v]!; s < firstMultiplier[v + 1]!; s++) {
          const old = multipliers[s]!
          const fresh = Math.max(
            -multiplierMax,
            Math.min(multiplierMax, old + Math.round(step * direction[s]!)),
          )
          if (fresh === old) continue
          moved = true
          multipliers[s] = fresh
          const high = Math.max(old, fresh)
          for (let h = 0; h < hostCount; h++)
            // Staying as it is counts all its VMs, also those that do not pay.
            if (
              multiplierOf[v * hostCount + h] === s &&
              allowed[v * hostCount + h] === 1 &&
              (h === home[v] || high > costAt(v, h))
            )
              changed[h] = 1
        }
      }
      if (!moved) break
    }
    if (total !== best) {
      multipliers.set(bestMultipliers)
      changed.fill(1)
      evaluate()
    }
    return best
  }

  const boundWith: LagrangianRelaxation['boundWith'] = (v, h) => {
    const knapsack = knapsacks[h]!
    let bound = total + groups.extraCost(multiplierOf[v * hostCount + h]!)
    if (selected[h * vmCount + v] === 0) {
      for (let d = 0; d < dims; d++) scratch[d] = knapsack.capacity[d]! - demand[v * dims + d]!
      const profitNow =
        current[multiplierOf[v * hostCount + h]!]! -
        costAt(v, h) +
        forcedProfit[h]! +
        knapsack.boundWithout(indexIn(knapsack, v), scratch)
      bound += Math.max(0, hostProfit[h]! - profitNow)
    }
    for (let g = 0; g < hostCount; g++)
      if (g !== h && selected[g * vmCount + v] === 1) {
        const other = knapsacks[g]!
        const profitNow = forcedProfit[g]! + other.boundWithout(indexIn(other, v), other.capacity)
        bound += Math.max(0, hostProfit[g]! - profitNow)
      }
    return bound
  }
  const indexIn = (knapsack: Knapsack, v: number): number => {
    for (let i = 0; i < knapsack.count; i++) if (knapsack.item[i] === v) return i
    return -1
  }

  const work = (): number => {
    let total = 0
    for (let h = 0; h < hostCount; h++) total += knapsacks[h]!.work()
    return total
  }
  const extraCost: LagrangianRelaxation['extraCost'] = (v, h) =>
    groups.extraCost(multiplierOf[v * hostCount + h]!)

  return {
    movers,
    unit,
    multiplierCount,
    multiplierOf,
    ascend,
    boundWith,
    extraCost,
    work,
    selectedCount,
    selectedHost,
  }
}
