/**
 * The transport over libp2p: TCP, the cluster key, noise, yamux, gossipsub. This file only ties the parts together:
 * who may connect (`cluster-key`, `admission`), who is dialled (`address-book`, `dialler`, `exchange`), what is said
 * (`channel`, `inbound`, `gossip`), and who fell silent (`liveness`).
 */
import { asHostId, type HostId, limits } from '@drover/protocol'
import type { Connection, Libp2p, MultiaddrConnection, PrivateKey, Stream } from '@libp2p/interface'
import type { Log } from '../log-port.ts'
import { addressBook, addressesOf } from './address-book.ts'
import { admission } from './admission.ts'
import { bounds } from './bounds.ts'
import { type Channel, channel, messageProtocol } from './channel.ts'
import { clusterKey } from './cluster-key.ts'
import { dialler } from './dialler.ts'
import { provenOnce } from './envelope.ts'
import {
  addressesToTell,
  type Directory,
  exchangeAsDialler,
  exchangeAsListener,
  exchangeProtocol,
  somePeers,
} from './exchange.ts'
import { type Gossip, joinGossip } from './gossip.ts'
import { hostIdOf } from './identity.ts'
import { liveness } from './liveness.ts'
import { readFrames } from './read-frames.ts'
import { createStack, type Services } from './stack.ts'
import { newTally } from './traffic-counters.ts'
import type { Transport, TransportHandlers } from './transport-port.ts'

export interface Libp2pTransportInit {
  readonly privateKey: PrivateKey
  /** Multiaddrs to listen on; port 0 = any. */
  readonly listen: readonly string[]
  /** Multiaddrs to tell others instead of those listened on; empty = those. */
  readonly announce: readonly string[]
  /** Multiaddrs of some other agents, with or without `/p2p/…`. */
  readonly bootstrap: readonly string[]
  readonly clusterKey: Uint8Array | null
  /** Peer ids that may take part; null = everyone who has the cluster key. */
  readonly allow: readonly string[] | null
  readonly log: Log
  /** Many agents on one machine (the harness): no limit on connections from one address. */
  readonly loopback?: boolean
}

/** Shared by the agents of this process, where there are several. */
const provenHere = provenOnce()

