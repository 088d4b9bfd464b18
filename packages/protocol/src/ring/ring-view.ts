/**
 * What one host knows of the others: the newest summary of each it has heard of, in ring order. It may lack hosts,
 * hold dead ones, and differ from every other host's view: choosing partners by it costs time when it is wrong,
 * never safety, because exclusion comes from leases alone.
 *
 * Mutable, with one owner (the peer of this host).
 */
import { dimensions, type Resources } from '@drover/placement'
import { boundTo } from '../data/bound-to.ts'
import { limits as defaults, type Limits } from '../data/config.ts'
import { byText, type HostId, type Instant } from '../data/ids.ts'
import type { LoadSummary } from '../data/summary.ts'
import {
  alternately,
  comparePositions,
  indexOfPosition,
  type Position,
  positionOf,
  sharedDepth,
} from './order.ts'
import { checkNeighbours, checkRing } from './ring-invariants.ts'

/** As the prober sees it (`probe.ts`); a newer summary is proof of life as well. */
export type Liveness = 'alive' | 'suspect' | 'dead'

export interface Member {
  readonly summary: LoadSummary
  readonly position: Position
  /** When its newest summary was heard. */
  readonly heardAt: Instant
  readonly state: Liveness
  /** Not heard for `limits.staleGossips` periods, as of the last `forget`: its headroom is hearsay. */
  readonly stale: boolean
}

/**
 * `changed`: something that could alter a decision is new (a new host, new load, state, partition …).
 * `refreshed`: newer, but it says the same. null: not newer than what is known, or no room for it; ignored.
 */
export type Heard = 'changed' | 'refreshed' | null

export interface RingView {
  hear(summary: LoadSummary, now: Instant): Heard
  /** What the prober found. False when the host is unknown or was in that state already. */
  mark(host: HostId, state: Liveness): boolean
  get(host: HostId): Member | null
  /** All known hosts, this one included once it has heard itself, in ring order, as of now: the list changes with the view. */
  members(): readonly Member[]
  /** The `k` nearest on either side that are not dead, near first. A suspect is a neighbour until it is dead. */
  neighbours(self: HostId, k: number): readonly HostId[]
  /** All other hosts, nearest first: most shared parts of the location, then ring distance, sides alternating. */
  around(self: HostId): readonly HostId[]
  /** Drops the hosts not heard for `limits.forgetGossips` periods, and flags the stale. Returns the dropped. */
  forget(now: Instant, gossipMs: number): readonly HostId[]
}

const sameResources = (a: Resources, b: Resources): boolean => dimensions.every((d) => a[d] === b[d])

/** Everything but the sequence, and what is for people only. */
const sameFacts = (a: LoadSummary, b: LoadSummary): boolean =>
  a.incarnation === b.incarnation &&
  a.location === b.location &&
  sameResources(a.capacity, b.capacity) &&
  sameResources(a.reserve, b.reserve) &&
  sameResources(a.demand, b.demand) &&
  sameResources(a.committedIn, b.committedIn) &&
  sameResources(a.committedOut, b.committedOut) &&
  a.vms === b.vms &&
  a.overloaded === b.overloaded &&
  a.state === b.state &&
  a.able === b.able &&
  a.partition === b.partition &&
  a.failureDomain === b.failureDomain &&
  a.cpuBaseline === b.cpuBaseline &&
  a.mode === b.mode &&
  a.policyHash === b.policyHash

type Said = Pick<LoadSummary, 'incarnation' | 'sequence'>
const isNewer = (a: Said, than: Said): boolean =>
  a.incarnation !== than.incarnation ? a.incarnation > than.incarnation : a.sequence > than.sequence

interface RingState {
  /** Never forgotten and never pushed out. */
  readonly self: HostId
  readonly limits: Pick<Limits, 'viewHostsMax' | 'staleGossips' | 'forgetGossips'>
  readonly known: Map<HostId, Member>
  /** The last word of hosts that were forgotten, oldest first: said again by another host, it brings none of them back. */
  readonly forgotten: Map<HostId, Said>
  /** The members of `known` in ring order (S15). */
  ring: Member[]
  /** What was last worked out of it; null = some host has come or gone, or is no longer dead or alive. */
  neighbours: { readonly of: HostId; readonly k: number; readonly hosts: readonly HostId[] } | null
  /** The same; null = some host has come or gone. */
  around: { readonly of: HostId; readonly hosts: readonly HostId[] } | null
}

export const createRingView = (self: HostId, limits: RingState['limits'] = defaults): RingView => {
  const state: RingState = {
    self,
    limits,
    known: new Map(),
    forgotten: new Map(),
    ring: [],
    neighbours: null,
    around: null,
  }
  return {
    hear: (summary, now) => hear(state, summary, now),
    mark: (host, liveness) => mark(state, host, liveness),
    get: (host) => state.known.get(host) ?? null,
    members: () => state.ring,
    neighbours(of, k) {
      if (state.neighbours?.of !== of || state.neighbours.k !== k)
        state.neighbours = { of, k, hosts: neighbours(state, of, k) }
      return state.neighbours.hosts
    },
    around(of) {
      if (state.around?.of !== of) state.around = { of, hosts: around(state, of) }
      return state.around.hosts
    },
    forget: (now, gossipMs) => forget(state, now, gossipMs),
  }
}

