/**
 * What the observer itself has noted of one host from the events of its agents, across all their lives. It is kept apart from
 * what the agents keep, so that one of them that forgets is found out.
 */
import type {
  ActionId,
  Assign,
  HostId,
  JournalRecord,
  ObservedVm,
  OpenAction,
  PartitionId,
  PeerView,
} from '@drover/protocol'
import type { AgentEvent } from './agent-feed.ts'

export type SeenLease = NonNullable<PeerView['lease']>

export interface HostBook {
  readonly id: HostId
  readonly name: string
  alive: boolean
  /** The start counts that this life has gone by: it may learn that it was started more often. */
  readonly incarnations: Set<number>
  bornAt: number
  /** Its journal was lost or torn since it last granted a lease. */
  damaged: boolean
  /** When the first life began that has to do without what was damaged; null = none has begun since. */
  withoutSince: number | null
  /** The highest epoch that is on disk, and the highest that another host ever heard of or that was acted under. */
  epochWritten: number
  epochGiven: number
  /** As the core had it after its last step; null = none, or no agent lives. */
  lease: SeenLease | null
  /** When the lease was given or last renewed by another host. */
  renewedAt: number
  /** A plan was assigned, or a VM admitted, under this lease: it can no longer be taken away. */
  executing: boolean
  /** What the journal has open. */
  readonly open: Map<ActionId, OpenAction>
  /** What holds the host: as `open`, but without what its agent knows to be over and could not write down. */
  readonly held: Set<ActionId>
  /** Migrations from here for which the destination was asked, and has not answered. */
  readonly asking: Set<ActionId>
  /** Each takes back one record; newest last. */
  undo: (() => void)[]
  /** Its journal was lost while its agent lived, which goes on writing. */
  doomed: boolean
  /** The plans that came to this host or that it has sent; the newest last. */
  readonly plans: Map<PartitionId, Assign>
  /** As its hypervisor last told, and when. */
  observed: readonly ObservedVm[]
  observedAt: number
  jobsAt: number
  /** Migrations to and from here that its hypervisor told of then. */
  jobs: number
  draining: boolean
}

/** So many records can be torn off a journal, and so many are on their way to the disk at most. */
const tornMax = 16
const undoMax = 64

/** As many plans are remembered of each host. */
const plansMax = 32

export const partitionOf = (action: ActionId): PartitionId =>
  action.slice(0, action.lastIndexOf('/')) as PartitionId

/** The host and the start count that a partition's id names. */
export const founderOf = (partition: PartitionId): readonly [host: string, incarnation: number] => {
  const parts = partition.split('.')
  return [parts.slice(0, -2).join('.'), Number(parts.at(-2))]
}

export const newBook = (id: HostId, name: string): HostBook => ({
  id,
  name,
  alive: false,
  incarnations: new Set(),
  bornAt: 0,
  damaged: false,
  withoutSince: null,
  epochWritten: 0,
  epochGiven: 0,
  lease: null,
  renewedAt: 0,
  executing: false,
  open: new Map(),
  held: new Set(),
  asking: new Set(),
  undo: [],
  doomed: false,
  plans: new Map(),
  observed: [],
  observedAt: Number.NEGATIVE_INFINITY,
  jobsAt: Number.NEGATIVE_INFINITY,
  jobs: 0,
  draining: false,
})

const keepPlan = (book: HostBook, assign: Assign): void => {
  book.plans.delete(assign.partition)
  book.plans.set(assign.partition, assign)
  for (const oldest of book.plans.keys()) if (book.plans.size > plansMax) book.plans.delete(oldest)
}

const give = (book: HostBook, epoch: number): void => {
  book.epochGiven = Math.max(book.epochGiven, epoch)
}

/** What it gave is known nowhere any more: its next epochs grow from where it goes on. */
export const forgetEpochs = (book: HostBook): void => {
  book.epochGiven = 0
}

const isOf = (lease: SeenLease | null, partition: PartitionId, epoch: number): boolean =>
  lease !== null && lease.partition === partition && lease.epoch === epoch

