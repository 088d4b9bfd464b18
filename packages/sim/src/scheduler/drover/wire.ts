/**
 * The network between agents: every message goes through the codec, takes its time by the network model, and arrives in
 * order, as on the one long-lived stream that two agents keep.
 */
import { decodeMessage, encodeMessage, type Message } from '@drover/protocol'
import type { Ground } from '../../ground/ground.ts'
import { createNetwork } from '../../network/model.ts'
import type { DroverSettings } from './options.ts'

export interface Wire {
  /** From the agent of one host to that of another, by their places in `Ground.hosts`. */
  send(from: number, to: number, message: Message): void
}

/** Throws when a message does not survive the codec: the core said what it may not say. */
export const createWire = (
  { kernel, books, random }: Ground,
  { latencyMs, jitterMs }: Pick<DroverSettings, 'latencyMs' | 'jitterMs'>,
  arrive: (from: number, to: number, message: Message) => void,
): Wire => {
  const network = createNetwork({ random, weather: { latencyMs, jitterMs } })
  return {
    send(from, to, message) {
      const bytes = encodeMessage(message)
      books.message(bytes.length)
      const now = kernel.now()
      for (const at of network.arrivals(now, from, to))
        kernel.after(at - now, () => {
          const heard = decodeMessage(bytes)
          if (heard === null) throw new Error(`a ${message.kind} does not survive the codec`)
          arrive(from, to, heard)
        })
    },
  }
}
