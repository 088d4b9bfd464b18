/**
 * Prices for VMs (Lagrangian relaxation of "every VM is on exactly one host", as for the generalised assignment
 * problem: Ross and Soland 1975, Fisher 1981). Given a price per VM each host by itself takes the set that pays
 * best within its limits; what all prices add up to, less what the hosts earn, is a lower bound of any cure.
 * Prices of VMs that nobody takes rise, of those that several take fall (subgradient ascent, Polyak's step).
 *
 * VMs that a rule wants in one group of hosts (gather, among) have a price per group: the rule buys them where they
 * are cheapest together, which relaxes "the rule's VMs are where the rule is" in the same way.
 *
 * Costs are counted in units of one touched host; a millisecond is `unit` of them, so that both are one number.
 * Prices are integers, so the bound is exact arithmetic.
 */

import type { Part } from '../model/constraints/compiled-constraint.ts'
import type { Model } from '../model/model.ts'
import { createChoosers } from './group-subproblem.ts'
import { createKnapsack, type Knapsack, type MayJoin } from './knapsack.ts'

export interface Prices {
  /** Active VMs that are not fixed. */
  readonly movers: Int32Array
  /** Units per millisecond. */
  readonly unit: number
  /** How many prices there are: one per VM, or one per VM and group. */
  readonly slots: number
  /** Which price holds for VM `v` on host `h`; −1 = it cannot be there. [v × hosts + h] */
  readonly slotOf: Int32Array
  /**
   * Raises `price` [slot] until the bound exceeds `target` or the rounds are over; returns the best bound in units
   * and leaves the prices that gave it. `allowed[v × hosts + h]`: 1 = may be there. Infinity: some VM has no place.
   */
  readonly ascend: (allowed: Uint8Array, price: Float64Array, target: number, rounds: number) => number
  /** After `ascend`: at least this much with VM `v` on host `h`. */
  readonly boundWith: (v: number, h: number) => number
  /** After `ascend`: what the rule that pays for VM `v` pays more at least when it is in host `h`'s group. */
  readonly extra: (v: number, h: number) => number
  /** How much has been computed so far, in steps of the knapsacks. */
  readonly work: () => number
  /** After `ascend`: how many hosts take the VM, and the last one that does. */
  readonly takers: Int32Array
  readonly taker: Int32Array
}

/** Rounds without a better bound before the steps are halved. */
const patience = 6
/** How often the hosts look for a better surrogate. */
const roundsPerMix = 16

