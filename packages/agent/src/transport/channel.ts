/** The messages to one peer: an outbox, and the one long-lived stream that empties it. */
import { wireVersion } from '@drover/protocol'
import type { Connection, Stream } from '@libp2p/interface'
import { lpStream } from '@libp2p/utils'
import { errorOf } from '../errors.ts'
import { createAlarm } from './alarm.ts'
import { bounds } from './bounds.ts'
import { createOutbox } from './outbox.ts'
import type { Tally } from './traffic-counters.ts'

/** An agent of another wire version is not opened a stream to; one of the same may know more words than this one. */
export const messageProtocol = `/drover/${wireVersion}`

export interface Channel {
  send(bytes: Uint8Array): void
  /** A connection has come up: what waits can go. */
  wake(): void
  /** The connection has gone: the stream with it; what waits stays until it expires. */
  drop(): void
  /** For good. */
  close(): void
  readonly isIdle: boolean
}

interface Open {
  readonly stream: Stream
  readonly lp: ReturnType<typeof lpStream>
}

export const createChannel = (
  connection: () => Connection | null,
  dial: () => boolean,
  tally: Tally,
): Channel => {
  const waiting = createOutbox()
  let open: Open | null = null
  let pumping = false
  let closed = false

  const lose = (messages: number): void => {
    tally.undelivered += messages
  }

  const forget = (): void => {
    open = null
  }

  const ensureOpen = async (through: Connection): Promise<Open> => {
    if (open !== null) return open
    const signal = AbortSignal.timeout(bounds.streamMs)
    const stream = await through.newStream(messageProtocol, { signal })
    const opened: Open = { stream, lp: lpStream(stream) }
    stream.addEventListener('close', () => {
      if (open === opened) forget()
    })
    // The other side may have closed it before the listener above was there.
    open = stream.status === 'open' ? opened : null
    return opened
  }

  const pump = async (): Promise<void> => {
    if (pumping) return
    pumping = true
    try {
      while (!closed && !waiting.isEmpty) {
        const through = connection()
        if (through === null) return
        const { stream, lp } = await ensureOpen(through)
        lose(waiting.expire(performance.now()))
        const batch = waiting.take()
        if (batch.length === 0) continue
        try {
          await lp.writeV([...batch], { signal: AbortSignal.timeout(bounds.streamMs) })
          tally.messagesOut += batch.length
          for (const bytes of batch) tally.bytesOut += bytes.length
        } catch (error) {
          // It is not known whether they were sent. Delivery is at most once, so they are not sent again.
          lose(batch.length)
          stream.abort(errorOf(error))
          forget()
        }
      }
    } catch {
      // No stream could be opened: what waits either goes over the next connection or expires.
    } finally {
      pumping = false
      watchExpiry()
    }
  }

  const expiry = createAlarm(() => {
    lose(waiting.expire(performance.now()))
    if (!waiting.isEmpty) void pump()
  })

  const watchExpiry = (): void => {
    if (!closed && waiting.expiresAt !== null) expiry.setTo(waiting.expiresAt)
  }

  return {
    send: (bytes) => {
      if (closed || (connection() === null && !dial())) return lose(1)
      if (!waiting.put(bytes, performance.now())) return lose(1)
      void pump()
    },
    wake: () => void pump(),
    drop: forget,
    close: () => {
      closed = true
      lose(waiting.clear())
      expiry.clear()
      forget()
    },
    get isIdle() {
      return waiting.isEmpty && open === null && !pumping
    },
  }
}
