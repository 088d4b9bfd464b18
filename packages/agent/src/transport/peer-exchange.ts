/**
 * Peers tell each other which others they know: once on every new connection, and from time to time with a random peer. The
 * second mends what the first misses: two halves of a cluster that were joined by a single pair.
 */
import type { HostId } from '@drover/protocol'
import type { Connection, Stream } from '@libp2p/interface'
import { errorOf } from '../errors.ts'
import type { Log } from '../log-port.ts'
import { type AddressBook, addressesOf } from './address-book.ts'
import { bounds } from './bounds.ts'
import { type ConnectedPeers, peerIdOf } from './connected-peers.ts'
import {
  addressesToTell,
  type Directory,
  exchangeAsDialler,
  exchangeAsListener,
  somePeers,
} from './exchange.ts'

export interface PeerExchangeInit {
  readonly book: AddressBook
  readonly peers: ConnectedPeers
  readonly log: Log
  /** Our own. */
  addresses(): readonly string[]
  /** The exchange with this peer has succeeded: it takes part. */
  admit(id: HostId): void
  /** More may be known than before. */
  changed(): void
}

export interface PeerExchange {
  /** Over a connection that we dialled. Rejects, and closes the connection, when the other side does not take part. */
  asDialler(connection: Connection): Promise<void>
  /** Over one that the other side dialled. */
  asListener(stream: Stream, connection: Connection): Promise<void>
  /** From now on with a random peer from time to time. */
  start(): void
  stop(): void
}

export const createPeerExchange = (init: PeerExchangeInit): PeerExchange => {
  const { book, peers, log } = init
  let timer: NodeJS.Timeout | null = null

  const directory = (connection: Connection): Directory => {
    const remote = connection.remoteAddr.toString()
    const others = peers.ids().flatMap((id) => {
      const target = book.target(id)
      if (target === undefined || id === peerIdOf(connection)) return []
      const addresses = addressesToTell(addressesOf(target), remote)
      return addresses.length === 0 ? [] : [{ id, addresses }]
    })
    return { self: addressesToTell(init.addresses(), remote), peers: somePeers(others) }
  }

  const learn = (connection: Connection, theirs: Directory): void => {
    const id = peerIdOf(connection)
    const now = performance.now()
    book.announced({ id, addresses: theirs.self }, now)
    for (const one of theirs.peers) book.hearsay(one, now)
    init.admit(id)
    init.changed()
  }

  const ask = async (connection: Connection): Promise<void> =>
    learn(connection, await exchangeAsDialler(connection, directory(connection)))

  const askSomePeer = (): void => {
    const ids = peers.ids()
    const id = ids[Math.floor(Math.random() * ids.length)]
    const connection = id === undefined ? null : peers.connection(id)
    // A failure says nothing new: `liveness` finds out whether the peer is gone.
    if (connection !== null) ask(connection).catch(() => undefined)
    init.changed()
    schedule(bounds.exchangeEveryMs * (0.5 + Math.random()))
  }

  const schedule = (ms: number): void => {
    timer = setTimeout(askSomePeer, ms).unref()
  }

  return {
    async asDialler(connection) {
      try {
        await ask(connection)
      } catch (error) {
        connection.abort(errorOf(error))
        throw error
      }
    },
    async asListener(stream, connection) {
      try {
        await exchangeAsListener(
          stream,
          () => directory(connection),
          (theirs) => learn(connection, theirs),
        )
      } catch (error) {
        log.debug({ err: error }, 'peer exchange failed')
      }
    },
    start: () => schedule(bounds.exchangeEveryMs * Math.random()),
    stop() {
      if (timer !== null) clearTimeout(timer)
    },
  }
}
