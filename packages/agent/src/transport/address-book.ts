/**
 * Known peers: their addresses, and when to dial each next. Pure bookkeeping: time comes in. A *target* is a peer, or a
 * configured address without a peer id. Such an address is dialled whenever the peer that last answered there is not
 * connected. So a host that came back with a new identity is found again.
 */
import { asHostId, type HostId } from '@drover/protocol'
import { pauseMs, retryPauses } from '../retry-pauses.ts'
import { bounds } from './bounds.ts'

export interface Target {
  /** Of a nameless address: the peer that last answered there; null = none yet. */
  id: HostId | null
  readonly nameless: boolean
  /** What operators configured: kept, whatever the peer says of itself. */
  readonly configured: Set<string>
  announced: readonly string[]
  failures: number
  /** The next dial comes not before, ms. Infinite for an address that turned out to be our own. */
  nextAt: number
  /** When it was last connected, or first heard of. */
  seenAt: number
  dialling: boolean
}

export interface Told {
  readonly id: HostId
  readonly addresses: readonly string[]
}

export interface AddressBook {
  /** From configuration or an operator, with or without `/p2p/…`. */
  introduce(address: string, now: number): void
  /** A peer's own word on its addresses replaces what others said of it. */
  announced(told: Told, now: number): void
  /** Another peer's word: taken only of peers that have no address yet. */
  hearsay(told: Told, now: number): void
  target(id: HostId): Target | undefined
  targets(): readonly Target[]
  failed(target: Target, now: number): void
  connected(id: HostId, now: number): void
  disconnected(id: HostId, now: number): void
  /** Drops what could not be reached for too long. */
  prune(now: number): void
  /** Known peers, this one excluded. */
  size(): number
}

export const addressesOf = (target: Target): string[] => [
  ...new Set([...target.configured, ...target.announced]),
]

export const peerOf = (address: string): HostId | null => {
  const found = /\/p2p\/([1-9A-HJ-NP-Za-km-z]{20,200})$/.exec(address)
  return found?.[1] === undefined ? null : asHostId(found[1])
}

/** The pause before the next dial, with jitter of one half either way. Otherwise all agents would dial a host that is back at once. */
const redialMs = (failures: number): number => pauseMs(retryPauses.dial, failures) * (0.5 + Math.random())

/** Only well-formed addresses of this very peer, each with its id at the end. */
const addressesFor = ({ id, addresses }: Told): string[] =>
  addresses
    .filter((address) => address.startsWith('/') && address.length <= bounds.addressCharsMax)
    .filter((address) => (peerOf(address) ?? id) === id)
    .slice(0, bounds.addressesPerPeerMax)
    .map((address) => (peerOf(address) === null ? `${address}/p2p/${id}` : address))

export const createAddressBook = (self: HostId, isAllowed: (id: HostId) => boolean): AddressBook => {
  const peers = new Map<HostId, Target>()
  const nameless = new Map<string, Target>()

  const newTarget = (id: HostId | null, now: number): Target => ({
    id,
    nameless: id === null,
    configured: new Set(),
    announced: [],
    failures: 0,
    nextAt: now,
    seenAt: now,
    dialling: false,
  })

  const peer = (id: HostId, now: number): Target | null => {
    if (id === self || !isAllowed(id)) return null
    const known = peers.get(id)
    if (known !== undefined) return known
    if (peers.size >= bounds.knownPeersMax) return null
    const target = newTarget(id, now)
    peers.set(id, target)
    return target
  }

  return {
    introduce: (address, now) => {
      const id = peerOf(address)
      const target = id === null ? (nameless.get(address) ?? newTarget(null, now)) : peer(id, now)
      if (target === null) return
      if (id === null) nameless.set(address, target)
      target.configured.add(address)
      target.nextAt = Math.min(target.nextAt, now)
    },
    announced: (told, now) => {
      const fresh = addressesFor(told)
      const target = peer(told.id, now)
      if (target !== null && fresh.length > 0) target.announced = fresh
    },
    hearsay: (told, now) => {
      const fresh = addressesFor(told)
      if (fresh.length === 0) return
      const target = peer(told.id, now)
      if (target !== null && addressesOf(target).length === 0) target.announced = fresh
    },
    target: (id) => peers.get(id),
    targets: () => [...peers.values(), ...nameless.values()],
    failed: (target, now) => {
      target.failures += 1
      target.nextAt = now + redialMs(target.failures)
    },
    connected: (id, now) => {
      const target = peer(id, now)
      if (target === null) return
      target.failures = 0
      target.seenAt = now
    },
    disconnected: (id, now) => {
      const target = peers.get(id)
      if (target === undefined) return
      target.seenAt = now
      target.nextAt = now + redialMs(1)
    },
    prune: (now) => {
      for (const [id, target] of peers) {
        const lost = target.failures > 0 && now - target.seenAt > bounds.forgetMs
        if (lost && target.configured.size === 0 && !target.dialling) peers.delete(id)
      }
    },
    size: () => peers.size,
  }
}
