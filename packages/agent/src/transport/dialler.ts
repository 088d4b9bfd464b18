/** Keeps this agent connected: dials known peers, a few at a time, each again after a growing pause. */
import { asHostId, type HostId } from '@drover/protocol'
import type { Connection, PeerId } from '@libp2p/interface'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { retryPauses } from '../retry-pauses.ts'
import { type AddressBook, addressesOf, type Target } from './address-book.ts'
import { createAlarm } from './alarm.ts'
import { bounds } from './bounds.ts'

const shuffled = <T>(all: readonly T[]): T[] => {
  const left = [...all]
  for (let i = left.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1))
    ;[left[i], left[j]] = [left[j] as T, left[i] as T]
  }
  return left
}

export interface DiallerInit {
  readonly book: AddressBook
  readonly dialling: Set<HostId>
  readonly mesh: { readonly fullMeshPeers: number; readonly wantedPeers: number }
  isConnected(id: HostId): boolean
  isRefused(id: HostId): boolean
  connectedPeers(): number
  dial(addresses: Multiaddr[], signal: AbortSignal): Promise<Connection>
  /** The new connection: exchange addresses over it. Rejects when the other side does not take part. */
  opened(connection: Connection): Promise<void>
  /** No peer was reached at these addresses. */
  failed(target: Target, error: unknown): void
}

export interface Dialler {
  /** Something changed: see what is to be dialled. */
  poke(): void
  /** Dial this peer now, if it is known where. False = it is not, or it was tried a moment ago. */
  reach(id: HostId): boolean
  stop(): void
}

export const createDialler = (init: DiallerInit): Dialler => {
  const { book, dialling, mesh } = init
  const stop = new AbortController()
  const alarm = createAlarm(() => poke())
  /** Dials under way. */
  let active = 0

  const wanted = (): boolean =>
    book.size() <= mesh.fullMeshPeers || init.connectedPeers() + active < mesh.wantedPeers

  const isDue = (target: Target): boolean =>
    !target.dialling &&
    target.nextAt < Number.POSITIVE_INFINITY &&
    (target.id === null ||
      !(init.isConnected(target.id) || dialling.has(target.id) || init.isRefused(target.id)))

  const dial = async (target: Target): Promise<void> => {
    const { id } = target
    active += 1
    target.dialling = true
    if (id !== null) dialling.add(id)
    let peer: PeerId | null = null
    try {
      const addresses = addressesOf(target).map((address) => multiaddr(address))
      const connection = await init.dial(addresses, stop.signal)
      peer = connection.remotePeer
      if (target.nameless) target.id = asHostId(peer.toString())
      await init.opened(connection)
      target.failures = 0
    } catch (error) {
      if (stop.signal.aborted) return
      if (target.nameless && error instanceof Error && /dial self/i.test(error.message)) {
        target.nextAt = Number.POSITIVE_INFINITY
      } else if (id === null || !init.isConnected(id)) {
        book.failed(target, performance.now())
        init.failed(target, error)
      }
    } finally {
      active -= 1
      target.dialling = false
      if (id !== null) dialling.delete(id)
      poke()
    }
  }

  const poke = (): void => {
    if (stop.signal.aborted) return
    const now = performance.now()
    book.prune(now)
    const candidates = book.targets().filter((target) => isDue(target) && addressesOf(target).length > 0)
    // In random order. If every agent dialled the first ones that it hears of, a few would become hubs. The meshes of gossip
    // are bounded, and would leave the others out.
    for (const target of shuffled(candidates.filter(({ nextAt }) => nextAt <= now))) {
      if (active >= bounds.dialsMax || !wanted()) return
      void dial(target)
    }
    alarm.setTo(
      Math.min(...candidates.map(({ nextAt }) => (nextAt > now ? nextAt : Number.POSITIVE_INFINITY))),
    )
  }

  return {
    poke,
    reach: (id) => {
      if (stop.signal.aborted || init.isRefused(id)) return false
      const target = book.target(id)
      if (target === undefined || addressesOf(target).length === 0) return false
      if (target.dialling || dialling.has(id)) return true
      // The last dial failed a moment ago. Not every message may cost a dial.
      const untilNext = target.nextAt - performance.now()
      if (target.failures > 0 && untilNext > retryPauses.dial.firstMs * 2) return false
      if (untilNext > 0) {
        alarm.setTo(target.nextAt)
        return true
      }
      void dial(target)
      return true
    },
    stop: () => {
      stop.abort()
      alarm.clear()
    },
  }
}
