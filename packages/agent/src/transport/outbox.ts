/** Messages that wait for one peer: in order, bounded in number, bytes and age. Pure: time comes in. */
import { bounds } from './bounds.ts'

interface Waiting {
  readonly bytes: Uint8Array
  readonly until: number
}

export interface Outbox {
  /** False = full: the message is lost. */
  put(bytes: Uint8Array, now: number): boolean
  /** Takes all that may be sent as one write. */
  take(): readonly Uint8Array[]
  /** Drops what waited too long, or everything; says how many. */
  expire(now: number): number
  clear(): number
  /** When the oldest has waited too long; null when empty. */
  readonly expiresAt: number | null
  readonly isEmpty: boolean
  readonly messages: number
  readonly bytes: number
}

/** Bytes of one write: enough for many small messages, without holding the first back for long. */
const batchBytesMax = 262_144

export const createOutbox = (): Outbox => {
  let waiting: Waiting[] = []
  let bytesWaiting = 0

  return {
    put: (bytes, now) => {
      if (waiting.length >= bounds.queueMessagesMax || bytesWaiting + bytes.length > bounds.queueBytesMax)
        return false
      waiting.push({ bytes, until: now + bounds.queueMsMax })
      bytesWaiting += bytes.length
      return true
    },
    take: () => {
      let taken = 0
      let bytesTaken = 0
      for (const { bytes } of waiting) {
        if (taken > 0 && bytesTaken + bytes.length > batchBytesMax) break
        taken += 1
        bytesTaken += bytes.length
      }
      const batch = waiting.slice(0, taken).map(({ bytes }) => bytes)
      waiting = waiting.slice(taken)
      bytesWaiting -= bytesTaken
      return batch
    },
    expire: (now) => {
      const before = waiting.length
      waiting = waiting.filter(({ until }) => until > now)
      bytesWaiting = waiting.reduce((sum, { bytes }) => sum + bytes.length, 0)
      return before - waiting.length
    },
    clear: () => {
      const lost = waiting.length
      waiting = []
      bytesWaiting = 0
      return lost
    },
    get expiresAt() {
      return waiting[0]?.until ?? null
    },
    get isEmpty() {
      return waiting.length === 0
    },
    get messages() {
      return waiting.length
    },
    get bytes() {
      return bytesWaiting
    },
  }
}
