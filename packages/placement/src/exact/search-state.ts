/**
 * The state of the search of branch-and-bound.ts: who is free, settled or in the pool, what every host carries with and
 * without the free ones, and what the decisions so far cost. Every step has its inverse.
 */

import { type CoveringBound, createCoveringBound } from '../bounds/covering-bound.ts'
import { symmetryClassesOf } from '../bounds/symmetry.ts'
import { excessPermille, stranded } from '../model/cost.ts'
import type { Model } from '../model/model.ts'

export interface SearchScope {
  readonly relief: boolean
  /** Relief: nobody comes to a host that stays overloaded, since exchanges there mostly have no order. */
  readonly orderly?: boolean
  /** Hosts that the search may change; everything elsewhere stays as in `start`. Null = all. */
  readonly open: Uint8Array | null
  /** The assignment outside the open hosts, and for VMs that already left their home. */
  readonly start: Int32Array
}

/** At home, undecided. */
export const free = 0
/** Stays, or has its place. */
export const settled = 1
/** Has left, and has no place yet. */
export const unplaced = 2

/** What all searches over one model share. */
export interface SearchSpace {
  readonly model: Model
  readonly covering: CoveringBound
  readonly symmetryClass: Int32Array
}

export const createSearchSpace = (model: Model): SearchSpace => ({
  model,
  covering: createCoveringBound(model),
  symmetryClass: symmetryClassesOf(model),
})

export interface SearchState {
  readonly isOpen: (h: number) => boolean
  readonly openHosts: Int32Array
  /** free, settled or pooled. [vm] */
  readonly status: Uint8Array
  /** Where everybody is if the free ones stay at home; −1 in the pool. */
  readonly at: Int32Array
  /** The same, without the free ones. */
  readonly settledAt: Int32Array
  /** What `at` and `settledAt` weigh, and what a host may carry at most. [host × dims] */
  readonly load: Float64Array
  readonly settledLoad: Float64Array
  readonly cap: Float64Array
  /** The same with those who come. [host × dims] */
  readonly capOfArrival: Float64Array
  /** VMs that have come. [host] */
  readonly arrivals: Int32Array
  /** Relief: dimensions in which a host is left overloaded, and how many of a host's there are. */
  readonly acceptedOverload: Uint8Array
  readonly acceptedOverloadDims: Uint8Array
  /** Covering bound of each host, and is there anything to cover? */
  readonly coverMs: Float64Array
  readonly overloaded: Uint8Array
  /** Differs whenever the host does; the same again when a change is taken back. [host] */
  readonly version: Int32Array
  /** Moves that start or end there. [host] */
  readonly touches: Int32Array
  readonly unplacedVms: Int32Array
  readonly trail: Int32Array
  /** Relief: VMs that may be left where they should not be. */
  readonly mayStayStranded: readonly number[]
  unplacedTop: number
  trailTop: number
  msPaid: number
  unmetPaid: number
  /** What the closed hosts contribute whatever happens here. */
  overloadedElsewhere: number
  excessElsewhere: number
  touchedElsewhere: number
  /** Looks at a host whose `closed` has changed, and takes that back. */
  readonly enter: (h: number) => void
  readonly leave: () => void
  readonly evict: (v: number) => void
  readonly unevict: (v: number) => void
  readonly freeze: (v: number) => void
  readonly unfreezeTo: (mark: number) => void
  readonly place: (v: number, h: number) => void
  readonly unplace: (v: number, h: number) => void
}

