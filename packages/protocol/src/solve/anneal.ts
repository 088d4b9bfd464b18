/**
 * Simulated annealing (Kirkpatrick et al. 1983) through placements that need not be viable: what a host has too
 * much of, and how far a rule is from holding, cost a price each. A price rises while its limit is exceeded and
 * falls while it is not, so that the walk keeps crossing the border of what is viable, where the cheapest answers
 * lie (strategic oscillation, Glover 1989; prices per constraint as in Yagiura et al. 2004). A step shifts a VM or
 * swaps it with the best partner on a host.
 *
 * Finds answers where nearly everything is full, and good ones where many VMs must move; the last percent is
 * left to improve.ts. All numbers are integers.
 */
import { compareCost, costOf, type FullCost } from './cost.ts'
import type { Model } from './model.ts'
import type { RandomStream } from './random.ts'

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
/** Prices and temperatures are multiplied by whole numbers of these parts, so often that they stay integers. */
const whole = 1024
const dearer = 1126
/** What is not exceeded gets cheaper, at the end of a run by less: then it has to become viable. */
const cheaperAtFirst = 1003
const cheaperAtLast = 1018
const cooler = 1000

export const anneal = (model: Model, options: AnnealOptions): Annealed => {
  const { hostCount, vmCount, dims, demand, limit, active, fixed, domain, home, moveMs, parts } = model
  const { random, steps } = options
  let best = options.best
  let bestAt: Int32Array | null = null
  const movers = Int32Array.from({ length: vmCount }, (_, v) => v).filter(
    (v) => active[v] === 1 && fixed[v] === 0,
  )
  if (movers.length === 0 || hostCount < 2) return { at: null, cost: best }

  // ---- where everybody is
  const at = new Int32Array(vmCount).fill(-1)
  const load = new Float64Array(hostCount * dims)
  /** Movers on each host, and where in its list a mover is. [host × mover] */
  const guests = new Int32Array(hostCount * movers.length)
  const guestCount = new Int32Array(hostCount)
  const slot = new Int32Array(vmCount)
  /** Movers that are away from home. */
  const away = new Int32Array(movers.length)
  const awaySlot = new Int32Array(vmCount).fill(-1)
  let awayCount = 0
  /** Limits that are exceeded. */
  let overCount = 0
  let paidMs = 0

  // ---- prices
  const price = new Float64Array(hostCount * dims)
  const penalty = new Float64Array(hostCount)
  const degree = new Int32Array(parts.length)
  const rulePrice = new Float64Array(parts.length)
  const partIndex = new Map(parts.map((part, p) => [part, p]))
  const partsOf = model.partsOf.map((list) => Int32Array.from(list, (part) => partIndex.get(part)!))
  let brokenHard = 0
  let softPaid = 0
  /** Parts of the VM that is tried on another host, with their degree then. */
  const tried = new Int32Array(parts.length).fill(-1)
  const triedDegree = new Int32Array(parts.length)
  let trial = 0

  const penaltyWith = (h: number, plus: number, minus: number): number => {
    let sum = 0
    for (let d = 0; d < dims; d++) {
      let over = load[h * dims + d]! - limit[h * dims + d]!
      if (plus >= 0) over += demand[plus * dims + d]!
      if (minus >= 0) over -= demand[minus * dims + d]!
      if (over > 0) sum += over * price[h * dims + d]!
    }
    return sum
  }
  const weigh = (v: number, h: number, sign: number): void => {
    for (let d = 0; d < dims; d++) {
      const i = h * dims + d
      if (load[i]! > limit[i]!) overCount--
      load[i]! += sign * demand[v * dims + d]!
      if (load[i]! > limit[i]!) overCount++
    }
  }
  const leave = (v: number): void => {
    const h = at[v]!
    weigh(v, h, -1)
    const base = h * movers.length
    const last = guests[base + --guestCount[h]!]!
    guests[base + slot[v]!] = last
    slot[last] = slot[v]!
    at[v] = -1
    if (h === home[v]!) return
    paidMs -= moveMs[v]!
    const end = away[--awayCount]!
    away[awaySlot[v]!] = end
    awaySlot[end] = awaySlot[v]!
  }
  const enter = (v: number, h: number): void => {
    weigh(v, h, 1)
    slot[v] = guestCount[h]!
    guests[h * movers.length + guestCount[h]!++] = v
    at[v] = h
    if (h === home[v]!) return
    paidMs += moveMs[v]!
    awaySlot[v] = awayCount
    away[awayCount++] = v
  }
  const recount = (p: number): void => {
    const part = parts[p]!
    const before = degree[p]!
    const now = part.broken(at)
    if (now === before) return
    degree[p] = now
    const broken = (now > 0 ? 1 : 0) - (before > 0 ? 1 : 0)
    if (part.weight < 0) brokenHard += broken
    else softPaid += broken * part.weight
  }
  const move = (v: number, h: number, u: number): void => {
    const from = at[v]!
    leave(v)
    if (u >= 0) leave(u)
    enter(v, h)
    if (u >= 0) enter(u, from)
    penalty[from] = penaltyWith(from, -1, -1)
    penalty[h] = penaltyWith(h, -1, -1)
    const of = partsOf[v]!
    for (let i = 0; i < of.length; i++) recount(of[i]!)
    if (u < 0) return
    const others = partsOf[u]!
    for (let i = 0; i < others.length; i++) recount(others[i]!)
  }
  const record = (): void => {
    if (softPaid > best.softPenalty || (softPaid === best.softPenalty && paidMs > best.migrationMs)) return
    const cost = costOf(model, at)
    if (cost.unmet > 0 || cost.overloadedHosts > 0 || compareCost(cost, best) >= 0) return
    best = cost
    bestAt = Int32Array.from(at)
  }

  // ---- everybody has a place, however bad
  for (let v = 0; v < vmCount; v++)
    if (active[v] === 1 && fixed[v] === 1) {
      at[v] = home[v]!
      weigh(v, home[v]!, 1)
    }
  let totalMs = 0
  let dearest = 1
  const totals = new Float64Array(dims)
  for (let m = 0; m < movers.length; m++) {
    const v = movers[m]!
    totalMs += moveMs[v]!
    dearest = Math.max(dearest, moveMs[v]!)
    for (let d = 0; d < dims; d++) totals[d]! += demand[v * dims + d]!
  }
  const averageMs = Math.max(1, Math.floor(totalMs / movers.length))
  /** Everything is counted in such parts of a ms, so that a price per unit of a dimension can be an integer. */
  const fine = whole
  const priceMin = Float64Array.from(totals, (total) =>
    Math.max(1, Math.floor((averageMs * movers.length * fine) / Math.max(1, total))),
  )
  for (let i = 0; i < price.length; i++) price[i] = priceMin[i % dims]!
  for (let p = 0; p < parts.length; p++)
    rulePrice[p] = parts[p]!.weight < 0 ? averageMs * fine : dearest * fine * (1 + parts[p]!.weight)
  for (let m = 0; m < movers.length; m++) {
    const v = movers[m]!
    const wanted = options.start[v]!
    if (wanted >= 0 && domain[v]![wanted] === 1) enter(v, wanted)
  }
  for (let m = 0; m < movers.length; m++) {
    const v = movers[m]!
    if (at[v]! >= 0) continue
    let chosen = -1
    let least = Number.POSITIVE_INFINITY
    for (let h = 0; h < hostCount; h++) {
      if (domain[v]![h] === 0) continue
      const more = penaltyWith(h, v, -1) - penaltyWith(h, -1, -1)
      if (more >= least) continue
      least = more
      chosen = h
    }
    if (chosen < 0) return { at: null, cost: best }
    enter(v, chosen)
  }
  for (let h = 0; h < hostCount; h++) penalty[h] = penaltyWith(h, -1, -1)
  for (let p = 0; p < parts.length; p++) recount(p)
  if (overCount === 0 && brokenHard === 0) record()

  /** What the rules of `v` cost more on `h`; their degrees then are kept for a partner. */
  const rulesOn = (v: number, h: number): number => {
    const of = partsOf[v]!
    if (of.length === 0) return 0
    const from = at[v]!
    at[v] = h
    let more = 0
    for (let i = 0; i < of.length; i++) {
      const p = of[i]!
      tried[p] = trial
      triedDegree[p] = parts[p]!.broken(at)
      more += (triedDegree[p]! - degree[p]!) * rulePrice[p]!
    }
    at[v] = from
    return more
  }
  /** And those of its partner `u`, which goes the other way. */
  const rulesOfPartner = (v: number, h: number, u: number): number => {
    const of = partsOf[u]!
    if (of.length === 0) return 0
    const from = at[v]!
    at[v] = h
    at[u] = from
    let more = 0
    for (let i = 0; i < of.length; i++) {
      const p = of[i]!
      const before = tried[p] === trial ? triedDegree[p]! : degree[p]!
      more += (parts[p]!.broken(at) - before) * rulePrice[p]!
    }
    at[v] = from
    at[u] = h
    return more
  }

  let temperature = Math.floor((averageMs * fine) / warmest)
  const temperatureMin = Math.floor((averageMs * fine) / coldest)
  const stepsPerCooling = Math.max(1, Math.floor(steps / coolings))
  const stepsPerPrice = Math.max(stepsPerPriceMin, Math.floor(steps / pricings))
  for (let step = 1; step <= steps; step++) {
    if (step % stepsPerLook === 0 && options.expired()) break
    if (step % stepsPerCooling === 0)
      temperature = Math.max(temperatureMin, Math.floor((temperature * cooler) / whole))
    if (step % stepsPerPrice === 0)
      reprice(cheaperAtFirst + Math.floor(((cheaperAtLast - cheaperAtFirst) * step) / steps))
    // Whom: one that is away, one of a full host, anyone.
    const dice = random.below(8)
    let v = -1
    if (dice < 3 && awayCount > 0) v = away[random.below(awayCount)]!
    else if (dice < 5 && overCount > 0) {
      const h = random.below(hostCount)
      if (penalty[h]! > 0 && guestCount[h]! > 0) v = guests[h * movers.length + random.below(guestCount[h]!)]!
    }
    if (v < 0) v = movers[random.below(movers.length)]!
    const from = at[v]!
    const homeward = home[v]! >= 0 && from !== home[v]! && random.below(2) === 0
    const h = homeward ? home[v]! : random.below(hostCount)
    if (h === from || domain[v]![h] === 0) continue
    trial = step
    const stray = ((h === home[v]! ? 0 : moveMs[v]!) - (from === home[v]! ? 0 : moveMs[v]!)) * fine
    const rules = rulesOn(v, h)
    const before = penalty[from]! + penalty[h]!
    // A random height, exponentially distributed as far as it matters: 2^-k for every k.
    const bits = random.below(65536) + 1
    const height = Math.floor((temperature * (Math.clz32(bits) - 15 + (bits & 15) / 16)) / 2)
    let least = stray + rules + penaltyWith(h, v, -1) + penaltyWith(from, -1, v) - before
    let partner = -1
    const base = h * movers.length
    for (let i = 0; i < guestCount[h]!; i++) {
      const u = guests[base + i]!
      if (domain[u]![from] === 0) continue
      let delta = stray + rules + penaltyWith(h, v, u) + penaltyWith(from, u, v) - before
      delta += ((from === home[u]! ? 0 : moveMs[u]!) - (h === home[u]! ? 0 : moveMs[u]!)) * fine
      if (partsOf[u]!.length > 0) delta += rulesOfPartner(v, h, u)
      if (delta >= least) continue
      least = delta
      partner = u
    }
    if (least > height) continue
    move(v, h, partner)
    if (overCount === 0 && brokenHard === 0) record()
  }
  return { at: bestAt, cost: best }

  function reprice(cheaper: number): void {
    const changed = (old: number, least: number, exceeded: boolean) =>
      Math.max(least, Math.floor((old * (exceeded ? dearer : cheaper)) / whole))
    for (let h = 0; h < hostCount; h++) {
      for (let d = 0; d < dims; d++) {
        const i = h * dims + d
        price[i] = changed(price[i]!, priceMin[d]!, load[i]! > limit[i]!)
      }
      penalty[h] = penaltyWith(h, -1, -1)
    }
    for (let p = 0; p < parts.length; p++)
      if (parts[p]!.weight < 0) rulePrice[p] = changed(rulePrice[p]!, averageMs * fine, degree[p]! > 0)
  }
}
