/** Calls the agent's handlers. An exception of a handler ends no stream and no process. */
import type { Log } from '../log-port.ts'
import type { TransportHandlers } from './transport-port.ts'

export interface GuardedHandlers extends TransportHandlers {
  attach(handlers: TransportHandlers): void
  /** For good: nothing is told any more. */
  close(): void
}

export const createGuardedHandlers = (log: Log): GuardedHandlers => {
  let handlers: TransportHandlers | null = null
  let closed = false

  const tell = <T>(say: (to: TransportHandlers) => T, otherwise: T): T => {
    if (handlers === null || closed) return otherwise
    try {
      return say(handlers)
    } catch (error) {
      log.error({ err: error }, 'transport handler failed')
      return otherwise
    }
  }

  return {
    attach(given) {
      handlers = given
    },
    close() {
      closed = true
    },
    // A message that no handler has judged does not count as garbage.
    received: (from, bytes) => tell((to) => to.received(from, bytes), true),
    heard: (from, bytes) => tell((to) => to.heard(from, bytes), true),
    connected: (host) => tell((to) => to.connected(host), undefined),
    disconnected: (host) => tell((to) => to.disconnected(host), undefined),
    stranger: (who, why) => tell((to) => to.stranger(who, why), undefined),
    silent: (who) => tell((to) => to.silent(who), undefined),
  }
}
