/**
 * The value of the Lagrangian dual for given multipliers: their sum, less what each host earns at most with the VMs that
 * it selects (a knapsack), plus the groups that the rules choose. A lower bound of any cure.
 */
import type { Knapsack } from './knapsack.ts'
import { boundWithout, solveKnapsack } from './knapsack.ts'
import type { RelaxationState } from './relaxation-state.ts'

/** In units; solves the knapsacks of the hosts that have changed. Infinity: what must be on a host does not fit. */
export const evaluate = (s: RelaxationState): number => {
  const { changed, candidates, candidateCount, selected, selectedCount, selectedHost, selectedAt, movers } = s
  const { multiplierOf, firstMultiplier, owner } = s.groups
  const { hostCount, vmCount } = s.model
  let total = 0
  selectedCount.fill(0)
  selectedAt.fill(0)
  for (let h = 0; h < hostCount; h++) {
    if (changed[h] === 1 && !solveHost(s, h)) return Number.POSITIVE_INFINITY
    changed[h] = 0
    total -= s.hostProfit[h]!
    for (let k = 0; k < candidateCount[h]!; k++) {
      const v = candidates[h * movers.length + k]!
      if (selected[h * vmCount + v] === 0) continue
      selectedCount[v]!++
      selectedHost[v] = h
      selectedAt[multiplierOf[v * hostCount + h]!]!++
    }
  }
  for (let m = 0; m < movers.length; m++)
    if (owner[movers[m]!]! < 0) total += s.multipliers[firstMultiplier[movers[m]!]!]!
  total += s.groups.solve(s.multipliers)
  s.total = total
  return total
}

export const costAt = ({ model, unit }: RelaxationState, v: number, h: number): number =>
  h === model.home[v] ? 0 : model.moveMs[v]! * unit

/** Solves the knapsack of a host; false: what must be there does not fit. */
const solveHost = (s: RelaxationState, h: number): boolean => {
  const { movers, candidates, candidateCount, selected, hostProfit, forcedProfit, room, scratch } = s
  const { dims, vmCount, home, starts } = s.model
  const knapsack = s.knapsacks[h]!
  for (let d = 0; d < dims; d++) {
    knapsack.capacity[d] = room[h * dims + d]!
    scratch[d] = room[h * dims + d]!
  }
  let mayStay = fillKnapsack(s, knapsack, h) && s.violatedNow[h] === 0 && s.losesVm[h] === 0
  for (let d = 0; d < dims; d++) {
    if (knapsack.capacity[d]! < 0) return false
    if (scratch[d]! < 0) mayStay = false
  }
  // A set that changes anything touches the host; leaving it as it is costs nothing.
  const side = s.ruled ? s.sideConstraints[h]! : null
  const profit = forcedProfit[h]! + solveKnapsack(knapsack, side, s.newSurrogate[h] === 1) - 1
  s.newSurrogate[h] = 0
  if (mayStay && s.ownProfit >= profit) {
    hostProfit[h] = s.ownProfit
    for (let k = 0; k < candidateCount[h]!; k++) {
      const v = candidates[h * movers.length + k]!
      if (home[v] === h && starts[v] === 0) selected[h * vmCount + v] = 1
    }
  } else {
    hostProfit[h] = profit
    for (let i = 0; i < knapsack.count; i++) selected[h * vmCount + knapsack.item[i]!] = knapsack.chosen[i]!
  }
  return true
}

/**
 * VMs with no other host are in; of the others those that pay are the items. `scratch` becomes what is free with the VMs
 * that are there now. False: a VM from elsewhere must come, so the host cannot stay as it is.
 */
const fillKnapsack = (s: RelaxationState, knapsack: Knapsack, h: number): boolean => {
  const { movers, candidates, candidateCount, selected, domainSize, forcedProfit, scratch, multipliers } = s
  const { dims, hostCount, vmCount, demand, home, starts } = s.model
  const { multiplierOf } = s.groups
  const { item, profit: profits, weight, capacity } = knapsack
  let n = 0
  let forced = 0
  let ownProfit = 0
  let onlyOwn = true
  for (let k = 0; k < candidateCount[h]!; k++) {
    const v = candidates[h * movers.length + k]!
    selected[h * vmCount + v] = 0
    const own = home[v] === h && starts[v] === 0
    const profit = multipliers[multiplierOf[v * hostCount + h]!]! - costAt(s, v, h)
    if (own) {
      ownProfit += profit
      for (let d = 0; d < dims; d++) scratch[d]! -= demand[v * dims + d]!
    }
    if (domainSize[v] === 1) {
      selected[h * vmCount + v] = 1
      forced += profit
      if (!own) onlyOwn = false
      for (let d = 0; d < dims; d++) capacity[d]! -= demand[v * dims + d]!
      continue
    }
    if (profit <= 0) continue
    item[n] = v
    profits[n] = profit
    for (let d = 0; d < dims; d++) weight[n * dims + d] = demand[v * dims + d]!
    n++
  }
  forcedProfit[h] = forced
  s.ownProfit = ownProfit
  knapsack.count = n
  return onlyOwn
}

/** After `evaluate`: the bound is at least this much with VM `v` on host `h` (its reduced cost added). */
export const boundWith = (s: RelaxationState, v: number, h: number): number => {
  const { knapsacks, groups, selected, scratch, forcedProfit, hostProfit } = s
  const { dims, hostCount, vmCount, demand } = s.model
  const knapsack = knapsacks[h]!
  const multiplier = groups.multiplierOf[v * hostCount + h]!
  let bound = s.total + groups.extraCost(multiplier)
  if (selected[h * vmCount + v] === 0) {
    for (let d = 0; d < dims; d++) scratch[d] = knapsack.capacity[d]! - demand[v * dims + d]!
    const profit =
      s.multipliers[multiplier]! -
      costAt(s, v, h) +
      forcedProfit[h]! +
      boundWithout(knapsack, itemOf(knapsack, v), scratch)
    bound += Math.max(0, hostProfit[h]! - profit)
  }
  for (let g = 0; g < hostCount; g++)
    if (g !== h && selected[g * vmCount + v] === 1) {
      const other = knapsacks[g]!
      const profit = forcedProfit[g]! + boundWithout(other, itemOf(other, v), other.capacity)
      bound += Math.max(0, hostProfit[g]! - profit)
    }
  return bound
}

/** −1 = the VM is no item. */
const itemOf = (knapsack: Knapsack, v: number): number => {
  for (let i = 0; i < knapsack.count; i++) if (knapsack.item[i] === v) return i
  return -1
}
