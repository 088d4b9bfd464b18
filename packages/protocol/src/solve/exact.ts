/**
 * Branch and bound over *which VMs leave* and *where they go*. A VM is free (at home, undecided), settled
 * (stays or placed), or in the pool (has left, has no place yet). As long as something is wrong with everybody
 * free at home, one of the VMs involved must leave: the search branches on which one, settling those it passed
 * over, so no set of moves is tried twice. When nothing is wrong and the pool is empty, leaving the rest at home
 * is the cheapest completion. Bounds: the covering bound of every overloaded host (cover.ts), plus what is paid.
 *
 * `relief` also lets a host stay overloaded (never more than now), a VM unstarted, a broken rule broken, each
 * at its price in the objective. Without it only full cures count.
 *
 * Nothing is allocated per search node.
 */
import { compareCost, costOf, excessPermille, type FullCost, stranded, strandedPermille } from './cost.ts'
import { type Covers, createCovers } from './cover.ts'
import type { Model } from './model.ts'
import type { Part } from './parts/part.ts'

export interface ExactOptions {
  readonly relief: boolean
  /** Hosts that the search may change; everything elsewhere stays as in `start`. Null = all. */
  readonly open: Uint8Array | null
  /** The assignment outside the open hosts, and for VMs that already left their home. */
  readonly start: Int32Array
  /** Only answers better than this are looked for. */
  readonly best: FullCost
  readonly nodesMax: number
  readonly expired: () => boolean
  /** Any answer better than `best` will do. */
  readonly first?: boolean
}

export interface ExactResult {
  /** A better assignment than `options.best`, or null. */
  readonly at: Int32Array | null
  readonly cost: FullCost
  /** True: the search space was exhausted, so `cost` is the optimum (over the open hosts). */
  readonly complete: boolean
  readonly nodes: number
  /** Lower bound of migrationMs at the root. */
  readonly rootMs: number
}

const free = 0
const settled = 1
const pooled = 2

/** How often the clock of the caller is asked. */
const nodesPerLook = 256

/** What all searches over one model share. */
export interface Space {
  readonly model: Model
  readonly covers: Covers
  readonly twin: Int32Array
}

export const prepare = (model: Model): Space => ({ model, covers: createCovers(model), twin: twinsOf(model) })

