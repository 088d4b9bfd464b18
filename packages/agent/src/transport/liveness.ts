/**
 * Finds peers that fell silent without closing their connection (a dead host, a cut network). Every connection is probed
 * with a ping of the stream multiplexer, which needs no stream of its own. libp2p's connection monitor opens one per ping,
 * at ten times the cost. A cut connection is a hint to the core, never a proof.
 */
import type { MessageStream, StreamMuxer, StreamMuxerFactory } from '@libp2p/interface'
import { errorOf } from '../errors.ts'
import { bounds } from './bounds.ts'

interface Pingable {
  ping(options: { signal: AbortSignal }): Promise<number>
}
const isPingable = (muxer: StreamMuxer): muxer is StreamMuxer & Pingable => 'ping' in muxer

export interface Liveness {
  /** Wraps a muxer factory, so that each of its connections is probed. */
  readonly watch: <C>(factory: (components: C) => StreamMuxerFactory) => (components: C) => StreamMuxerFactory
  /** Probes every connection now, because there is a reason to doubt one. */
  readonly probe: () => void
  readonly stop: () => void
}

interface Watched {
  readonly muxer: StreamMuxer & Pingable
  readonly connection: MessageStream
  probing: boolean
}

export const createLiveness = (peersAtFullRate: number = bounds.probedPeersAtFullRate): Liveness => {
  const watched = new Set<Watched>()
  let timer: NodeJS.Timeout | null = null
  let stopped = false

  const slowDown = (): number => Math.max(1, watched.size / peersAtFullRate)

  const probeOne = async (one: Watched): Promise<void> => {
    if (one.probing) return
    one.probing = true
    const timeoutMs = bounds.probeTimeoutMs * slowDown()
    const askedAt = performance.now()
    try {
      await one.muxer.ping({ signal: AbortSignal.timeout(timeoutMs) })
    } catch (error) {
      if (stopped || !watched.has(one)) return
      // If this process itself did not run (paused, a busy machine), silence proves nothing: the next probe asks again.
      if (performance.now() - askedAt > timeoutMs * 1.5) return
      forget(one)
      one.muxer.abort(errorOf(error))
      one.connection.abort(errorOf(error))
    } finally {
      one.probing = false
    }
  }

  const forget = (one: Watched): void => {
    watched.delete(one)
  }

  const probe = (): void => {
    for (const one of [...watched]) {
      if (one.muxer.status === 'open') void probeOne(one)
      else forget(one)
    }
  }

  const schedule = (): void => {
    if (stopped || timer !== null || watched.size === 0) return
    const pauseMs = bounds.probeMs * slowDown() * (0.75 + Math.random() / 2)
    timer = setTimeout(() => {
      timer = null
      probe()
      schedule()
    }, pauseMs).unref()
  }

  return {
    watch: (factory) => (components) => {
      const inner = factory(components)
      return {
        protocol: inner.protocol,
        createStreamMuxer: (connection) => {
          const muxer = inner.createStreamMuxer(connection)
          if (isPingable(muxer) && !stopped) {
            const one: Watched = { muxer, connection, probing: false }
            watched.add(one)
            connection.addEventListener('close', () => forget(one))
            schedule()
          }
          return muxer
        },
      }
    },
    probe,
    stop: () => {
      stopped = true
      watched.clear()
      if (timer !== null) clearTimeout(timer)
    },
  }
}
