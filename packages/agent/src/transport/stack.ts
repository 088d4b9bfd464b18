/** Puts libp2p together from its parts, with measured numbers. */

import type { GossipSub } from '@libp2p/gossipsub'
import { type Identify, identify } from '@libp2p/identify'
import type { ConnectionGater, ConnectionProtector, Libp2p, PrivateKey } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import { bounds } from './bounds.ts'
import { createGossipService } from './gossip.ts'
import type { Liveness } from './liveness.ts'
import { quiet } from './quiet.ts'

export interface StackInit {
  readonly privateKey: PrivateKey
  readonly listen: readonly string[]
  readonly announce: readonly string[]
  readonly protector: () => ConnectionProtector
  readonly gater: ConnectionGater
  readonly liveness: Liveness
  /** Many agents share one address. */
  readonly loopback: boolean
}

export type Services = { identify: Identify; gossip: GossipSub }

export const createStack = (init: StackInit): Promise<Libp2p<Services>> =>
  createLibp2p<Services>({
    start: false,
    privateKey: init.privateKey,
    addresses: { listen: [...init.listen], announce: [...init.announce] },
    logger: quiet,
    // noDelay is the dialler's default but not the listener's; a message must not wait for a full packet.
    transports: [
      tcp({
        dialOpts: { noDelay: true, keepAlive: true },
        listenOpts: { noDelay: true, keepAlive: true },
        backlog: 1_024,
      }),
    ],
    connectionProtector: init.protector,
    connectionEncrypters: [noise()],
    streamMuxers: [init.liveness.watch(yamux({ enableKeepAlive: false }))],
    connectionGater: init.gater,
    connectionManager: {
      maxConnections: bounds.connectionsMax,
      maxParallelDials: bounds.dialsMax,
      dialTimeout: bounds.dialMs,
      addressDialTimeout: bounds.dialMs / 2,
      inboundUpgradeTimeout: bounds.dialMs,
      outboundStreamProtocolNegotiationTimeout: bounds.streamMs,
      inboundStreamProtocolNegotiationTimeout: bounds.streamMs,
      maxIncomingPendingConnections: bounds.pendingMax,
      // Per second and address; libp2p's 5 turned most of a starting cluster away.
      inboundConnectionThreshold: init.loopback ? 10_000 : 100,
    },
    // Its pings cost a stream each; `liveness` asks the multiplexer instead.
    connectionMonitor: { enabled: false },
    services: {
      identify: identify({ timeout: bounds.exchangeMs }),
      gossip: createGossipService(),
    } as never,
  })
