/**
 * Simulated annealing (Kirkpatrick et al. 1983) through placements that need not be viable: the excess of a host and
 * the violation of a rule cost a penalty each. A penalty weight rises while its limit is exceeded and falls while it is
 * not, so that the search keeps crossing the border of what is viable, where the cheapest answers lie (strategic
 * oscillation, Glover 1989; weights per constraint as in Yagiura et al. 2004). A step shifts a VM or swaps it with the
 * best partner on a host; or a VM moves and those that share a rule with it follow (an ejection chain).
 *
 * Finds answers where nearly everything is full, and good ones where many VMs must move; large-neighbourhoods.ts improves
 * them by the last percent. All numbers are integers.
 */
import { compareCost, costOf, type FullCost } from '../model/cost.ts'
import type { Model } from '../model/model.ts'
import type { RandomStream } from '../problem/random.ts'
import { createAnnealingState } from './annealing-start.ts'
import { type AnnealingState, fine, isViable, move } from './annealing-state.ts'
import { createEjectionChains, tryChain } from './ejection-chain.ts'
import { evaluateMove } from './move-cost.ts'
import { createPenaltyDecay, updatePenalties } from './penalty-weights.ts'

export interface AnnealOptions {
  /** −1, or a host where it may not be: anywhere. */
  readonly start: Int32Array
  /** Only answers better than this are recorded. */
  readonly best: FullCost
  readonly steps: number
  readonly random: RandomStream
  readonly expired: () => boolean
}

export interface Annealed {
  /** The best full cure found that is better than `best`, or null. */
  readonly at: Int32Array | null
  readonly cost: FullCost
}

const stepsPerLook = 64
/** Penalty weights change so often in one run, but not more often than a few steps. */
const penaltyUpdates = 500
const stepsPerUpdateMin = 50
/** From a tenth of the average move down to a hundredth of it. */
const coolings = 100
const warmest = 10
const coldest = 100
/** Temperatures are multiplied by whole numbers of these fractions, so that they stay integers. */
const whole = 1024
const cooler = 1000
/** Every so many steps the VMs of a rule move together, if they are not too many. */
const stepsPerChain = 8

export const anneal = (model: Model, options: AnnealOptions): Annealed => {
  const { hostCount, domain, home } = model
  const { random, steps } = options
  let best: Annealed = { at: null, cost: options.best }
  const state = createAnnealingState(model, options.start)
  if (state === null || state.movers.length === 0 || hostCount < 2) return best
  const chains = createEjectionChains(state)
  const decay = createPenaltyDecay()
  const keep = (): void => {
    if (!isViable(state)) return
    decay.wasViable = true
    best = better(state, best)
  }
  keep()
  const average = state.averageMs * fine
  let temperature = Math.floor(average / warmest)
  const temperatureMin = Math.floor(average / coldest)
  const stepsPerCooling = Math.max(1, Math.floor(steps / coolings))
  const stepsPerUpdate = Math.max(stepsPerUpdateMin, Math.floor(steps / penaltyUpdates))
  for (let step = 1; step <= steps; step++) {
    if (step % stepsPerLook === 0 && options.expired()) break
    if (step % stepsPerCooling === 0)
      temperature = Math.max(temperatureMin, Math.floor((temperature * cooler) / whole))
    if (step % stepsPerUpdate === 0) updatePenalties(state, decay, step, steps)
    const height = randomHeight(temperature, random)
    const byChain = chains.heads.length > 0 && step % stepsPerChain === 0
    const v: number = byChain ? chains.heads[random.below(chains.heads.length)]! : choose(state, random)
    const homeward: boolean = home[v]! >= 0 && state.at[v] !== home[v]! && random.below(2) === 0
    const h = homeward ? home[v]! : random.below(hostCount)
    if (h === state.at[v] || domain[v]![h] === 0) continue
    if (byChain) tryChain(chains, v, h, height, random)
    else if (evaluateMove(state, v, h, height) > height) continue
    else move(state, v, h, state.partner)
    keep()
  }
  return best
}

/** What a move may cost: about exponentially distributed, as in the Metropolis criterion. */
const randomHeight = (temperature: number, random: RandomStream): number => {
  const bits = random.below(65536) + 1
  return Math.floor((temperature * (Math.clz32(bits) - 15 + (bits & 15) / 16)) / 2)
}

/** The VM to move: one that is away, one of a full host, any. */
const choose = (state: AnnealingState, random: RandomStream): number => {
  const { movers, moversOn, moverCount, away, awayCount, penalty } = state
  const dice = random.below(8)
  if (dice < 3 && awayCount > 0) return away[random.below(awayCount)]!
  if (dice === 3 || dice === 4) {
    const h = random.below(penalty.length)
    if (penalty[h]! > 0 && moverCount[h]! > 0)
      return moversOn[h * movers.length + random.below(moverCount[h]!)]!
  }
  return movers[random.below(movers.length)]!
}

/** The viable placement that the run is at, or the best so far. */
const better = (state: AnnealingState, best: Annealed): Annealed => {
  const { softPaid, paidMs, at, model } = state
  if (softPaid > best.cost.softPenalty) return best
  if (softPaid === best.cost.softPenalty && paidMs > best.cost.migrationMs) return best
  const cost = costOf(model, at)
  if (cost.unmet > 0 || cost.overloadedHosts > 0 || compareCost(cost, best.cost) >= 0) return best
  return { at: Int32Array.from(at), cost }
}
