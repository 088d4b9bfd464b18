/**
 * The transport over libp2p: TCP, the cluster key, noise, yamux, gossipsub. This file only ties the parts together:
 * which peers may connect (`cluster-key`, `connection-gate`) and do (`connected-peers`), which are dialled (`address-book`,
 * `dialler`, `peer-exchange`), what is said (`channels`, `inbound-streams`, `gossip`), and which peer fell silent
 * (`liveness`).
 */
import { asHostId, type HostId, limits } from '@drover/protocol'
import type { Connection, Libp2p, MultiaddrConnection, PrivateKey } from '@libp2p/interface'
import type { Log } from '../log-port.ts'
import { type AddressBook, addressesOf, createAddressBook } from './address-book.ts'
import { bounds } from './bounds.ts'
import { messageProtocol } from './channel.ts'
import { type Channels, createChannels } from './channels.ts'
import { createClusterKeyProtector } from './cluster-key.ts'
import { type ConnectedPeers, createConnectedPeers, peerIdOf } from './connected-peers.ts'
import { type ConnectionGate, createConnectionGate } from './connection-gate.ts'
import { createDialler, type Dialler } from './dialler.ts'
import { createProven } from './envelope.ts'
import { exchangeProtocol } from './exchange.ts'
import { type Gossip, joinGossip } from './gossip.ts'
import { createGuardedHandlers, type GuardedHandlers } from './guarded-handlers.ts'
import { hostIdOf } from './identity.ts'
import { createInboundStreams } from './inbound-streams.ts'
import { createLiveness, type Liveness } from './liveness.ts'
import { createPeerExchange, type PeerExchange } from './peer-exchange.ts'
import { createStack, type Services } from './stack.ts'
import { createTally, type Tally } from './traffic-counters.ts'
import type { Transport } from './transport-port.ts'

export interface Libp2pTransportInit {
  readonly privateKey: PrivateKey
  /** Multiaddrs to listen on; port 0 = any. */
  readonly listen: readonly string[]
  /** Multiaddrs to tell others instead of those listened on; empty = those. */
  readonly announce: readonly string[]
  /** Multiaddrs of some other agents, with or without `/p2p/…`. */
  readonly bootstrap: readonly string[]
  readonly clusterKey: Uint8Array | null
  /** Peer ids that may take part; null = every host that has the cluster key. */
  readonly allow: readonly string[] | null
  readonly log: Log
  /** Many agents on one machine (the harness): no limit on connections from one address. */
  readonly loopback?: boolean
}

/** Shared by the agents of this process, where there are several. */
const provenHere = createProven()

/** What changes, beside the state that each part keeps for itself. */
interface TransportState {
  /** Null until started. */
  libp2p: Libp2p<Services> | null
  gossip: Gossip | null
  /** Raw connections, for `kill`. */
  readonly sockets: Set<MultiaddrConnection>
  readonly tally: Tally
  /** Stopped or killed. */
  ended: boolean
}

interface Parts {
  readonly self: HostId
  readonly handlers: GuardedHandlers
  readonly alive: Liveness
  readonly gate: ConnectionGate
  readonly book: AddressBook
  readonly peers: ConnectedPeers
  readonly channels: Channels
  readonly exchange: PeerExchange
  readonly dials: Dialler
  addresses(): readonly string[]
  refused(who: string, why: string): void
  /** From now on the peer takes part. */
  admit(id: HostId): void
}

const createParts = (init: Libp2pTransportInit, state: TransportState): Parts => {
  const { log, loopback = false } = init
  const { tally } = state
  const self = hostIdOf(init.privateKey)
  const handlers = createGuardedHandlers(log)
  const peers = createConnectedPeers(() => state.libp2p?.getConnections() ?? [])
  const alive = createLiveness(
    loopback ? bounds.probedPeersAtFullRateOnOneMachine : bounds.probedPeersAtFullRate,
  )
  const addresses = (): readonly string[] => (state.libp2p?.getMultiaddrs() ?? []).map(String)
  const refused = (who: string, why: string): void => {
    tally.strangers += 1
    handlers.stranger(who, why)
  }
  const gate = createConnectionGate({
    self,
    allow: init.allow === null ? null : new Set(init.allow.map(asHostId)),
    connections: peers.connections,
    isAdmitted: peers.has,
    refused,
    doubt: alive.probe,
  })
  const book = createAddressBook(self, gate.allows)
  const channels = createChannels({ tally, connection: peers.connection, dial: (id) => dials.reach(id) })
  const admit = (id: HostId): void => {
    if (state.ended || !peers.add(id)) return
    book.connected(id, performance.now())
    handlers.connected(id)
    channels.wake(id)
  }
  const exchange = createPeerExchange({ book, peers, log, addresses, admit, changed: () => dials.poke() })
  const dials = createDialler({
    book,
    dialling: gate.dialling,
    mesh: loopback ? bounds.meshOnOneMachine : bounds.mesh,
    isConnected: (id) => peers.has(id) || peers.connections(id).length > 0,
    isRefused: (id) => !gate.allows(id) || gate.isBanned(id),
    connectedPeers: () => peers.ids().length,
    dial: (to, signal) => {
      if (state.libp2p === null) throw new Error('not started')
      return state.libp2p.dial(to, { signal: AbortSignal.any([signal, AbortSignal.timeout(bounds.dialMs)]) })
    },
    opened: exchange.asDialler,
    failed: (target, error) =>
      log.debug(
        { peer: target.id, to: addressesOf(target), failures: target.failures, err: error },
        'dial failed',
      ),
  })
  return { self, handlers, alive, gate, book, peers, channels, exchange, dials, addresses, refused, admit }
}

