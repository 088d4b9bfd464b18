/** The steps of the search, each with its inverse; inverses are called in the opposite order. */
import { free, type SearchState, settled, unplaced } from './search-state.ts'

/** The VM leaves its home, and has no place yet. */
export const evict = (s: SearchState, v: number): void => {
  const { home, moveMs } = s.model
  const h = home[v]!
  s.status[v] = unplaced
  s.at[v] = -1
  addDemand(s, s.load, v, h, -1)
  s.touches[h]!++
  s.msPaid += moveMs[v]!
  s.unplacedVms[s.unplacedTop++] = v
  enter(s, h)
}

export const unevict = (s: SearchState, v: number): void => {
  const { home, moveMs } = s.model
  const h = home[v]!
  leave(s)
  s.unplacedTop--
  s.msPaid -= moveMs[v]!
  s.touches[h]!--
  addDemand(s, s.load, v, h, 1)
  s.at[v] = h
  s.status[v] = free
}

/** The VM stays at home. */
export const freeze = (s: SearchState, v: number): void => {
  const h = s.model.home[v]!
  s.status[v] = settled
  s.settledAt[v] = h
  addDemand(s, s.settledLoad, v, h, 1)
  s.trail[s.trailTop++] = v
  enter(s, h)
}

/** Frees the VMs that were frozen since `trailTop` was `mark`. */
export const unfreezeTo = (s: SearchState, mark: number): void => {
  const { home } = s.model
  while (s.trailTop > mark) {
    const v = s.trail[--s.trailTop]!
    leave(s)
    s.status[v] = free
    s.settledAt[v] = -1
    addDemand(s, s.settledLoad, v, home[v]!, -1)
  }
}

/** An unplaced VM comes to host `h`. */
export const place = (s: SearchState, v: number, h: number): void => {
  s.status[v] = settled
  s.at[v] = h
  s.settledAt[v] = h
  addDemand(s, s.load, v, h, 1)
  addDemand(s, s.settledLoad, v, h, 1)
  s.touches[h]!++
  s.arrivals[h]!++
  enter(s, h)
}

export const unplace = (s: SearchState, v: number, h: number): void => {
  leave(s)
  s.touches[h]!--
  s.arrivals[h]!--
  addDemand(s, s.settledLoad, v, h, -1)
  addDemand(s, s.load, v, h, -1)
  s.settledAt[v] = -1
  s.at[v] = -1
  s.status[v] = unplaced
}

/** Relief: the host stays overloaded in dimension `d`. All its VMs with demand in it are settled by then. */
export const acceptOverload = (s: SearchState, h: number, d: number): void => {
  s.acceptedOverload[h * s.model.dims + d] = 1
  s.acceptedOverloadDims[h]!++
  enter(s, h)
}

export const unacceptOverload = (s: SearchState, h: number, d: number): void => {
  leave(s)
  s.acceptedOverload[h * s.model.dims + d] = 0
  s.acceptedOverloadDims[h]!--
}

export const addDemand = (s: SearchState, to: Float64Array, v: number, h: number, sign: number): void => {
  const { dims, demand } = s.model
  for (let d = 0; d < dims; d++) to[h * dims + d]! += sign * demand[v * dims + d]!
}

/** Bounds a host that has changed; `leave` takes that back. */
const enter = (s: SearchState, h: number): void => {
  const { changes } = s
  changes.host[changes.top] = h
  changes.coverMs[changes.top] = s.coverMs[h]!
  changes.overloaded[changes.top] = s.overloaded[h]!
  changes.version[changes.top++] = s.version[h]!
  boundHost(s, h)
}

const leave = (s: SearchState): void => {
  const { changes } = s
  const h = changes.host[--changes.top]!
  s.coverMs[h] = changes.coverMs[changes.top]!
  s.overloaded[h] = changes.overloaded[changes.top]!
  s.version[h] = changes.version[changes.top]!
}

/** Its covering bound, as things are. */
export const boundHost = (s: SearchState, h: number): void => {
  const { load, status, acceptedOverload, covering } = s
  const { dims, limit } = s.model
  let over = 0
  for (let d = 0; d < dims; d++)
    if (acceptedOverload[h * dims + d] === 0 && load[h * dims + d]! > limit[h * dims + d]!) over = 1
  s.overloaded[h] = over
  s.version[h] = ++s.changes.lastVersion
  // A partial cure may leave rules violated, so only a full one counts on their being satisfied.
  if (s.relief)
    s.coverMs[h] =
      over === 0 || s.acceptedOverloadDims[h]! > 0 ? 0 : covering.bound(h, load, status, free, null)
  else s.coverMs[h] = covering.bound(h, load, status, free, s.settledAt)
}
