/** Which effects a crash may be put before or after: those that somebody could notice. */
import type { Effect, Message } from '../../packages/protocol/src/index.ts'

const kinds = new Set<Effect['kind']>(['persist', 'send', 'perform', 'solve', 'inspect', 'resume', 'reply'])
const probes = new Set<Message['kind']>(['ping', 'ack', 'ping-req', 'suspect'])

export const matters = (effect: Effect): boolean =>
  kinds.has(effect.kind) && !(effect.kind === 'send' && probes.has(effect.message.kind))

export const nameOf = (effect: Effect): string => (effect.kind === 'send' ? effect.message.kind : effect.kind)