const onClosed = (parts: Parts, connection: Connection): void => {
  const { peers, channels, book, handlers, dials } = parts
  const id = peerIdOf(connection)
  if (peers.connections(id).some((other) => other.id !== connection.id)) return
  channels.drop(id)
  if (peers.remove(id)) {
    book.disconnected(id, performance.now())
    handlers.disconnected(id)
  }
  dials.poke()
}

/** libp2p, listening to nothing yet. */
const createLibp2pStack = (init: Libp2pTransportInit, state: TransportState, parts: Parts) =>
  createStack({
    privateKey: init.privateKey,
    listen: init.listen,
    announce: init.announce,
    protector: createClusterKeyProtector({
      secret: init.clusterKey,
      opened: (socket) => {
        state.sockets.add(socket)
        socket.addEventListener('close', () => state.sockets.delete(socket))
        if (state.ended) socket.abort(new Error('stopped'))
      },
      refused: parts.refused,
      silent: parts.handlers.silent,
    }),
    gater: parts.gate.gater,
    liveness: parts.alive,
    loopback: init.loopback ?? false,
  })

const start = async (init: Libp2pTransportInit, state: TransportState, parts: Parts): Promise<void> => {
  const { gate, handlers, exchange, book, dials } = parts
  const { tally } = state
  const stack = await createLibp2pStack(init, state, parts)
  state.libp2p = stack
  stack.addEventListener('connection:open', ({ detail }) => gate.entered(peerIdOf(detail)))
  stack.addEventListener('connection:close', ({ detail }) => onClosed(parts, detail))
  const onMessages = createInboundStreams({
    tally,
    log: init.log,
    // The peer chose to talk to us, so it takes part, even if its half of the exchange comes later.
    opened: parts.admit,
    received: handlers.received,
    strike: gate.strike,
  })
  await stack.handle(messageProtocol, onMessages, { maxInboundStreams: 4, maxOutboundStreams: 4 })
  await stack.handle(exchangeProtocol, exchange.asListener, { maxInboundStreams: 2, maxOutboundStreams: 2 })
  await stack.start()
  const heard = (author: HostId, payload: Uint8Array): boolean => {
    const ok = author === parts.self || handlers.heard(author, payload)
    if (!ok) tally.garbage += 1
    return ok
  }
  const proven = init.loopback === true ? provenHere : null
  state.gossip = joinGossip(stack.services.gossip, '0', init.privateKey, gate.allows, heard, proven)
  const now = performance.now()
  for (const address of init.bootstrap) book.introduce(address, now)
  dials.poke()
  exchange.start()
}

export const createLibp2pTransport = (init: Libp2pTransportInit): Transport => {
  const state: TransportState = {
    libp2p: null,
    gossip: null,
    sockets: new Set(),
    tally: createTally(),
    ended: false,
  }
  const parts = createParts(init, state)
  const { self, gate, handlers, book, peers, channels, exchange, dials } = parts

  const end = (): void => {
    state.ended = true
    handlers.close()
    dials.stop()
    parts.alive.stop()
    exchange.stop()
    channels.close()
    peers.clear()
  }

  return {
    self,
    addresses: parts.addresses,
    start: (given) => {
      handlers.attach(given)
      return start(init, state, parts)
    },
    send: (to, bytes) => {
      if (state.ended || to === self || bytes.length > limits.messageBytesMax || !gate.allows(to)) {
        state.tally.undelivered += 1
        return
      }
      channels.send(to, bytes)
    },
    publish: (bytes) => {
      if (!state.ended) state.gossip?.publish(bytes)
    },
    introduce: (more) => {
      const now = performance.now()
      for (const address of more) book.introduce(address, now)
      dials.poke()
    },
    peers: peers.ids,
    counters: () => ({ ...state.tally }),
    stop: async () => {
      if (state.ended) return
      end()
      await state.libp2p?.stop()
    },
    kill: () => {
      if (state.ended) return
      end()
      for (const socket of state.sockets) socket.abort(new Error('killed'))
      state.libp2p?.stop()?.then(undefined, () => undefined)
    },
  }
}