export const createPrices = (model: Model, parts: readonly Part[], expired: () => boolean): Prices => {
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
  const bags: Knapsack[] = Array.from({ length: hostCount }, () => createKnapsack(dims, movers.length))
  const partsOf: Part[][] = Array.from({ length: vmCount }, () => [])
  for (const part of parts) for (const v of part.scope) partsOf[v]!.push(part)
  const ruled = parts.length > 0

  /** What each host earns at most, and without its VMs that have no choice. */
  const earns = new Float64Array(hostCount)
  const forcedProfit = new Float64Array(hostCount)
  const choices = new Int32Array(vmCount)
  const only = new Int32Array(vmCount)
  const takers = new Int32Array(vmCount)
  const taker = new Int32Array(vmCount)
  const choosers = createChoosers(model, parts, movers)
  const { slots, slotOf, firstSlot, owner } = choosers
  /** How many hosts take the VM where this price holds. */
  const sold = new Int32Array(slots)
  const direction = new Float64Array(slots)
  const bestPrice = new Float64Array(slots)
  const dirty = new Uint8Array(hostCount)
  const afresh = new Uint8Array(hostCount)
  /** [host × vm]: 1 = takes it. */
  const takes = new Uint8Array(hostCount * vmCount)
  /** [host × mover]: who may be there. */
  const welcome = new Int32Array(hostCount * movers.length)
  const welcomeCount = new Int32Array(hostCount)
  /** 1 = one of its VMs must leave. */
  const deserted = new Uint8Array(hostCount)
  let prices: Float64Array = new Float64Array(0)
  let total = 0
  const scratch = new Float64Array(dims)

  const costAt = (v: number, h: number): number => (h === home[v] ? 0 : moveMs[v]! * unit)

  const joiners: readonly MayJoin[] = Array.from({ length: hostCount }, (_, h) => ({
    may: (v) => {
      const of = partsOf[v]!
      for (let i = 0; i < of.length; i++) if (of[i]!.clashes(at, v, h)) return false
      return true
    },
    join: (v) => {
      at[v] = h
    },
    part: (v) => {
      at[v] = -1
    },
  }))

  /** 1 = the VMs there now break a rule among themselves: not all of them can stay. */
  const broken = new Uint8Array(hostCount)
  if (ruled) {
    const here = new Int32Array(vmCount).fill(-1)
    const runsOn = (v: number, h: number) => home[v] === h && active[v] === 1 && starts[v] === 0
    for (let h = 0; h < hostCount; h++) {
      for (let v = 0; v < vmCount; v++) here[v] = runsOn(v, h) ? h : -1
      for (let v = 0; v < vmCount; v++)
        if (here[v] === h && partsOf[v]!.some((part) => part.clashes(here, v, h))) broken[h] = 1
    }
  }

  /** False: what must be there does not fit. */
  const trade = (h: number): boolean => {
    const bag = bags[h]!
    let n = 0
    let untouched = broken[h] === 0 && deserted[h] === 0
    let ownProfit = 0
    forcedProfit[h] = 0
    for (let d = 0; d < dims; d++) {
      bag.capacity[d] = room[h * dims + d]!
      scratch[d] = room[h * dims + d]!
    }
    for (let k = 0; k < welcomeCount[h]!; k++) {
      const v = welcome[h * movers.length + k]!
      takes[h * vmCount + v] = 0
      const own = home[v] === h && starts[v] === 0
      const profit = prices[slotOf[v * hostCount + h]!]! - costAt(v, h)
      if (own) {
        ownProfit += profit
        for (let d = 0; d < dims; d++) scratch[d]! -= demand[v * dims + d]!
      }
      if (choices[v] === 1) {
        takes[h * vmCount + v] = 1
        forcedProfit[h]! += profit
        if (!own) untouched = false
        for (let d = 0; d < dims; d++) bag.capacity[d]! -= demand[v * dims + d]!
        continue
      }
      if (profit <= 0) continue
      bag.item[n] = v
      bag.profit[n] = profit
      for (let d = 0; d < dims; d++) bag.weight[n * dims + d] = demand[v * dims + d]!
      n++
    }
    for (let d = 0; d < dims; d++) {
      if (bag.capacity[d]! < 0) return false
      if (scratch[d]! < 0) untouched = false
    }
    bag.count = n
    // A set that changes anything touches the host; leaving it as it is costs nothing.
    const earned = forcedProfit[h]! + bag.solve(ruled ? joiners[h]! : null, afresh[h] === 1) - 1
    afresh[h] = 0
    if (untouched && ownProfit >= earned) {
      earns[h] = ownProfit
      for (let k = 0; k < welcomeCount[h]!; k++) {
        const v = welcome[h * movers.length + k]!
        if (home[v] === h && starts[v] === 0) takes[h * vmCount + v] = 1
      }
    } else {
      earns[h] = earned
      for (let i = 0; i < n; i++) takes[h * vmCount + bag.item[i]!] = bag.chosen[i]!
    }
    return true
  }

  const settle = (): number => {
    total = 0
    takers.fill(0)
    sold.fill(0)
    for (let h = 0; h < hostCount; h++) {
      if (dirty[h] === 1 && !trade(h)) return Number.POSITIVE_INFINITY
      dirty[h] = 0
      total -= earns[h]!
      for (let k = 0; k < welcomeCount[h]!; k++) {
        const v = welcome[h * movers.length + k]!
        if (takes[h * vmCount + v] === 0) continue
        takers[v]!++
        taker[v] = h
        sold[slotOf[v * hostCount + h]!]!++
      }
    }
    for (let m = 0; m < movers.length; m++)
      if (owner[movers[m]!]! < 0) total += prices[firstSlot[movers[m]!]!]!
    total += choosers.settle(prices)
    return total
  }

  const ascend: Prices['ascend'] = (allowed, price, target, rounds) => {
    prices = price
    welcomeCount.fill(0)
    deserted.fill(0)
    takes.fill(0)
    direction.fill(0)
    if (!choosers.open(allowed)) return Number.POSITIVE_INFINITY
    for (let m = 0; m < movers.length; m++) {
      const v = movers[m]!
      choices[v] = 0
      for (let h = 0; h < hostCount; h++)
        if (allowed[v * hostCount + h] === 1 && choosers.isOpen(slotOf[v * hostCount + h]!)) {
          choices[v]!++
          only[v] = h
          welcome[h * movers.length + welcomeCount[h]!++] = v
        } else if (home[v] === h && starts[v] === 0) deserted[h] = 1
      if (choices[v] === 0) return Number.POSITIVE_INFINITY
      if (ruled) at[v] = choices[v] === 1 ? only[v]! : -1
    }
    dirty.fill(1)
    afresh.fill(1)
    const priceMax = 4 * (Math.max(0, target) + unit)
    let best = Number.NEGATIVE_INFINITY
    let stale = 0
    let stride = 1
    for (let round = 0; ; round++) {
      if (round % roundsPerMix === 0) {
        afresh.fill(1)
        if (expired()) rounds = round
      }
      const bound = settle()
      if (bound === Number.POSITIVE_INFINITY) return bound
      if (bound > best) {
        best = bound
        bestPrice.set(price)
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
        if (choices[v] === 1) continue
        for (let s = firstSlot[v]!; s < firstSlot[v + 1]!; s++) {
          if (!choosers.isOpen(s)) continue
          const off = choosers.wants(s) - sold[s]!
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
        for (let s = firstSlot[v]!; s < firstSlot[v + 1]!; s++) {
          const old = price[s]!
          const fresh = Math.max(-priceMax, Math.min(priceMax, old + Math.round(step * direction[s]!)))
          if (fresh === old) continue
          moved = true
          price[s] = fresh
          const high = Math.max(old, fresh)
          for (let h = 0; h < hostCount; h++)
            // Staying as it is counts all its VMs, also those that do not pay.
            if (
              slotOf[v * hostCount + h] === s &&
              allowed[v * hostCount + h] === 1 &&
              (h === home[v] || high > costAt(v, h))
            )
              dirty[h] = 1
        }
      }
      if (!moved) break
    }
    if (total !== best) {
      price.set(bestPrice)
      dirty.fill(1)
      settle()
    }
    return best
  }

  const boundWith: Prices['boundWith'] = (v, h) => {
    const bag = bags[h]!
    let bound = total + choosers.extra(slotOf[v * hostCount + h]!)
    if (takes[h * vmCount + v] === 0) {
      for (let d = 0; d < dims; d++) scratch[d] = bag.capacity[d]! - demand[v * dims + d]!
      const earned =
        prices[slotOf[v * hostCount + h]!]! -
        costAt(v, h) +
        forcedProfit[h]! +
        bag.atMost(indexIn(bag, v), scratch)
      bound += Math.max(0, earns[h]! - earned)
    }
    for (let g = 0; g < hostCount; g++)
      if (g !== h && takes[g * vmCount + v] === 1) {
        const other = bags[g]!
        const earned = forcedProfit[g]! + other.atMost(indexIn(other, v), other.capacity)
        bound += Math.max(0, earns[g]! - earned)
      }
    return bound
  }
  const indexIn = (bag: Knapsack, v: number): number => {
    for (let i = 0; i < bag.count; i++) if (bag.item[i] === v) return i
    return -1
  }

  const work = (): number => {
    let total = 0
    for (let h = 0; h < hostCount; h++) total += bags[h]!.work()
    return total
  }
  const extra: Prices['extra'] = (v, h) => choosers.extra(slotOf[v * hostCount + h]!)

  return { movers, unit, slots, slotOf, ascend, boundWith, extra, work, takers, taker }
}
