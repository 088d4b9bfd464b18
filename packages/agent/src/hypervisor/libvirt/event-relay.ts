/** Passes on what the daemon tells: to the agent as `HypervisorEvent`, and to the migrations that wait for one. */
import { wordsOf } from '../../errors.ts'
import type { HypervisorEvent } from '../hypervisor-port.ts'
import type { DomainEvent } from './domain-events.ts'

export interface EventRelay {
  tell(event: HypervisorEvent): void
  /** To the migrations, and then to the agent as `changed`. */
  pass(event: DomainEvent): void
  /** Returns what unsubscribes. */
  subscribe(listener: (event: HypervisorEvent) => void): () => void
  witness(listener: (event: DomainEvent) => void): () => void
}

export const createEventRelay = (warn: (message: string) => void): EventRelay => {
  const listeners = new Set<(event: HypervisorEvent) => void>()
  const witnesses = new Set<(event: DomainEvent) => void>()

  const tell = (event: HypervisorEvent): void => {
    for (const listener of listeners) guarded(listener, warn)(event)
  }

  return {
    tell,
    pass(event) {
      for (const witness of witnesses) witness(event)
      tell({ kind: 'changed', vm: event.vm, what: whatOf(event) })
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    witness(listener) {
      witnesses.add(listener)
      return () => witnesses.delete(listener)
    },
  }
}

/** Calls a listener of the agent. Its exceptions must not break the driver. */
export const guarded =
  <T>(listener: ((value: T) => void) | undefined, warn: (message: string) => void) =>
  (value: T): void => {
    try {
      listener?.(value)
    } catch (error) {
      warn(`a listener failed: ${wordsOf(error)}`)
    }
  }

const whatOf = (event: DomainEvent): string => {
  switch (event.kind) {
    case 'lifecycle':
      return `${event.event} ${event.detail}`
    case 'job_completed':
      return 'job completed'
    case 'migration_iteration':
      return `migration iteration ${event.iteration}`
    case 'configuration':
      return `${event.what} changed`
    default:
      return event satisfies never
  }
}