/** The root: everybody at home who may be, the rest in the pool. */
export const createSearchState = (
  { model, covering }: SearchSpace,
  { relief, orderly, start, open }: SearchScope,
): SearchState => {
  const { hostCount, vmCount, dims, limit, demand, home, active, fixed, moveMs, domain, starts } = model
  const isOpen = (h: number) => open === null || open[h] === 1
  const openHosts = Int32Array.from({ length: hostCount }, (_, h) => h).filter(isOpen)
  const status = new Uint8Array(vmCount).fill(settled)
  const at = Int32Array.from(start)
  const settledAt = new Int32Array(vmCount).fill(-1)
  const load = new Float64Array(hostCount * dims)
  const settledLoad = new Float64Array(hostCount * dims)
  const cap = new Float64Array(hostCount * dims)
  for (let i = 0; i < cap.length; i++) cap[i] = relief ? Math.max(limit[i]!, model.load[i]!) : limit[i]!
  const capOfArrival = orderly === true ? limit : cap
  const arrivals = new Int32Array(hostCount)
  const acceptedOverload = new Uint8Array(hostCount * dims)
  const acceptedOverloadDims = new Uint8Array(hostCount)
  const coverMs = new Float64Array(hostCount)
  const overloaded = new Uint8Array(hostCount)
  const touches = new Int32Array(hostCount)
  const version = new Int32Array(hostCount)
  const unplacedVms = new Int32Array(vmCount)
  const trail = new Int32Array(vmCount)
  const mayStayStranded: number[] = []

  const addLoad = (to: Float64Array, v: number, h: number, sign: number): void => {
    for (let d = 0; d < dims; d++) to[h * dims + d]! += sign * demand[v * dims + d]!
  }

  /** Hosts as they were before each change that is not taken back yet. */
  const changed = new Int32Array(3 * vmCount + hostCount * dims + 1)
  const coverMsBefore = new Float64Array(changed.length)
  const overloadedBefore = new Uint8Array(changed.length)
  const versionBefore = new Int32Array(changed.length)
  let changedTop = 0
  let lastVersion = 0

  const enter = (h: number): void => {
    changed[changedTop] = h
    coverMsBefore[changedTop] = coverMs[h]!
    overloadedBefore[changedTop] = overloaded[h]!
    versionBefore[changedTop++] = version[h]!
    refresh(h)
  }
  const leave = (): void => {
    const h = changed[--changedTop]!
    coverMs[h] = coverMsBefore[changedTop]!
    overloaded[h] = overloadedBefore[changedTop]!
    version[h] = versionBefore[changedTop]!
  }

  const refresh = (h: number): void => {
    let over = 0
    for (let d = 0; d < dims; d++)
      if (acceptedOverload[h * dims + d] === 0 && load[h * dims + d]! > limit[h * dims + d]!) over = 1
    overloaded[h] = over
    version[h] = ++lastVersion
    // A partial cure may leave rules broken, so only a full one counts on their being mended.
    if (relief)
      coverMs[h] =
        over === 0 || acceptedOverloadDims[h]! > 0 ? 0 : covering.bound(h, load, status, free, null)
    else coverMs[h] = covering.bound(h, load, status, free, settledAt)
  }

  const evict = (v: number): void => {
    const h = home[v]!
    status[v] = unplaced
    at[v] = -1
    addLoad(load, v, h, -1)
    touches[h]!++
    self.msPaid += moveMs[v]!
    unplacedVms[self.unplacedTop++] = v
    enter(h)
  }
  const unevict = (v: number): void => {
    const h = home[v]!
    leave()
    self.unplacedTop--
    self.msPaid -= moveMs[v]!
    touches[h]!--
    addLoad(load, v, h, 1)
    at[v] = h
    status[v] = free
  }
  const freeze = (v: number): void => {
    status[v] = settled
    settledAt[v] = home[v]!
    addLoad(settledLoad, v, home[v]!, 1)
    trail[self.trailTop++] = v
    enter(home[v]!)
  }
  const unfreezeTo = (mark: number): void => {
    while (self.trailTop > mark) {
      const v = trail[--self.trailTop]!
      leave()
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
    arrivals[h]!++
    enter(h)
  }
  const unplace = (v: number, h: number): void => {
    leave()
    touches[h]!--
    arrivals[h]!--
    addLoad(settledLoad, v, h, -1)
    addLoad(load, v, h, -1)
    settledAt[v] = -1
    at[v] = -1
    status[v] = unplaced
  }

  const self: SearchState = {
    isOpen,
    openHosts,
    status,
    at,
    settledAt,
    load,
    settledLoad,
    cap,
    capOfArrival,
    arrivals,
    acceptedOverload,
    acceptedOverloadDims,
    coverMs,
    overloaded,
    version,
    touches,
    unplacedVms,
    trail,
    mayStayStranded,
    unplacedTop: 0,
    trailTop: 0,
    msPaid: 0,
    unmetPaid: 0,
    overloadedElsewhere: 0,
    excessElsewhere: 0,
    touchedElsewhere: 0,
    enter,
    leave,
    evict,
    unevict,
    freeze,
    unfreezeTo,
    place,
    unplace,
  }

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
        self.msPaid += moveMs[v]!
        touches[there]!++
        if (h >= 0) touches[h]!++
      } else if (starts[v] === 1) touches[there]!++
      if (domain[v]![there] === 0 && !stranded(model, v, there)) self.unmetPaid++
      continue
    }
    status[v] = free
    at[v] = h
    if (h >= 0 && isOpen(h)) {
      addLoad(load, v, h, 1)
      if (starts[v] === 1) touches[h]!++
      if (domain[v]![h] === 1) continue
      if (relief && starts[v] === 0) mayStayStranded.push(v)
      else evictAtRoot(v)
    } else {
      at[v] = -1
      status[v] = unplaced
      unplacedVms[self.unplacedTop++] = v
      if (h >= 0) {
        touches[h]!++
        self.msPaid += moveMs[v]!
      }
    }
  }
  function evictAtRoot(v: number): void {
    status[v] = unplaced
    at[v] = -1
    addLoad(load, v, home[v]!, -1)
    touches[home[v]!]! += 1 - starts[v]!
    self.msPaid += moveMs[v]!
    unplacedVms[self.unplacedTop++] = v
  }
  for (let h = 0; h < hostCount; h++) {
    if (isOpen(h)) {
      refresh(h)
      continue
    }
    if (touches[h]! > 0) self.touchedElsewhere++
    const before = self.excessElsewhere
    for (let d = 0; d < dims; d++)
      self.excessElsewhere += excessPermille(load[h * dims + d]!, limit[h * dims + d]!)
    if (self.excessElsewhere > before) self.overloadedElsewhere++
  }
  return self
}
