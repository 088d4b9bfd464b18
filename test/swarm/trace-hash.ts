/** A hash of all that happens in a run: two runs of one seed must have the same. Made on the way, of numbers, so that it is cheap. */
import type { Effect } from '../../packages/protocol/src/index.ts'
import type { WorldEvent } from '../../packages/sim/src/hypervisor/events.ts'

export interface TraceHash {
  effect(atMs: number, host: number, effect: Effect): void
  event(event: WorldEvent): void
  /** 16 hexadecimal digits. */
  digest(): string
}

/** Two FNV-1a lanes of 32 bits with different offsets. */
export const createTraceHash = (): TraceHash => {
  let a = 0x811c9dc5
  let b = 0x9e3779b9
  const number = (value: number): void => {
    a = Math.imul(a ^ (value & 0xffff), 0x01000193)
    b = Math.imul(b ^ (value >>> 16) ^ (value & 0xff), 0x01000193)
  }
  const text = (words: string): void => {
    for (let i = 0; i < words.length; i++) number(words.charCodeAt(i))
  }
  // Times are sums of fractions: a tenth of a microsecond is told apart.
  const time = (ms: number): void => {
    number(Math.floor(ms))
    number(Math.round((ms % 1) * 10_000))
  }
  return {
    effect(atMs, host, effect) {
      if (effect.kind === 'wake') return
      time(atMs)
      number(host)
      text(effect.kind)
      if (effect.kind === 'send') text(`${effect.message.kind} ${effect.to}`)
      else if (effect.kind === 'perform' || effect.kind === 'abort' || effect.kind === 'resume')
        text(effect.action)
    },
    event(event) {
      time(event.at)
      text(event.kind)
      if ('vm' in event) text(event.vm)
    },
    digest: () => [a, b].map((lane) => (lane >>> 0).toString(16).padStart(8, '0')).join(''),
  }
}
