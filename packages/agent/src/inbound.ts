/** Decodes for the core what the transport hears. Garbage is refused here, and operators are warned at a bounded rate. */
import { type Input, type LoadSummary, type NotUnderstood, readMessage, readSummary } from '@drover/protocol'
import type { TransportHandlers } from './transport/transport-port.ts'

export const createInbound = (
  feed: (input: Input) => void,
  warn: (code: string, text: string) => void,
  now: () => number,
  /** Null for what is no summary. A world of many agents decodes each one once. */
  summaryOf: (bytes: Uint8Array) => LoadSummary | NotUnderstood | null = readSummary,
): TransportHandlers => {
  const seldom = createLimiter(now)
  const garbage = (from: string, what: string): false => {
    if (seldom(`garbage ${from}`)) warn('wire.garbage', `${from} sent ${what} that cannot be read`)
    return false
  }
  return {
    received(from, bytes) {
      const message = readMessage(bytes)
      if (message === null) return garbage(from, 'a message')
      if (message.kind === 'not-understood') feed({ ...message, from })
      else feed({ kind: 'received', from, message })
      return true
    },
    heard(from, bytes) {
      const summary = summaryOf(bytes)
      // No host speaks for another: a forged load would draw VMs to where there is no room.
      if (summary === null || ('host' in summary && summary.host !== from))
        return garbage(from, 'a load summary')
      if (!('host' in summary)) {
        feed({ ...summary, from })
        return true
      }
      feed({ kind: 'heard', summary })
      return true
    },
    connected() {},
    disconnected: (host) => feed({ kind: 'disconnected', host }),
    silent(who) {
      if (seldom(`silent ${who}`))
        warn(
          'peer.silent',
          `${who} did not prove in time that it has the cluster key: a stranger, or a slow host`,
        )
    },
    stranger(who, why) {
      if (seldom(`stranger ${who}`)) warn('peer.stranger', `refused ${who}: ${why}`)
    },
  }
}

/** The same warning at most once a minute, and so many warnings a minute in all. Against a stranger that fills the log. */
const periodMs = 60_000
const linesMax = 20

const createLimiter = (now: () => number): ((line: string) => boolean) => {
  const lines = new Set<string>()
  let since = now()
  return (line) => {
    if (now() - since >= periodMs) {
      lines.clear()
      since = now()
    }
    if (lines.has(line) || lines.size >= linesMax) return false
    lines.add(line)
    return true
  }
}
