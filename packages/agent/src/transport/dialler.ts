/** Keeps this agent connected: dials known peers, a few at a time, each again after a growing pause. */
import type { HostId } from '@drover/protocol'
import type { Connection, PeerId } from '@libp2p/interface'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { type AddressBook, addressesOf, type Target } from './address-book.ts'
import { bounds } from './bounds.ts'

export interface DiallerInit {
  readonly self: HostId
  readonly book: AddressBook
  readonly dialling: Set<HostId>
  readonly mesh: { readonly fullMeshPeers: number; readonly wantedPeers: number }
  isConnected(id: HostId): boolean
  isRefused(id: HostId): boolean
  connectedPeers(): number
  dial(addresses: Multiaddr[], signal: AbortSignal): Promise<Connection>
  /** The new connection: exchange addresses over it. Rejects when the other side does not take part. */
  opened(connection: Connection): Promise<void>
  /** Nobody was reached at these addresses. */
  failed(target: Target, error: unknown): void
}

export interface Dialler {
  /** Something changed: see what is to be dialled. */
  poke(): void
  /** Dial this peer now, if it is known where. False = it is not, or it was tried a moment ago. */
  reach(id: HostId): boolean
  stop(): void
}

export const dialler = (init: DiallerInit): Dialler => {
  const { self, book, dialling, mesh } = init
  const stop = new AbortController()
  let active = 0
  let timer: NodeJS.Timeout | null = null
  let timerAt = Number.POSITIVE_INFINITY

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
      if (target.nameless) target.id = peer.toString() as HostId
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
      if (id !== null && !target.nameless) dialling.delete(id)
      poke()
    }
  }

  const poke = (): void => {
    if (stop.signal.aborted) return
    const now = performance.now()
    book.prune(now)
    for (const target of book.byUrgency()) {
      if (active >= bounds.dialsMax || !wanted()) return
      if (!isDue(target) || addressesOf(target).length === 0 || target.id === self) continue
      if (target.nextAt > now) return wakeAt(target.nextAt)
      void dial(target)
    }
  }

  const wakeAt = (at: number): void => {
    if (timer !== null && timerAt <= at) return
    if (timer !== null) clearTimeout(timer)
    timerAt = at
    timer = setTimeout(
      () => {
        timer = null
        timerAt = Number.POSITIVE_INFINITY
        poke()
      },
      Math.max(1, at - performance.now()),
    ).unref()
  }

  return {
    poke,
    reach: (id) => {
      if (stop.signal.aborted || init.isRefused(id)) return false
      const target = book.target(id)
      if (target === undefined || addressesOf(target).length === 0) return false
      if (target.dialling || dialling.has(id)) return true
      // Failed a moment ago: it will not have come back since, and a message must not cost a dial each.
      const untilNext = target.nextAt - performance.now()
      if (target.failures > 0 && untilNext > bounds.redialMsMin * 2) return false
      if (untilNext > 0) {
        wakeAt(target.nextAt)
        return true
      }
      void dial(target)
      return true
    },
    stop: () => {
      stop.abort()
      if (timer !== null) clearTimeout(timer)
    },
  }
}
