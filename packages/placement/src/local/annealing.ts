/**
 * Simulated annealing (Kirkpatrick et al. 1983) through placements that need not be viable: the excess of a host and
 * the violation of a rule cost a penalty each. A penalty weight rises while its limit is exceeded and falls while it is
 * not, so that the search keeps crossing the border of what is viable, where the cheapest answers lie (strategic
 * oscillation, Glover 1989; weights per constraint as in Yagiura et al. 2004). A step shifts a VM or swaps it with the
 * best partner on a host; or a VM moves and those that share a rule with it follow (an ejection chain).
 *
 * Finds answers where nearly everything is full, and good ones where many VMs must move; the last percent is
 * left to large-neighbourhoods.ts. All numbers are integers.
 */
import { compareCost, costOf, type FullCost } from '../model/cost.ts'
import type { Model } from '../model/model.ts'
import type { RandomStream } from '../problem/random.ts'
import { createAnnealingState } from './annealing-state.ts'

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
/** Temperatures and penalty weights are multiplied by whole numbers of these fractions, so that they stay integers. */
const whole = 1024
const cooler = 1000
/** What is not exceeded gets cheaper, at the end of a run by less: then it has to become viable. */
const decayMinAtFirst = 1003
const decayMinAtLast = 1018
/**
 * And by less the longer no viable placement was met: the more limits and rules there are, the more seldom all of
 * them hold at once, and how hard that is only the run itself can tell.
 */
const decayAtFirst = 1014
const afterViable = 8
const updatesPerStiffening = 5
/** Every so many steps the VMs of a rule move together, if they are not too many. */
const stepsPerChain = 8
const chainMax = 10

export const anneal = (model: Model, options: AnnealOptions): Annealed => {
  const { hostCount, vmCount, domain, home, constraints } = model
  const { random, steps } = options
  let best = options.best
  let bestAt: Int32Array | null = null
  const state = createAnnealingState(model, options.start)
  if (state === null || state.movers.length === 0 || hostCount < 2) return { at: null, cost: best }
  const { at, movers, away, moverCount, penalty, constraintsOn, evaluateMove, move } = state

  /** A viable placement was met since the penalty weights changed. */
  let wasViable = false
  const record = (): void => {
    if (!state.viable()) return
    wasViable = true
    if (state.softPaid() > best.softPenalty) return
    if (state.softPaid() === best.softPenalty && state.paidMs() > best.migrationMs) return
    const cost = costOf(model, at)
    if (cost.unmet > 0 || cost.overloadedHosts > 0 || compareCost(cost, best) >= 0) return
    best = cost
    bestAt = Int32Array.from(at)
  }

  /** Whom to move: one that is away, one of a full host, anyone. */
  const choose = (): number => {
    const dice = random.below(8)
    if (dice < 3 && state.awayCount() > 0) return away[random.below(state.awayCount())]!
    if (dice === 3 || dice === 4) {
      const h = random.below(hostCount)
      if (penalty[h]! > 0 && moverCount[h]! > 0) return state.moverOn(h, random.below(moverCount[h]!))
    }
    return movers[random.below(movers.length)]!
  }

  // ---- chains: a VM goes, and those that share a rule with it follow, or make way
  const ruled = movers.filter((v) =>
    constraintsOn[v]!.some((p) => constraints[p]!.weight < 0 && constraints[p]!.scope.length <= chainMax),
  )
  const joined = new Int32Array(vmCount).fill(-1)
  const chainV = new Int32Array(chainMax)
  const chainFrom = new Int32Array(chainMax)
  const chainU = new Int32Array(chainMax)
  const isMover = new Uint8Array(vmCount)
  for (let m = 0; m < movers.length; m++) isMover[movers[m]!] = 1

  /** The links of the chain that VM `v` starts by going to host `h`; undone unless it costs at most `most`. */
  const chain = (v: number, h: number, most: number): void => {
    const of = constraintsOn[v]!
    const p = of[random.below(of.length)]!
    const constraint = constraints[p]!
    if (constraint.weight >= 0 || constraint.scope.length > chainMax) return
    let links = 0
    let cost = 0
    const link = (who: number, to: number): void => {
      chainV[links] = who
      chainFrom[links] = at[who]!
      chainU[links++] = state.partner
      move(who, to, state.partner)
    }
    cost += evaluateMove(v, h, Number.POSITIVE_INFINITY)
    link(v, h)
    joined[v] = h
    for (let i = 0; i < constraint.scope.length; i++) {
      const w = constraint.scope[i]!
      if (w === v || at[w]! < 0) continue
      if (isMover[w] === 1 && constraint.clashes(joined, w, at[w]!)) {
        let least = Number.POSITIVE_INFINITY
        let to = -1
        let partner = -1
        for (let g = 0; g < hostCount; g++) {
          if (g === at[w] || domain[w]![g] === 0 || constraint.clashes(joined, w, g)) continue
          const costThere = evaluateMove(w, g, least)
          if (costThere >= least) continue
          least = costThere
          to = g
          partner = state.partner
        }
        if (to >= 0) {
          state.partner = partner
          cost += least
          link(w, to)
        }
      }
      joined[w] = at[w]!
    }
    for (let i = 0; i < constraint.scope.length; i++) joined[constraint.scope[i]!] = -1
    if (cost > most) while (links-- > 0) move(chainV[links]!, chainFrom[links]!, chainU[links]!)
  }

  let decay = decayAtFirst
  let updatesWithoutViable = 0
  const updatePenalties = (step: number): void => {
    if (wasViable) {
      decay -= afterViable
      updatesWithoutViable = 0
    } else if (++updatesWithoutViable % updatesPerStiffening === 0) decay++
    wasViable = false
    const least = decayMinAtFirst + Math.floor(((decayMinAtLast - decayMinAtFirst) * step) / steps)
    decay = Math.max(least, Math.min(whole, decay))
    state.updatePenalties(decay)
  }

  record()
  let temperature = Math.floor(state.average / warmest)
  const temperatureMin = Math.floor(state.average / coldest)
  const stepsPerCooling = Math.max(1, Math.floor(steps / coolings))
  const stepsPerUpdate = Math.max(stepsPerUpdateMin, Math.floor(steps / penaltyUpdates))
  for (let step = 1; step <= steps; step++) {
    if (step % stepsPerLook === 0 && options.expired()) break
    if (step % stepsPerCooling === 0)
      temperature = Math.max(temperatureMin, Math.floor((temperature * cooler) / whole))
    if (step % stepsPerUpdate === 0) updatePenalties(step)
    // A random height, exponentially distributed as far as it matters: 2^-k for every k.
    const bits = random.below(65536) + 1
    const height = Math.floor((temperature * (Math.clz32(bits) - 15 + (bits & 15) / 16)) / 2)
    const byChain = ruled.length > 0 && step % stepsPerChain === 0
    const v = byChain ? ruled[random.below(ruled.length)]! : choose()
    const homeward = home[v]! >= 0 && at[v] !== home[v]! && random.below(2) === 0
    const h = homeward ? home[v]! : random.below(hostCount)
    if (h === at[v] || domain[v]![h] === 0) continue
    if (byChain) chain(v, h, height)
    else {
      if (evaluateMove(v, h, height) > height) continue
      move(v, h, state.partner)
    }
    record()
  }
  return { at: bestAt, cost: best }
}
