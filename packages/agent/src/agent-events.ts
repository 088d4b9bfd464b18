/** The agent's events: each is logged, then told to every listener. A listener that fails harms no other. */
import type { AgentEvent } from './agent-port.ts'
import { logEvent } from './event-log.ts'
import type { Log } from './log-port.ts'

export interface AgentEvents {
  emit(event: AgentEvent): void
  /** A warning that concerns no VM. */
  warn(code: string, text: string): void
  subscribe(listener: (event: AgentEvent) => void): () => void
  /** The agent has ended: nothing is told any more. */
  close(): void
}

export const createAgentEvents = (log: Log): AgentEvents => {
  const listeners = new Set<(event: AgentEvent) => void>()
  let closed = false

  const emit = (event: AgentEvent): void => {
    if (closed) return
    logEvent(log, event)
    for (const listener of listeners) {
      try {
        listener(event)
      } catch (error) {
        log.error({ err: error }, 'a listener failed')
      }
    }
  }

  return {
    emit,
    warn: (code, text) => emit({ kind: 'warning', code, text, vm: null }),
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    close() {
      closed = true
    },
  }
}
