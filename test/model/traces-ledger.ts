/** Traces of ledger.pml: the life of one promise at its destination, one trace for each. */
import type { ActionId, VmId } from '../../packages/protocol/src/index.ts'
import {
  numberOf,
  type Step,
  step,
  type Trace,
  type TracedEvent,
  type WorldEvent,
  worldName,
} from './trace.ts'

interface Promise {
  readonly action: ActionId
  readonly vm: VmId
  readonly source: number
  readonly destination: number
  readonly steps: Step[]
  begun: boolean
  started: boolean
  over: boolean
}

const say = ({ steps }: Promise, name: string): void => void steps.push(step(name))

const asked = (one: Promise, { host, effect }: Extract<TracedEvent, { kind: 'effect' }>): void => {
  if (effect.kind === 'perform' && effect.operation.vm === one.vm) {
    // A later action of the same VM: this one is over, whatever its destination still waits for.
    if (effect.action !== one.action) one.over = true
    else say(one, 'begins')
    one.begun = true
  }
  if (effect.kind === 'send' && effect.message.kind === 'cancelled' && effect.message.action === one.action) {
    if (host === one.source && !one.steps.some(({ name }) => name === 'withdraws')) say(one, 'withdraws')
  }
  if (effect.kind !== 'persist' || host !== one.destination) return
  const { record } = effect
  if (record.kind === 'opened' && record.open.action === one.action) {
    // A second promise for the same action is a copy without a record, taken up.
    if (one.steps.some(({ name }) => name === 'admits')) one.over = true
    else say(one, 'admits')
  }
  if (record.kind === 'closed' && record.action === one.action) {
    say(one, record.result.kind === 'done' ? 'takes_over' : 'forgets')
    one.over = true
  }
}

type Migration = Extract<WorldEvent, { kind: 'migration-started' | 'migration-ended' | 'migration-refused' }>

const isMigration = (event: WorldEvent): event is Migration =>
  event.kind === 'migration-started' || event.kind === 'migration-ended' || event.kind === 'migration-refused'

/** It is about another VM, or it is the migration that was promised: not its owner's, and not one to another host. */
const isAwaited = (one: Promise, event: Migration): boolean => {
  const { vm, from, to, byHand } = event.kind === 'migration-refused' ? event : event.migration
  return vm !== one.vm || (!byHand && from === worldName(one.source) && to === worldName(one.destination))
}

const happened = (one: Promise, { event }: Extract<TracedEvent, { kind: 'world' }>): void => {
  const ends = [one.source, one.destination].map(worldName)
  if (event.kind === 'host' && ends.includes(event.host)) one.over = true
  if (isMigration(event) && !isAwaited(one, event)) one.over = true
  if (one.over) return
  if (event.kind === 'by-hand' && event.vm === one.vm) one.over = true
  if (event.kind === 'vm' && event.vm === one.vm && event.what !== 'resumed') one.over = true
  if (event.kind === 'migration-started' && event.migration.vm === one.vm && one.begun) {
    one.started = true
    say(one, 'starts')
  }
  if (event.kind === 'migration-refused' && event.vm === one.vm && one.begun) say(one, 'fails')
  if (event.kind !== 'migration-ended' || event.migration.vm !== one.vm || !one.started) return
  if (event.end === 'moved') say(one, 'arrives')
  else if (event.end === 'stayed') say(one, 'fails')
  // What is left at the destination is not told.
  else one.over = true
}

const follow = (one: Promise, event: TracedEvent): void => {
  if (event.kind === 'effect') return asked(one, event)
  if (event.kind === 'world') return happened(one, event)
  if (event.kind === 'input') {
    const { input } = event
    const refused =
      input.kind === 'finished' && input.action === one.action && input.result.kind === 'refused'
    // The driver has refused by itself: the hypervisors never began.
    const never = refused && one.begun && !one.started && one.steps.at(-1)?.name !== 'fails'
    if (never) say(one, 'fails')
    return
  }
  if (event.host !== one.destination) return
  if (event.kind === 'died') say(one, 'dies')
  else if (event.restored.journalIntact) say(one, 'comes_back')
  else one.over = true
}

/** A question that begins a trace, or null. */
const questionIn = (event: TracedEvent): Promise | null => {
  if (event.kind !== 'effect' || event.effect.kind !== 'send') return null
  const { message, to } = event.effect
  if (message.kind !== 'admit' || Number.isNaN(numberOf(to))) return null
  const { action, migrate } = message
  const steps = [step('asks')]
  const fresh = { begun: false, started: false, over: false }
  return { action, vm: migrate.vm, source: event.host, destination: numberOf(to), steps, ...fresh }
}

export const ledgerTraces = (events: readonly TracedEvent[], label: string): readonly Trace[] => {
  const all = new Map<ActionId, Promise>()
  const down = new Set<number>()
  for (const event of events) {
    if (event.kind === 'died') down.add(event.host)
    if (event.kind === 'born') down.delete(event.host)
    const question = questionIn(event)
    if (question !== null && !all.has(question.action)) {
      all.set(question.action, question)
      if (down.has(question.destination)) say(question, 'dies')
    } else for (const one of all.values()) if (!one.over) follow(one, event)
  }
  return [...all.values()].map(({ action, steps }) => ({
    model: 'ledger',
    label: `${label} ${action}`,
    steps,
  }))
}
