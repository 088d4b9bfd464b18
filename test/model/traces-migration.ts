/** Traces of migration.pml: one for each migration that a destination admitted, from the promise to the end at both ends. */
import type { ActionId, Effect, Input, VmId } from '../../packages/protocol/src/index.ts'
import {
  numberOf,
  type Step,
  step,
  type Trace,
  type TracedEvent,
  type WorldEvent,
  worldName,
} from './trace.ts'

type Persisted = Extract<Effect, { kind: 'persist' }>['record']

/** One migration under way. */
interface Following {
  readonly action: ActionId
  readonly vm: VmId
  readonly source: number
  readonly destination: number
  readonly steps: Step[]
  /** What its source has done in this life of its agent. */
  handing: boolean
  begun: boolean
  sourceEnded: boolean
  owes: boolean
  destinationEnded: boolean
  /** Something has happened that the model does not have: the trace ends before it. */
  outside: boolean
}

const say = (one: Following, ...names: readonly string[]): void => {
  if (!one.outside) one.steps.push(...names.map((name) => step(name)))
}

const sourceClosed = (one: Following, record: Extract<Persisted, { kind: 'closed' }>): void => {
  const { result, duty } = record
  // A process that stood still before its request says `cancelled` before the record is written.
  const isSaid = one.sourceEnded && !one.begun
  one.sourceEnded = true
  one.owes = duty !== null
  if (isSaid) return
  const done = result.kind === 'done'
  if (!done) return say(one, one.handing ? 's_lost' : 's_refused')
  if (duty !== null) return say(one, one.handing ? 's_lets_go' : 's_gives_up')
  say(one, one.handing ? 's_done' : 's_arrived')
}

const destinationClosed = (one: Following, record: Extract<Persisted, { kind: 'closed' }>): void => {
  const { result } = record
  one.destinationEnded = true
  if (result.kind === 'done') return say(one, 'd_took_over')
  say(one, result.kind === 'refused' && result.code === 'vm.gone' ? 'd_lost' : 'd_forgets')
}

const persisted = (one: Following, host: number, record: Persisted): void => {
  if (record.kind === 'opened' && record.open.action === one.action) {
    if (host === one.destination && record.open.kind === 'arrival') {
      say(one, 'd_adopts')
      one.destinationEnded = false
    }
    if (host === one.source && record.open.kind === 'departure' && one.begun && one.sourceEnded) {
      one.sourceEnded = false
      say(one, 's_takes_up')
    }
  }
  if (record.kind !== 'closed' || record.action !== one.action) return
  if (host === one.source && record.end === 'departure') sourceClosed(one, record)
  if (host === one.destination && record.end === 'arrival') destinationClosed(one, record)
}

const asked = (one: Following, host: number, effect: Effect): void => {
  if (effect.kind === 'persist') return persisted(one, host, effect.record)
  if (effect.kind === 'perform' && effect.action === one.action) {
    one.begun = true
    return say(one, 's_performs')
  }
  if (effect.kind === 'resume' && effect.action === one.action && effect.at === null)
    return say(one, host === one.source ? 's_resumes' : 'd_resumes')
  if (effect.kind !== 'send' || host !== one.source) return
  const { message } = effect
  if (!('action' in message) || message.action !== one.action) return
  if (message.kind === 'hand-over' && message.round === 0 && !one.handing && !one.sourceEnded) {
    one.handing = true
    say(one, 's_hands_over')
  }
  if (message.kind === 'cancelled' && !one.begun && !one.sourceEnded) {
    one.sourceEnded = true
    say(one, 's_refused')
  }
}

const told = (one: Following, host: number, input: Input): void => {
  if (input.kind === 'finished' && input.action === one.action && input.result.kind === 'unknown') {
    if (host === one.source && !one.handing && !one.sourceEnded) say(one, 's_doubts')
    return
  }
  if (input.kind !== 'received' || !('action' in input.message) || input.message.action !== one.action) return
  const { kind } = input.message
  const from = numberOf(input.from)
  if (host === one.source && from === one.destination && (!one.sourceEnded || one.owes)) {
    if (kind === 'took-over') say(one, 's_hears_took_over')
    if (kind === 'forgotten') say(one, 's_hears_forgotten')
    if (kind === 'took-over' || kind === 'forgotten') one.owes = false
  }
  if (host === one.destination && from === one.source && (!one.destinationEnded || one.owes)) {
    if (kind === 'hand-over') say(one, 'd_hears_hand_over')
    if (kind === 'cancelled') say(one, 'd_hears_cancelled')
  }
}

const endNames = { moved: 'w_moved', stayed: 'w_stayed', grey: 'w_grey', split: 'w_split' } as const

