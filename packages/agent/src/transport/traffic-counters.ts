/** What `TransportCounters` counts, while it is counted. */
import type { TransportCounters } from './transport-port.ts'

export type Tally = { -readonly [K in keyof TransportCounters]: number }

export const createTally = (): Tally => ({
  messagesIn: 0,
  messagesOut: 0,
  bytesIn: 0,
  bytesOut: 0,
  garbage: 0,
  strangers: 0,
  undelivered: 0,
})
