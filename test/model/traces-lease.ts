/** Traces of lease.pml: what happens at one host from a grant that finds it idle to the next such grant. */
import type { ActionId, Effect, Input, PartitionId } from '../../packages/protocol/src/index.ts'
import { type Step, step, type Trace, type TracedEvent } from './trace.ts'

/** Partitions and grants of one trace, as many as the model has. */
const partitionsMax = 3
const grantsMax = 4

interface Segment {
  readonly steps: Step[]
  readonly slots: Map<PartitionId, number>
  grants: number
  /** More than the model has has happened: the trace ends before it. */
  outside: boolean
}

interface Host {
  readonly done: Segment[]
  segment: Segment | null
  /** The action that touches it; the model has one at a time. */
  open: { readonly action: ActionId; readonly p: number; readonly asking: boolean } | null
  ownPartition: PartitionId | null
  epochGiven: boolean
  jobsKnown: boolean
  lastInput: Input | null
}

const say = (host: Host, name: string, p = 0): void => {
  if (host.segment !== null && !host.segment.outside) host.segment.steps.push(step(name, p))
}

const cut = (host: Host): void => {
  if (host.segment !== null) host.segment.outside = true
}

const slotOf = (host: Host, partition: PartitionId): number | null => {
  const { segment } = host
  if (segment === null) return null
  const known = segment.slots.get(partition)
  if (known !== undefined) return known
  if (segment.slots.size >= partitionsMax) return null
  segment.slots.set(partition, segment.slots.size)
  return segment.slots.size - 1
}

const granted = (host: Host, partition: PartitionId): void => {
  if (host.open === null) {
    if (host.segment !== null) host.done.push(host.segment)
    host.segment = { steps: [], slots: new Map(), grants: 0, outside: false }
  }
  const slot = slotOf(host, partition)
  if (slot === null || host.segment === null || ++host.segment.grants > grantsMax) return cut(host)
  say(host, 'm_grants', slot)
}

/** An action begins to touch the host. */
const opens = (host: Host, action: ActionId, partition: PartitionId, asking: boolean): void => {
  const known = host.segment?.slots.get(partition)
  if (host.open !== null || known === undefined) {
    cut(host)
    host.open = { action, p: 0, asking }
    return
  }
  host.open = { action, p: known, asking }
  say(host, asking ? 'm_begins' : 'm_admits', known)
}

const ends = (host: Host, action: ActionId): void => {
  if (host.open?.action !== action) return
  say(host, 'm_ends', host.open.p)
  host.open = null
}

const persisted = (host: Host, record: Extract<Effect, { kind: 'persist' }>['record']): void => {
  if (record.kind === 'epoch') host.epochGiven = true
  if (record.kind === 'opened' && record.open.kind === 'arrival') {
    const { lastInput } = host
    const byAdmission = lastInput?.kind === 'received' && lastInput.message.kind === 'admit'
    if (!byAdmission) cut(host)
    opens(host, record.open.action, record.open.partition, false)
  }
  // A migration that is taken up again.
  if (
    record.kind === 'opened' &&
    record.open.kind === 'departure' &&
    host.open?.action !== record.open.action
  )
    cut(host)
  if (record.kind === 'closed') ends(host, record.action)
}

const said = (host: Host, { message }: Extract<Effect, { kind: 'send' }>): void => {
  if (message.kind === 'reserve') host.ownPartition = message.partition
  if (message.kind === 'admit' && host.open?.action !== message.action)
    opens(host, message.action, message.partition, true)
  if (message.kind === 'cancelled' && host.open?.asking === true) ends(host, message.action)
}

/** A grant is its epoch in the journal, and then the word to its leader; the host's own partition hears it within the step. */
const asked = (host: Host, effect: Effect): void => {
  if (host.epochGiven && effect.kind !== 'persist') {
    host.epochGiven = false
    const isWord = effect.kind === 'send' && effect.message.kind === 'granted' && effect.message.epoch > 0
    const partition = isWord ? effect.message.partition : host.ownPartition
    if (partition === null) cut(host)
    else granted(host, partition)
  }
  if (effect.kind === 'persist') persisted(host, effect.record)
  if (effect.kind === 'send') said(host, effect)
  if (
    effect.kind === 'perform' &&
    effect.operation.kind === 'migrate' &&
    host.open?.action === effect.action
  ) {
    host.open = { ...host.open, asking: false }
    say(host, 'm_performs', host.open.p)
  }
}

const told = (host: Host, input: Input): void => {
  host.lastInput = input
  if (input.kind === 'jobs' && !host.jobsKnown) {
    host.jobsKnown = true
    say(host, 'm_knows_jobs')
  }
  if (input.kind === 'received' && input.message.kind === 'not-admitted' && host.open?.asking === true)
    ends(host, input.message.action)
}

const died = (host: Host): void => {
  say(host, 'm_dies')
  if (host.open?.asking === true) host.open = null
  host.epochGiven = false
  host.jobsKnown = false
}

const born = (host: Host, { restored }: Extract<TracedEvent, { kind: 'born' }>): void => {
  if (!restored.journalIntact) {
    if (restored.open.length > 0) cut(host)
    say(host, 'm_loses_journal')
    host.open = null
  } else if (host.open !== null && !restored.open.some(({ action }) => action === host.open?.action))
    cut(host)
  say(host, 'm_starts')
}

const fresh = (): Host => ({
  done: [],
  segment: null,
  open: null,
  ownPartition: null,
  epochGiven: false,
  jobsKnown: false,
  lastInput: null,
})

export const leaseTraces = (events: readonly TracedEvent[], label: string): readonly Trace[] => {
  const hosts = new Map<number, Host>()
  for (const event of events) {
    if (event.kind === 'world') continue
    const host = hosts.get(event.host) ?? fresh()
    hosts.set(event.host, host)
    if (event.kind === 'input') told(host, event.input)
    else if (event.kind === 'effect') asked(host, event.effect)
    else if (event.kind === 'died') died(host)
    else born(host, event)
  }
  return [...hosts].flatMap(([number, { done, segment }]) =>
    [...done, ...(segment === null ? [] : [segment])].map(({ steps }, i) => ({
      model: 'lease',
      label: `${label} h${number} lease ${i + 1}`,
      steps,
    })),
  )
}