/** What it takes to undo the record. */
const write = (book: HostBook, record: JournalRecord): (() => void) => {
  switch (record.kind) {
    case 'epoch': {
      const before = book.epochWritten
      book.epochWritten = Math.max(before, record.epoch)
      return () => {
        book.epochWritten = before
      }
    }
    case 'opened':
      book.open.set(record.open.action, record.open)
      book.held.add(record.open.action)
      book.asking.delete(record.open.action)
      return () => void book.open.delete(record.open.action)
    case 'closed': {
      const open = book.open.get(record.action)
      book.open.delete(record.action)
      book.held.delete(record.action)
      return () => {
        if (open !== undefined) book.open.set(record.action, open)
      }
    }
    default:
      return () => {}
  }
}

const lose = (book: HostBook): void => {
  book.open.clear()
  book.epochWritten = 0
  book.undo = []
  book.doomed = false
}

const takeBack = (book: HostBook, records: number): boolean => {
  const undone = book.undo.splice(Math.max(0, book.undo.length - records))
  for (const undo of undone.reverse()) undo()
  return undone.length > 0
}

const begin = (book: HostBook, now: number): void => {
  book.renewedAt = now
  book.executing = false
  if (!book.doomed) book.damaged = false
}

const hear = (book: HostBook, { input, asOf }: Extract<AgentEvent, { kind: 'input' }>): void => {
  if (input.kind === 'observed') {
    book.observed = input.vms
    book.observedAt = asOf
  }
  if (input.kind === 'jobs') {
    book.jobsAt = asOf
    book.jobs = input.outgoing.length + input.incoming.length
  }
  if (input.kind !== 'received') return
  const { message } = input
  if (message.kind === 'renew' && isOf(book.lease, message.partition, message.epoch)) book.renewedAt = asOf
  if (message.kind !== 'assign') return
  keepPlan(book, message)
  if (isOf(book.lease, message.partition, message.epoch)) book.executing = true
}

const bear = (book: HostBook, incarnation: number, now: number): void => {
  book.alive = true
  book.incarnations.clear()
  book.incarnations.add(incarnation)
  book.bornAt = now
  if (book.damaged) book.withoutSince ??= now
  book.lease = null
  book.held.clear()
  book.asking.clear()
  for (const action of book.open.keys()) book.held.add(action)
  book.observed = []
  book.observedAt = Number.NEGATIVE_INFINITY
  book.jobsAt = Number.NEGATIVE_INFINITY
}

const damage = (
  book: HostBook,
  { damage: how, records }: Extract<AgentEvent, { readonly kind: 'journal' }>,
): void => {
  if (how === 'unwritten') return void takeBack(book, records)
  book.withoutSince = null
  if (how === 'torn') {
    book.damaged = takeBack(book, Math.min(records, tornMax)) || book.damaged
    return
  }
  book.damaged = true
  if (book.alive) book.doomed = true
  else lose(book)
}

/** Notes an event, after all have judged it. */
export const note = (book: HostBook, event: AgentEvent, now: number): void => {
  switch (event.kind) {
    case 'born':
      return bear(book, event.incarnation, now)
    case 'ended':
      book.alive = false
      book.lease = null
      if (book.doomed) lose(book)
      return
    case 'journal':
      return damage(book, event)
    case 'input':
      return hear(book, event)
    case 'stepped':
      if (event.lease !== null && event.lease.epoch !== book.lease?.epoch) begin(book, event.at)
      book.lease = event.lease
      return
    case 'written':
      book.undo.push(write(book, event.record))
      if (book.undo.length > undoMax) book.undo.shift()
      return
    case 'sent': {
      const { message } = event
      book.incarnations.add(message.incarnation)
      if (message.kind === 'assign') {
        keepPlan(book, message)
        give(book, message.epochs[book.id] ?? 0)
      }
      if (message.kind === 'admit') book.asking.add(message.action)
      if (message.kind === 'cancelled' || message.kind === 'ended') book.asking.delete(message.action)
      if (message.kind === 'granted') give(book, message.epoch)
      const executes = message.kind === 'assign' || message.kind === 'admitted'
      if (executes && message.partition === book.lease?.partition) book.executing = true
      return
    }
    case 'published':
      book.draining = event.summary.state === 'draining'
      return
    case 'effect': {
      const { effect } = event
      if (effect.kind === 'perform') give(book, book.open.get(effect.action)?.epoch ?? 0)
      if (effect.kind === 'persist' && effect.record.kind === 'closed') book.held.delete(effect.record.action)
      return
    }
    case 'carried':
    case 'waits':
      return
    default:
      return event satisfies never
  }
}
