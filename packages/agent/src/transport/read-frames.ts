/** Reads the frames of one peer's stream, and hands each over as it comes. Garbage closes the stream. */
import { limits } from '@drover/protocol'
import type { Stream } from '@libp2p/interface'
import { lpStream } from '@libp2p/utils'
import { errorOf } from '../errors.ts'
import type { Tally } from './traffic-counters.ts'

/** A length that no sender of ours writes: as good as garbage. */
const isGarbage = (error: unknown): boolean =>
  error instanceof Error &&
  ['InvalidDataLengthError', 'InvalidDataLengthLengthError', 'InvalidMessageLengthError'].includes(error.name)

/**
 * Reads until the stream ends. `accept` false = garbage. `garbage` is called once, after which the stream is closed.
 * Never throws.
 */
export const readFrames = async (
  stream: Stream,
  tally: Tally,
  accept: (bytes: Uint8Array) => boolean,
  garbage: () => void,
): Promise<void> => {
  const lp = lpStream(stream, {
    maxDataLength: limits.messageBytesMax,
    maxBufferSize: 4 * limits.messageBytesMax,
  })
  try {
    while (true) {
      const bytes = (await lp.read()).subarray()
      tally.messagesIn += 1
      tally.bytesIn += bytes.length
      if (accept(bytes)) continue
      garbage()
      stream.abort(new Error('garbage'))
      return
    }
  } catch (error) {
    if (isGarbage(error)) garbage()
    stream.abort(errorOf(error))
  }
}