export const libp2pTransport = (init: Libp2pTransportInit): Transport => {
  const { log } = init
  const self = hostIdOf(init.privateKey)
  const tally = newTally()
  const alive = liveness(
    init.loopback === true ? bounds.probedPeersAtFullRateOnOneMachine : bounds.probedPeersAtFullRate,
  )
  /** Raw connections, for `kill`. */
  const sockets = new Set<MultiaddrConnection>()
  const channels = new Map<HostId, Channel>()
  /** Peers with whom addresses were exchanged: both sides take part. */
  const connected = new Set<HostId>()
  /** The stream that each peer talks on. */
  const speaking = new Map<HostId, Stream>()

  let libp2p: Libp2p<Services> | null = null
  let gossip: Gossip | null = null
  let handlers: TransportHandlers | null = null
  let exchangeTimer: NodeJS.Timeout | null = null
  let ended = false

  /** Handlers are the agent's: what they throw must not take a stream, or the process, down. */
  const told = <T>(say: (to: TransportHandlers) => T, otherwise: T): T => {
    if (handlers === null || ended) return otherwise
    try {
      return say(handlers)
    } catch (error) {
      log.error({ err: error }, 'transport handler failed')
      return otherwise
    }
  }

  const refused = (who: string, why: string): void => {
    tally.strangers += 1
    told((to) => to.stranger(who, why), undefined)
  }

  const connectionsOf = (id: HostId): Connection[] =>
    (libp2p?.getConnections() ?? []).filter(
      (one) => one.status === 'open' && one.remotePeer.toString() === id,
    )

  const gate = admission({
    self,
    allow: init.allow === null ? null : new Set(init.allow.map(asHostId)),
    connections: connectionsOf,
    isAdmitted: (id) => connected.has(id),
    refused,
    doubt: alive.probe,
  })
  const book = addressBook(self, gate.allows)

  const addresses = (): readonly string[] => (libp2p?.getMultiaddrs() ?? []).map(String)

  const directory = (connection: Connection): Directory => ({
    self: addressesToTell(addresses(), connection.remoteAddr.toString()),
    peers: somePeers(
      [...connected].flatMap((id) => {
        const target = book.target(id)
        if (target === undefined || id === connection.remotePeer.toString()) return []
        const known = addressesToTell(addressesOf(target), connection.remoteAddr.toString())
        return known.length === 0 ? [] : [{ id, addresses: known }]
      }),
    ),
  })

  const learn = (connection: Connection, theirs: Directory): void => {
    const id = asHostId(connection.remotePeer.toString())
    const now = performance.now()
    book.announced({ id, addresses: theirs.self }, now)
    for (const one of theirs.peers) book.hearsay(one, now)
    admit(id)
    dials.poke()
  }

  /** From now on the peer takes part. */
  const admit = (id: HostId): void => {
    if (ended || connected.has(id) || connectionsOf(id).length === 0) return
    connected.add(id)
    book.connected(id, performance.now())
    told((to) => to.connected(id), undefined)
    channels.get(id)?.wake()
  }

  const dials = dialler({
    book,
    dialling: gate.dialling,
    mesh: init.loopback === true ? bounds.meshOnOneMachine : bounds.mesh,
    isConnected: (id) => connected.has(id) || connectionsOf(id).length > 0,
    isRefused: (id) => !gate.allows(id) || gate.isBanned(id),
    connectedPeers: () => connected.size,
    dial: (to, signal) => {
      if (libp2p === null) throw new Error('not started')
      return libp2p.dial(to, { signal: AbortSignal.any([signal, AbortSignal.timeout(bounds.dialMs)]) })
    },
    opened: async (connection) => {
      try {
        learn(connection, await exchangeAsDialler(connection, directory(connection)))
      } catch (error) {
        connection.abort(error as Error)
        throw error
      }
    },
    failed: (target, error) =>
      log.debug(
        { peer: target.id, to: addressesOf(target), failures: target.failures, err: error },
        'dial failed',
      ),
  })

  const channelTo = (id: HostId): Channel => {
    const known = channels.get(id)
    if (known !== undefined) return known
    for (const [other, one] of channels) {
      if (channels.size < bounds.knownPeersMax) break
      if (one.isIdle) channels.delete(other)
    }
    const fresh = channel(
      () => (connected.has(id) ? (connectionsOf(id)[0] ?? null) : null),
      () => dials.reach(id),
      tally,
    )
    channels.set(id, fresh)
    return fresh
  }

  const onMessages = async (stream: Stream, connection: Connection): Promise<void> => {
    const id = asHostId(connection.remotePeer.toString())
    // It found us worth talking to, so it takes part, even if its half of the exchange comes later.
    admit(id)
    speaking.get(id)?.abort(new Error('a newer stream took its place'))
    speaking.set(id, stream)
    await readFrames(
      stream,
      tally,
      (bytes) => told((to) => to.received(id, bytes), true),
      () => {
        tally.garbage += 1
        const enough = gate.strike(id)
        log.warn({ peer: id, refusedMs: enough ? bounds.banMs : 0 }, 'garbage received; stream closed')
        if (enough) connection.abort(new Error('too much garbage'))
      },
    )
    if (speaking.get(id) === stream) speaking.delete(id)
  }

  const onClosed = (connection: Connection): void => {
    const id = asHostId(connection.remotePeer.toString())
    if (connectionsOf(id).some((other) => other.id !== connection.id)) return
    channels.get(id)?.drop()
    if (connected.delete(id)) {
      book.disconnected(id, performance.now())
      told((to) => to.disconnected(id), undefined)
    }
    dials.poke()
  }

  /** Mends what one-time exchanges miss: two halves of a cluster that were joined by a single pair. */
  const exchangeAgain = (): void => {
    const all = [...connected]
    const id = all[Math.floor(Math.random() * all.length)]
    const connection = id === undefined ? undefined : connectionsOf(id)[0]
    if (connection !== undefined) {
      exchangeAsDialler(connection, directory(connection)).then(
        (theirs) => learn(connection, theirs),
        () => undefined,
      )
    }
    dials.poke()
    exchangeTimer = setTimeout(exchangeAgain, bounds.exchangeEveryMs * (0.5 + Math.random())).unref()
  }

  const start = async (given: TransportHandlers): Promise<void> => {
    handlers = given
    const stack = await createStack({
      privateKey: init.privateKey,
      listen: init.listen,
      announce: init.announce,
      protector: clusterKey({
        secret: init.clusterKey,
        opened: (socket) => {
          sockets.add(socket)
          socket.addEventListener('close', () => sockets.delete(socket))
          if (ended) socket.abort(new Error('stopped'))
        },
        refused,
      }),
      gater: gate.gater,
      liveness: alive,
      loopback: init.loopback ?? false,
    })
    libp2p = stack
    stack.addEventListener('connection:open', ({ detail }) =>
      gate.entered(asHostId(detail.remotePeer.toString())),
    )
    stack.addEventListener('connection:close', ({ detail }) => onClosed(detail))
    await stack.handle(messageProtocol, onMessages, { maxInboundStreams: 4, maxOutboundStreams: 4 })
    await stack.handle(
      exchangeProtocol,
      (stream, connection) =>
        exchangeAsListener(
          stream,
          () => directory(connection),
          (theirs) => learn(connection, theirs),
        ).catch((error: unknown) => log.debug({ err: error }, 'peer exchange failed')),
      { maxInboundStreams: 2, maxOutboundStreams: 2 },
    )
    await stack.start()
    const heard = (author: HostId, payload: Uint8Array): boolean => {
      if (author === self) return true
      const ok = told((to) => to.heard(author, payload), true)
      if (!ok) tally.garbage += 1
      return ok
    }
    const proven = init.loopback === true ? provenHere : null
    gossip = joinGossip(stack.services.gossip, '0', init.privateKey, gate.allows, heard, proven)
    const now = performance.now()
    for (const address of init.bootstrap) book.introduce(address, now)
    dials.poke()
    exchangeTimer = setTimeout(exchangeAgain, bounds.exchangeEveryMs * Math.random()).unref()
  }

  const end = (): void => {
    ended = true
    dials.stop()
    alive.stop()
    if (exchangeTimer !== null) clearTimeout(exchangeTimer)
    for (const one of channels.values()) one.close()
    connected.clear()
  }

  return {
    self,
    addresses,
    start,
    send: (to, bytes) => {
      if (ended || to === self || bytes.length > limits.messageBytesMax || !gate.allows(to)) {
        tally.undelivered += 1
        return
      }
      channelTo(to).send(bytes)
    },
    publish: (bytes) => {
      if (!ended) gossip?.publish(bytes)
    },
    introduce: (more) => {
      const now = performance.now()
      for (const address of more) book.introduce(address, now)
      dials.poke()
    },
    peers: () => [...connected],
    counters: () => ({ ...tally }),
    stop: async () => {
      if (ended) return
      end()
      await libp2p?.stop()
    },
    kill: () => {
      if (ended) return
      end()
      for (const socket of sockets) socket.abort(new Error('killed'))
      libp2p?.stop()?.then(undefined, () => undefined)
    },
  }
}
