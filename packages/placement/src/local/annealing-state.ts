/**
 * Where the walk of annealing.ts is: a placement that need not be viable. Everything costs: a VM away from home its
 * migration, a unit above a limit that limit's price, a VM too many in the way of a rule that rule's price. Every
 * price rises while its limit or rule is broken and falls while it is not. Costs are integers, in parts of a ms.
 */
import type { Model } from '../model/model.ts'

export interface Walk {
  readonly at: Int32Array
  /** Active VMs that are not fixed, and those of them that are away from home. */
  readonly movers: Int32Array
  readonly away: Int32Array
  readonly awayCount: () => number
  /** The movers on host `h`, in no order. */
  readonly guest: (h: number, i: number) => number
  readonly guestCount: Int32Array
  /** What each host's excess costs. */
  readonly penalty: Float64Array
  /** Hard rules that are broken, of the VM. */
  readonly partsOf: readonly Int32Array[]
  readonly degree: Int32Array
  readonly viable: () => boolean
  readonly paidMs: () => number
  readonly softPaid: () => number
  /** The average migration, in parts of a ms. */
  readonly average: number
  /**
   * What it costs to bring VM `v` to host `h`, alone or in exchange for the best of those there; more than `most` =
   * not possible for `most`. The partner is then in `partner`: −1 = nobody.
   */
  readonly weighMove: (v: number, h: number, most: number) => number
  partner: number
  readonly move: (v: number, h: number, u: number) => void
  /** What is exceeded gets dearer, everything else this many 1024th cheaper. */
  readonly reprice: (cheaper: number) => void
}

/** A ms has so many parts, so that a price per unit of a dimension can be an integer. */
const fine = 1024
/** Prices are multiplied by whole numbers of these parts. */
const whole = 1024
const dearer = 1126
/** Beyond that, no higher price changes anything. */
const priceRise = 2 ** 16

/** `start`: −1, or a host where a VM may not be, stands for any. Null: some VM has no host at all. */
export const createWalk = (model: Model, start: Int32Array): Walk | null => {
  const { hostCount, vmCount, dims, demand, limit, active, fixed, domain, home, moveMs, parts } = model
  const movers = Int32Array.from({ length: vmCount }, (_, v) => v).filter(
    (v) => active[v] === 1 && fixed[v] === 0,
  )
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

  const price = new Float64Array(hostCount * dims)
  const penalty = new Float64Array(hostCount)
  const degree = new Int32Array(parts.length)
  const rulePrice = new Float64Array(parts.length)
  const partIndex = new Map(parts.map((part, p) => [part, p]))
  const partsOf = model.partsOf.map((list) => Int32Array.from(list, (part) => partIndex.get(part)!))
  /** What the broken rules of each VM cost now. */
  const grief = new Float64Array(vmCount)
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
    for (let i = 0; i < part.scope.length; i++) grief[part.scope[i]!]! += (now - before) * rulePrice[p]!
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
  const strayOf = (v: number, h: number): number => (h === home[v]! ? 0 : moveMs[v]! * fine)

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

  const weighMove = (v: number, h: number, most: number): number => {
    const from = at[v]!
    trial++
    // Penalties and rules cannot gain more than they cost now, so most partners are out before any rule is asked.
    const before = penalty[from]! + penalty[h]!
    const hope = strayOf(v, h) - strayOf(v, from) - before - grief[v]!
    let rules = Number.NaN
    let least = most + 1
    const base = h * movers.length
    for (let i = -1; i < guestCount[h]!; i++) {
      const u = i < 0 ? -1 : guests[base + i]!
      let cost = hope
      let relief = 0
      if (u >= 0) {
        cost += strayOf(u, from) - strayOf(u, h)
        relief = grief[u]!
        if (cost - relief >= least || domain[u]![from] === 0) continue
      }
      cost += penaltyWith(h, v, u) + penaltyWith(from, u, v)
      if (cost - relief >= least) continue
      if (Number.isNaN(rules)) rules = rulesOn(v, h) + grief[v]!
      cost += rules
      if (u >= 0 && partsOf[u]!.length > 0) cost += rulesOfPartner(v, h, u)
      if (cost >= least) continue
      least = cost
      self.partner = u
    }
    return least
  }

  const reprice = (cheaper: number): void => {
    const changed = (old: number, least: number, exceeded: boolean) =>
      Math.max(least, Math.min(least * priceRise, Math.floor((old * (exceeded ? dearer : cheaper)) / whole)))
    for (let h = 0; h < hostCount; h++) {
      for (let d = 0; d < dims; d++) {
        const i = h * dims + d
        price[i] = changed(price[i]!, priceMin[d]!, load[i]! > limit[i]!)
      }
      penalty[h] = penaltyWith(h, -1, -1)
    }
    for (let p = 0; p < parts.length; p++) {
      const part = parts[p]!
      if (part.weight >= 0) continue
      const old = rulePrice[p]!
      rulePrice[p] = changed(old, averageMs * fine, degree[p]! > 0)
      if (degree[p] === 0) continue
      for (let i = 0; i < part.scope.length; i++) grief[part.scope[i]!]! += degree[p]! * (rulePrice[p]! - old)
    }
  }

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
  const priceMin = Float64Array.from(totals, (total) =>
    Math.max(1, Math.floor((averageMs * movers.length * fine) / Math.max(1, total))),
  )
  for (let i = 0; i < price.length; i++) price[i] = priceMin[i % dims]!
  for (let p = 0; p < parts.length; p++)
    rulePrice[p] = parts[p]!.weight < 0 ? averageMs * fine : dearest * fine * (1 + parts[p]!.weight)
  for (let m = 0; m < movers.length; m++) {
    const v = movers[m]!
    const wanted = start[v]!
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
    if (chosen < 0) return null
    enter(v, chosen)
  }
  for (let h = 0; h < hostCount; h++) penalty[h] = penaltyWith(h, -1, -1)
  for (let p = 0; p < parts.length; p++) recount(p)

  const self: Walk = {
    at,
    movers,
    away,
    awayCount: () => awayCount,
    guest: (h, i) => guests[h * movers.length + i]!,
    guestCount,
    penalty,
    partsOf,
    degree,
    viable: () => overCount === 0 && brokenHard === 0,
    paidMs: () => paidMs,
    softPaid: () => softPaid,
    average: averageMs * fine,
    weighMove,
    partner: -1,
    move,
    reprice,
  }
  return self
}
