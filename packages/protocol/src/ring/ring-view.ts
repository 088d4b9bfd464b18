/**
 * What one host knows of the others: the newest summary of each it has heard of, in ring order. It may lack hosts,
 * hold dead ones, and differ from every other host's view: choosing partners by it costs time when it is wrong,
 * never safety, because exclusion comes from leases alone.
 *
 * Mutable, with one owner (the peer of this host).
 */
import { assert, dimensions, type Resources } from '@drover/placement'
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
  /** All known hosts, this one included once it has heard itself, in ring order. */
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

const isNewer = (a: LoadSummary, than: LoadSummary): boolean =>
  a.incarnation !== than.incarnation ? a.incarnation > than.incarnation : a.sequence > than.sequence

/** `self` is never forgotten and never pushed out. */
export const createRingView = (
  self: HostId,
  limits: Pick<Limits, 'viewHostsMax' | 'staleGossips' | 'forgetGossips'> = defaults,
): RingView => {
  const known = new Map<HostId, Member>()
  /** The members of `known` in ring order (S15). */
  let ring: readonly Member[] = []

  /** Looks at the places around a change only: the rest was checked when it was changed. */
  const assertSaneAt = (index: number): void => {
    assert(ring.length === known.size, 'every known host is in the ring once')
    assert(ring.length <= limits.viewHostsMax, 'the view is bounded')
    for (let i = Math.max(1, index); i <= index + 1 && i < ring.length; i++)
      assert(
        comparePositions(ring[i - 1]!.position, ring[i]!.position) < 0,
        'the ring is sorted, without duplicates',
      )
  }

  const take = (host: HostId): void => {
    if (known.delete(host)) ring = ring.filter((m) => m.position.host !== host)
  }

  const put = (member: Member): void => {
    const host = member.position.host
    const before = known.get(host)
    const stays = before !== undefined && comparePositions(before.position, member.position) === 0
    if (!stays) take(host)
    const at = indexOfPosition(ring, member.position)
    ring = stays ? ring.with(at, member) : ring.toSpliced(at, 0, member)
    known.set(host, member)
    assertSaneAt(at)
  }

  const positionFor = (host: HostId): Position => known.get(host)?.position ?? positionOf(host, '')

  /** The others from `host` outwards, sides alternating, whether or not `host` itself is in the view. */
  const outwards = (host: HostId): readonly Member[] => {
    const position = positionFor(host)
    const at = indexOfPosition(ring, position)
    if (ring[at]?.position.host === host) return alternately(at, ring.length).map((i) => ring[i]!)
    return alternately(at, ring.length + 1).map((i) => ring[i < at ? i : i - 1]!)
  }

  /**
   * Which host makes room for a newcomer: the dead one unheard for longest, else the host farthest from this one, which may
   * be the newcomer itself (null).
   */
  const leastUseful = (newcomer: Position): HostId | null => {
    const dead = ring
      .filter((m) => m.state === 'dead' && m.position.host !== self)
      .sort((a, b) => a.heardAt - b.heardAt || byText(a.position.host, b.position.host))
    if (dead.length > 0) return dead[0]!.position.host
    const farthest = outwards(self).at(-1)
    if (farthest === undefined) return null
    const distance = (p: Position): number => {
      const size = ring.length
      const steps = Math.abs(indexOfPosition(ring, p) - indexOfPosition(ring, positionFor(self)))
      return Math.min(steps, size - steps)
    }
    return distance(newcomer) < distance(farthest.position) ? farthest.position.host : null
  }

  const hear = (summary: LoadSummary, now: Instant): Heard => {
    const before = known.get(summary.host)
    if (before !== undefined && !isNewer(summary, before.summary)) return null
    const position =
      before?.summary.location === summary.location
        ? before.position
        : positionOf(summary.host, summary.location)
    if (before === undefined && known.size >= limits.viewHostsMax) {
      if (summary.host === self) take(outwards(self).at(-1)!.position.host)
      else {
        const goes = leastUseful(position)
        if (goes === null) return null
        take(goes)
      }
    }
    put({ summary, position, heardAt: now, state: 'alive', stale: false })
    if (before === undefined || before.stale || before.state !== 'alive') return 'changed'
    return sameFacts(before.summary, summary) ? 'refreshed' : 'changed'
  }

  const mark = (host: HostId, state: Liveness): boolean => {
    const member = known.get(host)
    if (member === undefined || member.state === state) return false
    put({ ...member, state })
    return true
  }

  const neighbours = (of: HostId, k: number): readonly HostId[] => {
    const living = ring.filter((m) => m.state !== 'dead' && m.position.host !== of)
    const at = indexOfPosition(living, positionFor(of))
    return alternately(at, living.length + 1)
      .slice(0, 2 * k)
      .map((i) => living[i < at ? i : i - 1]!.position.host)
  }

  const around = (of: HostId): readonly HostId[] => {
    const { location } = positionFor(of)
    return outwards(of)
      .map((member) => ({ member, shared: sharedDepth(location, member.position.location) }))
      .sort((a, b) => b.shared - a.shared) // stable: equals stay in ring distance
      .map(({ member }) => member.position.host)
  }

  const forget = (now: Instant, gossipMs: number): readonly HostId[] => {
    const dropped: HostId[] = []
    for (const member of ring) {
      const host = member.position.host
      if (host === self) continue
      // A clock that was set back must not keep a silent host for ever.
      const heardAt = Math.min(member.heardAt, now)
      const ageMs = now - heardAt
      if (ageMs > limits.forgetGossips * gossipMs) {
        take(host)
        dropped.push(host)
      } else {
        const stale = ageMs > limits.staleGossips * gossipMs
        if (stale !== member.stale || heardAt !== member.heardAt) put({ ...member, heardAt, stale })
      }
    }
    assert(ring.length === known.size, 'every known host is in the ring once')
    return dropped
  }

  return {
    hear,
    mark,
    get: (host) => known.get(host) ?? null,
    members: () => ring,
    neighbours,
    around,
    forget,
  }
}