const take = (state: RingState, host: HostId): void => {
  if (!state.known.delete(host)) return
  state.ring = state.ring.filter((m) => m.position.host !== host)
  state.neighbours = null
  state.around = null
}

const put = (state: RingState, member: Member): void => {
  const { known, limits } = state
  const { host } = member.position
  const before = known.get(host)
  const stays = before !== undefined && comparePositions(before.position, member.position) === 0
  if (!stays) take(state, host)
  const at = indexOfPosition(state.ring, member.position)
  if (stays) state.ring[at] = member
  else state.ring = state.ring.toSpliced(at, 0, member)
  if (!stays) state.around = null
  if (!stays || (before.state === 'dead') !== (member.state === 'dead')) state.neighbours = null
  known.set(host, member)
  checkRing(state.ring, known.size, limits.viewHostsMax, at)
}

const positionFor = ({ known }: RingState, host: HostId): Position =>
  known.get(host)?.position ?? positionOf(host, '')

/** The others from `host` outwards, sides alternating, whether or not `host` itself is in the view. */
const outwards = (state: RingState, host: HostId): readonly Member[] => {
  const { ring } = state
  const at = indexOfPosition(ring, positionFor(state, host))
  if (ring[at]?.position.host === host) return alternately(at, ring.length).map((i) => ring[i]!)
  return alternately(at, ring.length + 1).map((i) => ring[i < at ? i : i - 1]!)
}

/**
 * Which host makes room for a newcomer: the dead one unheard for longest, else the host farthest from this one, which may
 * be the newcomer itself (null).
 */
const leastUseful = (state: RingState, newcomer: Position): HostId | null => {
  const { ring, self } = state
  const dead = ring
    .filter((m) => m.state === 'dead' && m.position.host !== self)
    .sort((a, b) => a.heardAt - b.heardAt || byText(a.position.host, b.position.host))
  if (dead.length > 0) return dead[0]!.position.host
  const farthest = outwards(state, self).at(-1)
  if (farthest === undefined) return null
  const distance = (p: Position): number => {
    const size = ring.length
    const steps = Math.abs(indexOfPosition(ring, p) - indexOfPosition(ring, positionFor(state, self)))
    return Math.min(steps, size - steps)
  }
  return distance(newcomer) < distance(farthest.position) ? farthest.position.host : null
}

const hear = (state: RingState, summary: LoadSummary, now: Instant): Heard => {
  const { known, limits, self, forgotten } = state
  const before = known.get(summary.host)
  const last = forgotten.get(summary.host)
  if (last !== undefined && !isNewer(summary, last)) return null
  if (before !== undefined && !isNewer(summary, before.summary)) return null
  const position =
    before?.summary.location === summary.location
      ? before.position
      : positionOf(summary.host, summary.location)
  if (before === undefined && known.size >= limits.viewHostsMax) {
    if (summary.host === self) take(state, outwards(state, self).at(-1)!.position.host)
    else {
      const goes = leastUseful(state, position)
      if (goes === null) return null
      take(state, goes)
    }
  }
  forgotten.delete(summary.host)
  put(state, { summary, position, heardAt: now, state: 'alive', stale: false })
  if (before === undefined || before.stale || before.state !== 'alive') return 'changed'
  return sameFacts(before.summary, summary) ? 'refreshed' : 'changed'
}

const mark = (state: RingState, host: HostId, liveness: Liveness): boolean => {
  const member = state.known.get(host)
  if (member === undefined || member.state === liveness) return false
  put(state, { ...member, state: liveness })
  return true
}

const neighbours = (state: RingState, of: HostId, k: number): readonly HostId[] => {
  const living = state.ring.filter((m) => m.state !== 'dead' && m.position.host !== of)
  const at = indexOfPosition(living, positionFor(state, of))
  const nearest = alternately(at, living.length + 1)
    .slice(0, 2 * k)
    .map((i) => living[i < at ? i : i - 1]!.position.host)
  checkNeighbours(of, nearest, k)
  return nearest
}

const around = (state: RingState, of: HostId): readonly HostId[] => {
  const { location } = positionFor(state, of)
  return outwards(state, of)
    .map((member) => ({ member, shared: sharedDepth(location, member.position.location) }))
    .sort((a, b) => b.shared - a.shared) // stable: equals stay in ring distance
    .map(({ member }) => member.position.host)
}

const forget = (state: RingState, now: Instant, gossipMs: number): readonly HostId[] => {
  const { limits, self, known, forgotten } = state
  const dropped: HostId[] = []
  for (const member of state.ring) {
    const { host } = member.position
    if (host === self) continue
    // A clock that was set back must not keep a silent host for ever.
    const heardAt = Math.min(member.heardAt, now)
    const ageMs = now - heardAt
    if (ageMs > limits.forgetGossips * gossipMs) {
      take(state, host)
      dropped.push(host)
      const { incarnation, sequence } = member.summary
      forgotten.set(host, { incarnation, sequence })
      boundTo(limits.viewHostsMax, forgotten)
    } else {
      const stale = ageMs > limits.staleGossips * gossipMs
      if (stale !== member.stale || heardAt !== member.heardAt) put(state, { ...member, heardAt, stale })
    }
  }
  checkRing(state.ring, known.size, limits.viewHostsMax, 0)
  return dropped
}