const moved = (
  one: Following,
  event: Extract<WorldEvent, { kind: 'migration-started' | 'migration-ended' | 'migration-refused' }>,
): void => {
  const where = event.kind === 'migration-refused' ? event : event.migration
  if (where.vm !== one.vm) return
  if (
    where.from !== worldName(one.source) ||
    where.to !== worldName(one.destination) ||
    !one.begun ||
    where.byHand
  ) {
    one.outside = true
    return
  }
  if (event.kind === 'migration-started') say(one, 'w_started')
  else if (event.kind === 'migration-refused') say(one, 'w_refused')
  else if (event.end === 'lost') one.outside = true
  else say(one, endNames[event.end])
}

const happened = (one: Following, event: WorldEvent, downs: ReadonlySet<string>): void => {
  const ends = [one.source, one.destination].map(worldName)
  switch (event.kind) {
    case 'migration-started':
    case 'migration-ended':
    case 'migration-refused':
      return moved(one, event)
    case 'host':
      // Power failures have their place in the model, but in the world they come with the end of a migration.
      if (ends.includes(event.host)) one.outside = true
      return
    case 'by-hand':
      if (event.vm === one.vm) one.outside = true
      return
    case 'vm':
      if (event.vm === one.vm && event.what !== 'resumed') one.outside = true
      return
    case 'daemon': {
      if (!ends.includes(event.host)) return
      const end = event.host === ends[0] ? 's' : 'd'
      if (event.daemon === 'down') say(one, `daemon_down_${end}`)
      else if (event.daemon === 'up' && downs.has(event.host)) say(one, `daemon_up_${end}`)
      return
    }
  }
}

/** In the world a daemon's death ends migrations before it is told of; in the model it is the cause. */
const inOrder = (steps: readonly Step[]): readonly Step[] => {
  const out = [...steps]
  for (let i = 0; i + 1 < out.length; i++)
    if (/^w_(stayed|grey)$/.test(out[i]!.name) && /^daemon_down_/.test(out[i + 1]!.name))
      [out[i], out[i + 1]] = [out[i + 1]!, out[i]!]
  return out
}

/** What tells of an agent's end or beginning. */
const lives = (one: Following, event: Extract<TracedEvent, { kind: 'born' | 'died' }>): void => {
  const { host } = event
  if (host !== one.source && host !== one.destination) return
  const end = host === one.source ? 's' : 'd'
  if (event.kind === 'died') {
    if (end === 's') one.handing = false
    return say(one, `${end}_dies`)
  }
  const { journalIntact, open, closed } = event.restored
  const kept = open.length > 0 || closed.length > 0
  // A torn journal has lost its last record only: the model knows nothing of that.
  if (!journalIntact && kept) one.outside = true
  if (!journalIntact) {
    say(one, `${end}_loses_journal`)
    if (end === 's') one.sourceEnded = true
    if (end === 's') one.owes = false
  }
  say(one, `${end}_starts`)
}

const follow = (one: Following, event: TracedEvent, downs: ReadonlySet<string>): void => {
  switch (event.kind) {
    case 'input':
      return told(one, event.host, event.input)
    case 'effect':
      return asked(one, event.host, event.effect)
    case 'born':
    case 'died':
      return lives(one, event)
    case 'world':
      return happened(one, event.event, downs)
  }
}

/** The promise that begins a trace, or null. */
const promiseIn = (event: TracedEvent): Following | null => {
  if (event.kind !== 'effect' || event.effect.kind !== 'persist') return null
  const { record } = event.effect
  if (record.kind !== 'opened' || record.open.kind !== 'arrival') return null
  const { action, vm, peer } = record.open
  const source = numberOf(peer)
  if (Number.isNaN(source)) return null
  const fresh = { handing: false, begun: false, sourceEnded: false, owes: false, destinationEnded: false }
  return { action, vm, source, destination: event.host, steps: [], ...fresh, outside: false }
}

export const migrationTraces = (events: readonly TracedEvent[], label: string): readonly Trace[] => {
  const all = new Map<ActionId, Following>()
  const downs = new Set<string>()
  const alive = new Set<number>()
  for (const event of events) {
    const promise = promiseIn(event)
    if (event.kind === 'born') alive.add(event.host)
    if (event.kind === 'died') alive.delete(event.host)
    if (promise !== null && !all.has(promise.action)) {
      all.set(promise.action, promise)
      if (!alive.has(promise.source)) say(promise, 's_dies')
    } else for (const one of all.values()) if (!isOver(one)) follow(one, event, downs)
    if (event.kind === 'world' && event.event.kind === 'daemon') {
      if (event.event.daemon === 'down') downs.add(event.event.host)
      else if (event.event.daemon === 'up') downs.delete(event.event.host)
    }
  }
  return [...all.values()].map(({ action, steps }) => ({
    model: 'migration',
    label: `${label} ${action}`,
    steps: inOrder(steps),
  }))
}

const isOver = (one: Following): boolean =>
  one.outside || (one.sourceEnded && one.destinationEnded && !one.owes)
