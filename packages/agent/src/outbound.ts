/**
 * Encodes for the transport what the core says to other hosts. A message that cannot be encoded counts as lost on the way.
 * The core copes with lost messages, and one odd message must not stop the agent of this host.
 */
import {
  encodeMessage,
  encodeSummary,
  type HostId,
  type LoadSummary,
  limits,
  type Message,
} from '@drover/protocol'
import { wordsOf } from './errors.ts'
import type { Log } from './log-port.ts'
import type { Transport } from './transport/transport-port.ts'

export interface Outbound {
  send(to: HostId, message: Message): void
  publish(summary: LoadSummary): void
}

export const createOutbound = (
  transport: Pick<Transport, 'send' | 'publish'>,
  warn: (code: string, text: string) => void,
  log: Log,
): Outbound => {
  const encoded = <T>(encode: (value: T) => Uint8Array, value: T, what: string): Uint8Array | null => {
    try {
      return encode(value)
    } catch (error) {
      log.error({ err: error }, `${what} could not be written`)
      warn('wire.unwritable', `${what} could not be written and was not sent: ${wordsOf(error)}`)
      return null
    }
  }
  return {
    send(to, message) {
      const bytes = encoded(encodeMessage, message, `a message '${message.kind}'`)
      if (bytes === null) return
      if (bytes.length <= limits.messageBytesMax) return transport.send(to, bytes)
      const size = `${bytes.length} bytes, more than ${limits.messageBytesMax}`
      warn('wire.too_large', `a message '${message.kind}' to ${to} has ${size}, and was not sent`)
    },
    publish(summary) {
      const bytes = encoded(encodeSummary, summary, 'the load summary')
      if (bytes === null) return
      if (bytes.length <= limits.summaryBytesMax) return transport.publish(bytes)
      const size = `${bytes.length} bytes, more than ${limits.summaryBytesMax}`
      warn(
        'wire.too_large',
        `the load summary has ${size}, and was not sent: no other host hears of this one`,
      )
    },
  }
}
