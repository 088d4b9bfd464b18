/** Load summaries for all hosts of the arc, over gossipsub. */
import { hash } from 'node:crypto'
import { type HostId, limits } from '@drover/protocol'
import { type GossipSub, type GossipSubComponents, gossipsub, TopicValidatorResult } from '@libp2p/gossipsub'
import type { PrivateKey } from '@libp2p/interface'
import { createSealer, createUnsealer, type Proven } from './envelope.ts'

/** One arc for now: it holds the whole ring. */
export const topicOf = (arc: string): string => `drover/load/1/${arc}`

/** Bytes of one sealed summary; it has about 700. The envelope needs some 150 more. */
const gossipBytesMax = limits.summaryBytesMax + 1_024

/**
 * Few mesh peers and little lazy gossip: a summary is small, repeated every few seconds, and worth little when late.
 * Scores by address are off: agents behind one address (a NAT, one machine) would mute each other.
 */
export const createGossipService = (): ((components: GossipSubComponents) => GossipSub) =>
  gossipsub({
    D: 3,
    Dlo: 2,
    Dhi: 6,
    Dout: 1,
    Dscore: 1,
    Dlazy: 2,
    gossipFactor: 0.05,
    // A peer that a full mesh turned away asks again soon, ms: the default minute is a long time without news.
    pruneBackoff: 10_000,
    floodPublish: false,
    fallbackToFloodsub: false,
    emitSelf: false,
    allowPublishToZeroTopicPeers: true,
    globalSignaturePolicy: 'StrictNoSign',
    msgIdFn: ({ data }) => hash('sha256', data, 'buffer'),
    maxInboundDataLength: 4 * gossipBytesMax,
    maxOutboundBufferSize: 1_048_576,
    maxInboundStreams: 4,
    idontwantMinDataSize: gossipBytesMax,
    tagMeshPeers: false,
    doPX: false,
    scoreParams: { IPColocationFactorWeight: 0 },
  })

export interface Gossip {
  publish(payload: Uint8Array): void
}

/** `heard` false = garbage, which is not passed on. */
export const joinGossip = (
  pubsub: GossipSub,
  arc: string,
  privateKey: PrivateKey,
  allows: (author: HostId) => boolean,
  heard: (author: HostId, payload: Uint8Array) => boolean,
  proven: Proven | null = null,
): Gossip => {
  const topic = topicOf(arc)
  const seal = createSealer(topic, privateKey)
  const unseal = createUnsealer(topic, proven)

  pubsub.topicValidators.set(topic, (_, { data }) => {
    const opened = data.length > gossipBytesMax ? null : unseal(data)
    if (opened === null || !allows(opened.author)) return TopicValidatorResult.Reject
    return heard(opened.author, opened.payload) ? TopicValidatorResult.Accept : TopicValidatorResult.Reject
  })
  pubsub.subscribe(topic)

  return {
    publish: (payload) => {
      // No peer to tell is no error, and a summary that gets lost is followed by the next.
      pubsub.publish(topic, seal(payload)).catch(() => undefined)
    },
  }
}
