/** The root of the search: every VM is at home if it may be there; the others are unplaced. */
import { excessPermille, stranded } from '../model/cost.ts'
import {
  free,
  type SearchScope,
  type SearchSpace,
  type SearchState,
  settled,
  unplaced,
} from './search-state.ts'
import { addDemand, boundHost } from './search-steps.ts'

export const createSearchState = (space: SearchSpace, scope: SearchScope): SearchState => {
  const s = emptyState(space, scope)
  for (let v = 0; v < s.model.vmCount; v++) if (s.model.active[v] === 1) enterVm(s, scope, v)
  for (let h = 0; h < s.model.hostCount; h++)
    if (s.isOpen(h)) boundHost(s, h)
    else countClosedHost(s, h)
  return s
}

const emptyState = (
  { model, covering }: SearchSpace,
  { relief, orderly, start, open }: SearchScope,
): SearchState => {
  const { hostCount, vmCount, dims, limit } = model
  const isOpen = (h: number) => open === null || open[h] === 1
  const cap = new Float64Array(hostCount * dims)
  for (let i = 0; i < cap.length; i++) cap[i] = relief ? Math.max(limit[i]!, model.load[i]!) : limit[i]!
  const changesMax = 3 * vmCount + hostCount * dims + 1
  return {
    model,
    covering,
    relief,
    isOpen,
    openHosts: Int32Array.from({ length: hostCount }, (_, h) => h).filter(isOpen),
    status: new Uint8Array(vmCount).fill(settled),
    at: Int32Array.from(start),
    settledAt: new Int32Array(vmCount).fill(-1),
    load: new Float64Array(hostCount * dims),
    settledLoad: new Float64Array(hostCount * dims),
    cap,
    capOfArrival: orderly === true ? limit : cap,
    arrivals: new Int32Array(hostCount),
    acceptedOverload: new Uint8Array(hostCount * dims),
    acceptedOverloadDims: new Uint8Array(hostCount),
    coverMs: new Float64Array(hostCount),
    overloaded: new Uint8Array(hostCount),
    version: new Int32Array(hostCount),
    touches: new Int32Array(hostCount),
    unplacedVms: new Int32Array(vmCount),
    trail: new Int32Array(vmCount),
    mayStayStranded: [],
    unplacedTop: 0,
    trailTop: 0,
    msPaid: 0,
    unmetPaid: 0,
    overloadedElsewhere: 0,
    excessElsewhere: 0,
    touchedElsewhere: 0,
    changes: {
      host: new Int32Array(changesMax),
      coverMs: new Float64Array(changesMax),
      overloaded: new Uint8Array(changesMax),
      version: new Int32Array(changesMax),
      top: 0,
      lastVersion: 0,
    },
  }
}

const enterVm = (s: SearchState, { start }: SearchScope, v: number): void => {
  const { home, fixed, domain, starts, moveMs } = s.model
  const h = home[v]!
  const elsewhere = start[v]! >= 0 && start[v] !== h && !s.isOpen(start[v]!)
  if (elsewhere || fixed[v] === 1 || (h >= 0 && !s.isOpen(h) && start[v] === h)) {
    settleAtRoot(s, v, fixed[v] === 1 ? h : start[v]!)
    return
  }
  if (h < 0 || !s.isOpen(h)) {
    s.at[v] = -1
    s.status[v] = unplaced
    s.unplacedVms[s.unplacedTop++] = v
    if (h < 0) return
    s.touches[h]!++
    s.msPaid += moveMs[v]!
    return
  }
  s.status[v] = free
  s.at[v] = h
  addDemand(s, s.load, v, h, 1)
  if (starts[v] === 1) s.touches[h]!++
  if (domain[v]![h] === 1) return
  if (s.relief && starts[v] === 0) s.mayStayStranded.push(v)
  else evictAtRoot(s, v)
}

/** It cannot move, or is outside of the open hosts. */
const settleAtRoot = (s: SearchState, v: number, there: number): void => {
  const { model, touches } = s
  const { home, domain, starts, moveMs } = model
  const h = home[v]!
  s.at[v] = there
  s.settledAt[v] = there
  addDemand(s, s.load, v, there, 1)
  addDemand(s, s.settledLoad, v, there, 1)
  if (there !== h) {
    s.msPaid += moveMs[v]!
    touches[there]!++
    if (h >= 0) touches[h]!++
  } else if (starts[v] === 1) touches[there]!++
  if (domain[v]![there] === 0 && !stranded(model, v, there)) s.unmetPaid++
}

const evictAtRoot = (s: SearchState, v: number): void => {
  const { home, starts, moveMs } = s.model
  s.status[v] = unplaced
  s.at[v] = -1
  addDemand(s, s.load, v, home[v]!, -1)
  s.touches[home[v]!]! += 1 - starts[v]!
  s.msPaid += moveMs[v]!
  s.unplacedVms[s.unplacedTop++] = v
}

/** What a host outside of the open ones adds to the cost. */
const countClosedHost = (s: SearchState, h: number): void => {
  const { dims, limit } = s.model
  if (s.touches[h]! > 0) s.touchedElsewhere++
  const before = s.excessElsewhere
  for (let d = 0; d < dims; d++)
    s.excessElsewhere += excessPermille(s.load[h * dims + d]!, limit[h * dims + d]!)
  if (s.excessElsewhere > before) s.overloadedElsewhere++
}
