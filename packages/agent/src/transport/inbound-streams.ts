/** Each peer talks on one stream. A newer stream takes the place of the older one. Garbage is counted. */
import type { HostId } from '@drover/protocol'
import type { Connection, Stream } from '@libp2p/interface'
import type { Log } from '../log-port.ts'
import { bounds } from './bounds.ts'
import { peerIdOf } from './connected-peers.ts'
import { readFrames } from './read-frames.ts'
import type { Tally } from './traffic-counters.ts'

export interface InboundStreamsInit {
  readonly tally: Tally
  readonly log: Log
  /** A peer has opened a stream to us. */
  opened(id: HostId): void
  /** False = garbage. */
  received(from: HostId, bytes: Uint8Array): boolean
  /** Counts garbage. True = enough, the connection must go. */
  strike(id: HostId): boolean
}

/** What libp2p calls for each new stream; ends with it, and never throws. */
export const createInboundStreams = (
  init: InboundStreamsInit,
): ((stream: Stream, connection: Connection) => Promise<void>) => {
  const { tally, log } = init
  const current = new Map<HostId, Stream>()

  const onGarbage = (id: HostId, connection: Connection): void => {
    tally.garbage += 1
    const enough = init.strike(id)
    log.warn({ peer: id, refusedMs: enough ? bounds.banMs : 0 }, 'garbage received; stream closed')
    if (enough) connection.abort(new Error('too much garbage'))
  }

  return async (stream, connection) => {
    const id = peerIdOf(connection)
    init.opened(id)
    current.get(id)?.abort(new Error('a newer stream took its place'))
    current.set(id, stream)
    await readFrames(
      stream,
      tally,
      (bytes) => init.received(id, bytes),
      () => onGarbage(id, connection),
    )
    if (current.get(id) === stream) current.delete(id)
  }
}
