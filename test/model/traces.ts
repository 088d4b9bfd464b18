/**
 * Named transitions of the product's agents, out of what a run in virtual time recorded. The names are those of the models
 * (`EV(name)`); what is allowed in which order only the models say.
 */
import type { HostId } from '../../packages/protocol/src/index.ts'
import type { RecordedEvent } from '../../packages/sim/src/story/index.ts'
import { numberOf, type Trace, type TracedEvent } from './trace.ts'
import { brakeTraces } from './traces-brake.ts'
import { competitionTraces } from './traces-competition.ts'
import { leaseTraces } from './traces-lease.ts'
import { ledgerTraces } from './traces-ledger.ts'
import { migrationTraces } from './traces-migration.ts'

/** Each of what the record has in the words of a trace, or null. */
const traced = (event: RecordedEvent, steps: Map<HostId, number>, alive: Set<HostId>): TracedEvent | null => {
  if ('at' in event) return { kind: 'world', event }
  const host = numberOf(event.host)
  const count = steps.get(event.host) ?? 0
  switch (event.kind) {
    case 'input':
      steps.set(event.host, count + 1)
      return { kind: 'input', host, input: event.input }
    case 'born':
      alive.add(event.host)
      return { kind: 'born', host, restored: event.restored }
    case 'ended':
      // A host that loses power is told of twice.
      return alive.delete(event.host) ? { kind: 'died', host } : null
    // What is written, sent and performed counts, not what was asked for.
    case 'written':
      return { kind: 'effect', host, step: count, effect: { kind: 'persist', record: event.record } }
    case 'sent':
      return {
        kind: 'effect',
        host,
        step: count,
        effect: { kind: 'send', to: event.to, message: event.message },
      }
    case 'effect':
      return event.effect.kind === 'persist'
        ? null
        : { kind: 'effect', host, step: count, effect: event.effect }
    default:
      return null
  }
}

/** All traces of a run, each for the model that it names. `label` says which run it is. */
export const tracesOf = (record: readonly RecordedEvent[], label = 'run'): readonly Trace[] => {
  const steps = new Map<HostId, number>()
  const alive = new Set<HostId>()
  const events = record.flatMap((event) => traced(event, steps, alive) ?? [])
  return [
    ...migrationTraces(events, label),
    ...leaseTraces(events, label),
    ...competitionTraces(events, label),
    ...ledgerTraces(events, label),
    ...brakeTraces(events, label),
  ]
}
