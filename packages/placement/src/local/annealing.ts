/**
 * Simulated annealing (Kirkpatrick et al. 1983) through placements that need not be viable: what a host has too
 * much of, and how far a rule is from holding, cost a price each. A price rises while its limit is exceeded and
 * falls while it is not, so that the walk keeps crossing the border of what is viable, where the cheapest answers
 * lie (strategic oscillation, Glover 1989; prices per constraint as in Yagiura et al. 2004). A step shifts a VM or
 * swaps it with the best partner on a host; or a VM moves and those that share a rule with it follow.
 *
 * Finds answers where nearly everything is full, and good ones where many VMs must move; the last percent is
 * left to large-neighbourhoods.ts. All numbers are integers.
 */
import { compareCost, costOf, type FullCost } from '../model/cost.ts'
import type { Model } from '../model/model.ts'
import type { RandomStream } from '../problem/random.ts'
import { createWalk } from './annealing-state.ts'

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
/** Prices change so often in one run, but not more often than a few steps. */
const pricings = 500
const stepsPerPriceMin = 50
/** From a tenth of the average move down to a hundredth of it. */
const coolings = 100
const warmest = 10
const coldest = 100
/** Temperatures and prices are multiplied by whole numbers of these parts, so that they stay integers. */
const whole = 1024
const cooler = 1000
/** What is not exceeded gets cheaper, at the end of a run by less: then it has to become viable. */
const cheapestAtFirst = 1003
const cheapestAtLast = 1018
/**
 * And by less the longer no viable placement was met: the more limits and rules there are, the more seldom all of
 * them hold at once, and how hard that is only the walk itself can tell.
 */
const cheaperAtFirst = 1014
const afterViable = 8
const pricingsPerStiffening = 5
/** Every so many steps the VMs of a rule move together, if they are not too many. */
const stepsPerChain = 8
const chainMax = 10

export const anneal = (model: Model, options: AnnealOptions): Annealed => {
  const { hostCount, vmCount, domain, home, parts } = model
  const { random, steps } = options
  let best = options.best
  let bestAt: Int32Array | null = null
  const walk = createWalk(model, options.start)
  if (walk === null || walk.movers.length === 0 || hostCount < 2) return { at: null, cost: best }
  const { at, movers, away, guestCount, penalty, partsOf, weighMove, move } = walk

  /** A viable placement was met since the prices changed. */
  let met = false
  const record = (): void => {
    if (!walk.viable()) return
    met = true
    if (walk.softPaid() > best.softPenalty) return
    if (walk.softPaid() === best.softPenalty && walk.paidMs() > best.migrationMs) return
    const cost = costOf(model, at)
    if (cost.unmet > 0 || cost.overloadedHosts > 0 || compareCost(cost, best) >= 0) return
    best = cost
    bestAt = Int32Array.from(at)
  }

  /** Whom to move: one that is away, one of a full host, anyone. */
  const choose = (): number => {
    const dice = random.below(8)
    if (dice < 3 && walk.awayCount() > 0) return away[random.below(walk.awayCount())]!
    if (dice === 3 || dice === 4) {
      const h = random.below(hostCount)
      if (penalty[h]! > 0 && guestCount[h]! > 0) return walk.guest(h, random.below(guestCount[h]!))
    }
    return movers[random.below(movers.length)]!
  }

  // ---- chains: a VM goes, and those that share a rule with it follow, or make way
  const led = movers.filter((v) =>
    partsOf[v]!.some((p) => parts[p]!.weight < 0 && parts[p]!.scope.length <= chainMax),
  )
  const joined = new Int32Array(vmCount).fill(-1)
  const chainV = new Int32Array(chainMax)
  const chainFrom = new Int32Array(chainMax)
  const chainU = new Int32Array(chainMax)
  const mover = new Uint8Array(vmCount)
  for (let m = 0; m < movers.length; m++) mover[movers[m]!] = 1

  /** The links of the chain that VM `v` starts by going to host `h`; undone unless it costs at most `most`. */
  const chain = (v: number, h: number, most: number): void => {
    const of = partsOf[v]!
    const p = of[random.below(of.length)]!
    const part = parts[p]!
    if (part.weight >= 0 || part.scope.length > chainMax) return
    let links = 0
    let cost = 0
    const link = (who: number, to: number): void => {
      chainV[links] = who
      chainFrom[links] = at[who]!
      chainU[links++] = walk.partner
      move(who, to, walk.partner)
    }
    cost += weighMove(v, h, Number.POSITIVE_INFINITY)
    link(v, h)
    joined[v] = h
    for (let i = 0; i < part.scope.length; i++) {
      const w = part.scope[i]!
      if (w === v || at[w]! < 0) continue
      if (mover[w] === 1 && part.clashes(joined, w, at[w]!)) {
        let least = Number.POSITIVE_INFINITY
        let to = -1
        let partner = -1
        for (let g = 0; g < hostCount; g++) {
          if (g === at[w] || domain[w]![g] === 0 || part.clashes(joined, w, g)) continue
          const price = weighMove(w, g, least)
          if (price >= least) continue
          least = price
          to = g
          partner = walk.partner
        }
        if (to >= 0) {
          walk.partner = partner
          cost += least
          link(w, to)
        }
      }
      joined[w] = at[w]!
    }
    for (let i = 0; i < part.scope.length; i++) joined[part.scope[i]!] = -1
    if (cost > most) while (links-- > 0) move(chainV[links]!, chainFrom[links]!, chainU[links]!)
  }

  let cheaper = cheaperAtFirst
  let barren = 0
  const reprice = (step: number): void => {
    if (met) {
      cheaper -= afterViable
      barren = 0
    } else if (++barren % pricingsPerStiffening === 0) cheaper++
    met = false
    const least = cheapestAtFirst + Math.floor(((cheapestAtLast - cheapestAtFirst) * step) / steps)
    cheaper = Math.max(least, Math.min(whole, cheaper))
    walk.reprice(cheaper)
  }

  record()
  let temperature = Math.floor(walk.average / warmest)
  const temperatureMin = Math.floor(walk.average / coldest)
  const stepsPerCooling = Math.max(1, Math.floor(steps / coolings))
  const stepsPerPrice = Math.max(stepsPerPriceMin, Math.floor(steps / pricings))
  for (let step = 1; step <= steps; step++) {
    if (step % stepsPerLook === 0 && options.expired()) break
    if (step % stepsPerCooling === 0)
      temperature = Math.max(temperatureMin, Math.floor((temperature * cooler) / whole))
    if (step % stepsPerPrice === 0) reprice(step)
    // A random height, exponentially distributed as far as it matters: 2^-k for every k.
    const bits = random.below(65536) + 1
    const height = Math.floor((temperature * (Math.clz32(bits) - 15 + (bits & 15) / 16)) / 2)
    const leads = led.length > 0 && step % stepsPerChain === 0
    const v = leads ? led[random.below(led.length)]! : choose()
    const homeward = home[v]! >= 0 && at[v] !== home[v]! && random.below(2) === 0
    const h = homeward ? home[v]! : random.below(hostCount)
    if (h === at[v] || domain[v]![h] === 0) continue
    if (leads) chain(v, h, height)
    else {
      if (weighMove(v, h, height) > height) continue
      move(v, h, walk.partner)
    }
    record()
  }
  return { at: bestAt, cost: best }
}