export const branchAndBound = ({ model, covers, twin }: Space, options: ExactOptions): ExactResult => {
  const { hostCount, vmCount, dims, limit, demand, home, active, fixed, moveMs, domain, starts } = model
  const { relief, start } = options
  const isOpen = (h: number) => options.open === null || options.open[h] === 1
  const openHosts = Int32Array.from({ length: hostCount }, (_, h) => h).filter(isOpen)
  const openCount = openHosts.length

  const status = new Uint8Array(vmCount).fill(settled)
  /** Where everybody is if the free ones stay at home; −1 in the pool. */
  const at = Int32Array.from(start)
  /** The same, without the free ones. */
  const settledAt = new Int32Array(vmCount).fill(-1)
  const load = new Float64Array(hostCount * dims)
  const settledLoad = new Float64Array(hostCount * dims)
  const cap = new Float64Array(hostCount * dims)
  for (let i = 0; i < cap.length; i++) cap[i] = relief ? Math.max(limit[i]!, model.load[i]!) : limit[i]!
  /** Relief: dimensions in which a host is left overloaded, and how many of a host's there are. */
  const closed = new Uint8Array(hostCount * dims)
  const closedDims = new Uint8Array(hostCount)
  const cover = new Float64Array(hostCount)
  const overfull = new Uint8Array(hostCount)
  const touches = new Int32Array(hostCount)
  /** By rule. */
  const accepted = new Uint8Array(model.problem.rules.length)
  const pool = new Int32Array(vmCount)
  const trail = new Int32Array(vmCount)
  /** Stack of candidate lists: VMs of a conflict, or hosts for a VM with their scores. */
  let lists = new Int32Array(vmCount * 4 + 64)
  let hostList = new Int32Array(openCount * 16)
  let hostScore = new Float64Array(openCount * 16)
  /** Parts that this search can change anything about. */
  let hard: readonly Part[] = []
  let soft: readonly Part[] = []
  const wasBroken = new Uint8Array(model.problem.rules.length)
  const mayStrand: number[] = []

  let poolTop = 0
  let trailTop = 0
  let listTop = 0
  let hostTop = 0
  let nodes = 0
  let stopped = false
  let msPaid = 0
  let softPaid = 0
  let unmetPaid = 0
  /** What the closed hosts contribute whatever happens here. */
  let overloadedElsewhere = 0
  let excessElsewhere = 0
  let touchedElsewhere = 0
  let best = options.best
  let bestAt: Int32Array | null = null

  const addLoad = (to: Float64Array, v: number, h: number, sign: number): void => {
    for (let d = 0; d < dims; d++) to[h * dims + d]! += sign * demand[v * dims + d]!
  }

  const refresh = (h: number): void => {
    let over = 0
    for (let d = 0; d < dims; d++)
      if (closed[h * dims + d] === 0 && load[h * dims + d]! > limit[h * dims + d]!) over = 1
    overfull[h] = over
    cover[h] = over === 0 || closedDims[h]! > 0 ? 0 : covers.bound(h, load, status, free)
  }

  const evict = (v: number): void => {
    const h = home[v]!
    status[v] = pooled
    at[v] = -1
    addLoad(load, v, h, -1)
    touches[h]!++
    msPaid += moveMs[v]!
    pool[poolTop++] = v
    refresh(h)
  }
  const unevict = (v: number): void => {
    const h = home[v]!
    poolTop--
    msPaid -= moveMs[v]!
    touches[h]!--
    addLoad(load, v, h, 1)
    at[v] = h
    status[v] = free
    refresh(h)
  }
  const freeze = (v: number): void => {
    status[v] = settled
    settledAt[v] = home[v]!
    addLoad(settledLoad, v, home[v]!, 1)
    trail[trailTop++] = v
  }
  const thawTo = (mark: number): void => {
    while (trailTop > mark) {
      const v = trail[--trailTop]!
      status[v] = free
      settledAt[v] = -1
      addLoad(settledLoad, v, home[v]!, -1)
    }
  }
  const place = (v: number, h: number): void => {
    status[v] = settled
    at[v] = h
    settledAt[v] = h
    addLoad(load, v, h, 1)
    addLoad(settledLoad, v, h, 1)
    touches[h]!++
    refresh(h)
  }
  const unplace = (v: number, h: number): void => {
    touches[h]!--
    addLoad(settledLoad, v, h, -1)
    addLoad(load, v, h, -1)
    settledAt[v] = -1
    at[v] = -1
    status[v] = pooled
    refresh(h)
  }

  /** What the decisions so far cost at least; false when that cannot beat the best answer. */
  const promising = (): boolean => {
    let overloaded = overloadedElsewhere
    let excess = excessElsewhere
    if (!relief) {
      for (let k = 0; k < openCount; k++) if (cover[openHosts[k]!] === Number.POSITIVE_INFINITY) return false
    } else {
      for (let k = 0; k < openCount; k++) {
        const h = openHosts[k]!
        let counts = 0
        if (closedDims[h]! > 0) {
          counts = 1
          for (let d = 0; d < dims; d++)
            if (closed[h * dims + d] === 1)
              excess += excessPermille(settledLoad[h * dims + d]!, limit[h * dims + d]!)
        } else if (cover[h] === Number.POSITIVE_INFINITY) counts = 1
        overloaded += counts
      }
      for (const v of mayStrand)
        if (settledAt[v] === home[v] && stranded(model, v, home[v]!)) excess += strandedPermille(model, v)
    }
    if (unmetPaid !== best.unmet) return unmetPaid < best.unmet
    if (overloaded !== best.overloadedHosts) return overloaded < best.overloadedHosts
    if (excess !== best.excess) return excess < best.excess
    if (softPaid !== best.softPenalty) return softPaid < best.softPenalty
    // From here on nothing more may be left overloaded, so each overfull host must be relieved in full.
    let ms = msPaid
    let touched = touchedElsewhere
    for (let k = 0; k < openCount; k++) {
      const h = openHosts[k]!
      if (cover[h]! < Number.POSITIVE_INFINITY) ms += cover[h]!
      if (touches[h]! > 0 || overfull[h] === 1) touched++
    }
    if (ms !== best.migrationMs) return ms < best.migrationMs
    return touched < best.hostsTouched
  }

  const record = (): void => {
    const cost = costOf(model, at)
    if (compareCost(cost, best) >= 0) return
    best = cost
    bestAt = Int32Array.from(at)
    if (options.first === true) stopped = true
  }

  const explore = (): void => {
    nodes++
    if (nodes > options.nodesMax || (nodes % nodesPerLook === 0 && options.expired())) stopped = true
    if (stopped || !promising()) return
    for (const v of mayStrand) if (status[v] === free) return branchOnStranded(v)
    const h = fullestHost()
    if (h >= 0) return branchOnHost(h)
    for (const part of hard) {
      if (accepted[part.rule] === 1) continue
      const n = part.conflict(at, lists, listTop)
      if (n > 0) return branchOnConflict(part, n)
    }
    const v = hardestToPlace()
    if (v >= 0) return branchOnPlace(v)
    for (const part of soft) {
      if (accepted[part.rule] === 1) continue
      const n = part.conflict(at, lists, listTop)
      if (n > 0) return branchOnConflict(part, n)
    }
    record()
  }

  const fullestHost = (): number => {
    let chosen = -1
    for (let k = 0; k < openCount; k++) {
      const h = openHosts[k]!
      if (overfull[h] === 0) continue
      if (chosen < 0 || cover[h]! > cover[chosen]!) chosen = h
    }
    return chosen
  }

  /** One of its VMs that weigh in an exceeded dimension must leave; or (relief) it stays overloaded in it. */
  const branchOnHost = (h: number): void => {
    let d = 0
    while (closed[h * dims + d] === 1 || load[h * dims + d]! <= limit[h * dims + d]!) d++
    const list = covers.homeVms(h)
    const mark = trailTop
    let alive = true
    for (let i = 0; i < list.length && alive && !stopped; i++) {
      const v = list[i]!
      if (status[v] !== free || demand[v * dims + d] === 0) continue
      if (!hasSettledTwin(list, i, mark)) {
        evict(v)
        explore()
        unevict(v)
      }
      freeze(v)
      refresh(h)
      alive = (relief || cover[h] !== Number.POSITIVE_INFINITY) && promising()
    }
    if (relief && alive && !stopped && load[h * dims + d]! <= cap[h * dims + d]!) leaveOverloaded(h, d)
    thawTo(mark)
    refresh(h)
  }

  /** All that weigh in the dimension are settled by now. */
  const leaveOverloaded = (h: number, d: number): void => {
    closed[h * dims + d] = 1
    closedDims[h]!++
    refresh(h)
    explore()
    closed[h * dims + d] = 0
    closedDims[h]!--
  }

  /** An equal VM was passed over at this node: letting this one leave instead is the same answer again. */
  const hasSettledTwin = (list: Int32Array, i: number, mark: number): boolean => {
    if (i === 0 || twin[list[i]!]! < 0) return false
    for (let t = trailTop - 1; t >= mark; t--) if (twin[trail[t]!] === twin[list[i]!]) return true
    return false
  }

  const branchOnConflict = (part: Part, n: number): void => {
    const base = listTop
    listTop += n
    if (listTop + vmCount > lists.length) {
      const wider = new Int32Array(lists.length * 2)
      wider.set(lists)
      lists = wider
    }
    const mark = trailTop
    let alive = true
    for (let i = base; i < base + n && alive && !stopped; i++) {
      const v = lists[i]!
      if (status[v] !== free) continue
      evict(v)
      explore()
      unevict(v)
      freeze(v)
      refresh(home[v]!)
      alive = promising()
    }
    const mayStay = part.weight >= 0 || (relief && wasBroken[part.rule] === 1 && noneMovedInto(part))
    if (mayStay && alive && !stopped) {
      accepted[part.rule] = 1
      if (part.weight >= 0) softPaid += part.weight
      else unmetPaid++
      explore()
      if (part.weight >= 0) softPaid -= part.weight
      else unmetPaid--
      accepted[part.rule] = 0
    }
    thawTo(mark)
    for (let i = base; i < base + n; i++) if (home[lists[i]!]! >= 0) refresh(home[lists[i]!]!)
    listTop = base
  }

  /** A rule may stay as broken as it was, but no VM that moves may break it. */
  const noneMovedInto = (part: Part): boolean => {
    for (let i = 0; i < part.scope.length; i++) {
      const v = part.scope[i]!
      const comes = at[v] !== home[v] || starts[v] === 1
      if (at[v]! >= 0 && comes && part.clashes(at, v, at[v]!)) return false
    }
    return true
  }

  /** Relief only: a VM that should leave its host (drained, or forbidden by a rule) does, or is left there. */
  const branchOnStranded = (v: number): void => {
    evict(v)
    explore()
    unevict(v)
    if (stopped) return
    const mark = trailTop
    const price = stranded(model, v, home[v]!) ? 0 : 1
    unmetPaid += price
    freeze(v)
    refresh(home[v]!)
    explore()
    unmetPaid -= price
    thawTo(mark)
    refresh(home[v]!)
  }

  const mayHost = (v: number, h: number): boolean => {
    if (domain[v]![h] === 0 || h === home[v]!) return false
    for (let d = 0; d < dims; d++)
      if (settledLoad[h * dims + d]! + demand[v * dims + d]! > cap[h * dims + d]!) return false
    const parts = model.partsOf[v]!
    for (let i = 0; i < parts.length; i++) {
      const part = parts[i]!
      // Where a broken rule is accepted, nobody will make way any more.
      if (part.weight < 0 && part.clashes(accepted[part.rule] === 1 ? at : settledAt, v, h)) return false
    }
    return true
  }

  const fitsBesideFree = (v: number, h: number): boolean => {
    for (let d = 0; d < dims; d++)
      if (load[h * dims + d]! + demand[v * dims + d]! > limit[h * dims + d]!) return false
    return true
  }

  /** The pooled VM with the fewest hosts that take it as they are; it fails first, so it is tried first. */
  const hardestToPlace = (): number => {
    let chosen = -1
    let fewest = openCount + 1
    for (let i = 0; i < poolTop; i++) {
      const v = pool[i]!
      if (status[v] !== pooled) continue
      let options = 0
      for (let k = 0; k < openCount && options < fewest; k++)
        if (mayHost(v, openHosts[k]!) && fitsBesideFree(v, openHosts[k]!)) options++
      if (options < fewest) {
        fewest = options
        chosen = v
      }
    }
    return chosen
  }

  const branchOnPlace = (v: number): void => {
    const base = hostTop
    if (hostTop + openCount > hostList.length) {
      const widerList = new Int32Array(hostList.length * 2)
      const widerScore = new Float64Array(hostList.length * 2)
      widerList.set(hostList)
      widerScore.set(hostScore)
      hostList = widerList
      hostScore = widerScore
    }
    for (let k = 0; k < openCount; k++) {
      const h = openHosts[k]!
      if (!mayHost(v, h)) continue
      // Hosts that take it as they are first (touched ones, then the fullest), then those that must let others go.
      let score = touches[h]! > 0 ? 0 : 1e4
      if (!fitsBesideFree(v, h)) score = 1e6
      for (let d = 0; d < dims; d++) {
        const slack = limit[h * dims + d]! - load[h * dims + d]! - demand[v * dims + d]!
        score += Math.floor((slack * (score < 1e6 ? 1000 : -1000)) / Math.max(1, limit[h * dims + d]!) / dims)
      }
      let i = hostTop++
      for (; i > base && hostScore[i - 1]! > score; i--) {
        hostScore[i] = hostScore[i - 1]!
        hostList[i] = hostList[i - 1]!
      }
      hostScore[i] = score
      hostList[i] = h
    }
    for (let i = base; i < hostTop && !stopped; i++) {
      place(v, hostList[i]!)
      const end = hostTop
      explore()
      hostTop = end
      unplace(v, hostList[i]!)
    }
    hostTop = base
    if (relief && starts[v] === 1 && !stopped) leaveUnstarted(v)
  }

  /** Relief only: it costs no migration after all, and touches nothing. */
  const leaveUnstarted = (v: number): void => {
    const h = home[v]!
    const sign = (by: number): void => {
      unmetPaid += by
      msPaid -= by * moveMs[v]!
      if (h >= 0) touches[h]! -= by * 2
    }
    status[v] = settled
    sign(1)
    explore()
    sign(-1)
    status[v] = pooled
  }

  // The root: everybody at home who may be, the rest in the pool.
  for (let v = 0; v < vmCount; v++) {
    if (active[v] === 0) continue
    const h = home[v]!
    const elsewhere = start[v]! >= 0 && start[v] !== h && !isOpen(start[v]!)
    if (elsewhere || fixed[v] === 1 || (h >= 0 && !isOpen(h) && start[v] === h)) {
      const there = fixed[v] === 1 ? h : start[v]!
      at[v] = there
      settledAt[v] = there
      addLoad(load, v, there, 1)
      addLoad(settledLoad, v, there, 1)
      if (there !== h) {
        msPaid += moveMs[v]!
        touches[there]!++
        if (h >= 0) touches[h]!++
      } else if (starts[v] === 1) touches[there]!++
      if (domain[v]![there] === 0 && !stranded(model, v, there)) unmetPaid++
      continue
    }
    status[v] = free
    at[v] = h
    if (h >= 0 && isOpen(h)) {
      addLoad(load, v, h, 1)
      if (starts[v] === 1) touches[h]!++
      if (domain[v]![h] === 1) continue
      if (relief && starts[v] === 0) mayStrand.push(v)
      else evictAtRoot(v)
    } else {
      at[v] = -1
      status[v] = pooled
      pool[poolTop++] = v
      if (h >= 0) {
        touches[h]!++
        msPaid += moveMs[v]!
      }
    }
  }
  function evictAtRoot(v: number): void {
    status[v] = pooled
    at[v] = -1
    addLoad(load, v, home[v]!, -1)
    touches[home[v]!]! += 1 - starts[v]!
    msPaid += moveMs[v]!
    pool[poolTop++] = v
  }
  for (let h = 0; h < hostCount; h++) {
    if (isOpen(h)) {
      refresh(h)
      continue
    }
    if (touches[h]! > 0) touchedElsewhere++
    const before = excessElsewhere
    for (let d = 0; d < dims; d++)
      excessElsewhere += excessPermille(load[h * dims + d]!, limit[h * dims + d]!)
    if (excessElsewhere > before) overloadedElsewhere++
  }
  const concerned = model.parts.filter((part) => part.scope.some((v) => status[v] !== settled))
  hard = concerned.filter((part) => part.weight < 0)
  soft = concerned.filter((part) => part.weight >= 0)
  const running = model.home.map((h, v) => (starts[v] === 1 ? -1 : h))
  for (const part of hard) wasBroken[part.rule] = part.conflict(running, lists, 0) > 0 ? 1 : 0
  let rootMs = msPaid
  for (let k = 0; k < openCount; k++) rootMs += cover[openHosts[k]!]!
  explore()
  return { at: bestAt, cost: best, complete: !stopped, nodes, rootMs }
}

/** VMs that no objective or rule can tell apart get the same class ≥ 0; all others −1. */
const twinsOf = (model: Model): Int32Array => {
  const { vmCount, dims, demand, home, active, moveMs, domain, partsOf, starts } = model
  const classes = new Int32Array(vmCount).fill(-1)
  const domainIds = new Map<Uint8Array, number>()
  const seen = new Map<string, number>()
  for (let v = 0; v < vmCount; v++) {
    if (active[v] === 0 || home[v]! < 0 || partsOf[v]!.length > 0) continue
    const domainId = domainIds.get(domain[v]!) ?? domainIds.size
    domainIds.set(domain[v]!, domainId)
    let key = `${home[v]} ${moveMs[v]} ${domainId} ${starts[v]}`
    for (let d = 0; d < dims; d++) key += ` ${demand[v * dims + d]}`
    const first = seen.get(key)
    if (first === undefined) seen.set(key, v)
    else {
      classes[first] = first
      classes[v] = first
    }
  }
  return classes
}
