/**
 * The network between agents: every message goes through the codec, takes its time, and arrives in order, as on the one
 * long-lived stream that two agents keep. What is lost, doubled or cut off one day is so in `send`.
 */
import { decodeMessage, encodeMessage, type Message } from '@drover/protocol'
import type { Ground } from '../../ground/ground.ts'
import type { DroverSettings } from './options.ts'

export interface Wire {
  /** From the agent of one host to that of another, by their places in `Ground.hosts`. */
  send(from: number, to: number, message: Message): void
}

/** Throws when a message does not survive the codec: the core said what it may not say. */
export const createWire = (
  { kernel, books, hosts, random }: Ground,
  { latencyMs, jitterMs }: Pick<DroverSettings, 'latencyMs' | 'jitterMs'>,
  arrive: (from: number, to: number, message: Message) => void,
): Wire => {
  const jitter = random('wire')
  /** When the last message between two hosts arrives: none overtakes it. */
  const lastAt = new Map<number, number>()
  return {
    send(from, to, message) {
      const bytes = encodeMessage(message)
      books.message(bytes.length)
      const stream = from * hosts.length + to
      const now = kernel.now()
      const at = Math.max(now + latencyMs + jitter.fraction() * jitterMs, lastAt.get(stream) ?? 0)
      lastAt.set(stream, at)
      kernel.after(at - now, () => {
        const heard = decodeMessage(bytes)
        if (heard === null) throw new Error(`a ${message.kind} does not survive the codec`)
        arrive(from, to, heard)
      })
    },
  }
}
