/** An agent that dies before or after one of the effects that it carries out. */
import type { Effect, Message } from '@drover/protocol'

export interface CrashPoint {
  /** The n-th effect that matters, of all agents together, from 1. */
  readonly effect: number
  readonly when: 'before' | 'after'
  /** What the agent finds of its journal when it is back. `torn`: all but the last record. */
  readonly journal: 'intact' | 'torn' | 'lost'
}

const kinds = new Set<Effect['kind']>([
  'persist',
  'send',
  'perform',
  'abort',
  'solve',
  'inspect',
  'resume',
  'reply',
])
const probes = new Set<Message['kind']>(['ping', 'ack', 'ping-req', 'suspect'])

/** Could any host notice whether it was carried out? Probes, summaries and wakes are left out: there are too many. */
const matters = (effect: Effect): boolean =>
  kinds.has(effect.kind) && !(effect.kind === 'send' && probes.has(effect.message.kind))

const nameOf = (effect: Effect): string => (effect.kind === 'send' ? effect.message.kind : effect.kind)

export interface CrashWatch {
  /** Is this where the agent of that host dies? Once in a story. */
  hits(host: string, effect: Effect, when: 'before' | 'after'): boolean
  /** Which effect met with the crash, or null: the story has fewer effects. */
  readonly crashed: string | null
}

export const createCrashWatch = (point: CrashPoint | null): CrashWatch => {
  let effects = 0
  let crashed: string | null = null
  return {
    hits(host, effect, when) {
      if (point === null || crashed !== null || !matters(effect)) return false
      if (when === 'before') effects += 1
      if (effects !== point.effect || when !== point.when) return false
      crashed = `${host} ${when} effect ${effects} (${nameOf(effect)})`
      return true
    },
    get crashed() {
      return crashed
    },
  }
}
