/**
 * The life of a lease. It is given on what the host knows now (S5, S9) and to a partition of the leader's present life (S7). It ends
 * when its leader says so, dies or lets it lapse, or a graver partition takes it; and by nothing else (S4).
 */
import { type HostId, limits, type Message, type PartitionId } from '@drover/protocol'
import type { AgentEvent } from './agent-feed.ts'
import { founderOf, type HostBook, type SeenLease } from './host-book.ts'
import type { Check, Scene } from './scene.ts'

interface Known {
  /** The newest start count with which each host was heard. */
  readonly lives: Map<HostId, number>
  /** Its leader has released the lease that is in force. */
  released: boolean
  /** When that was given. */
  givenAt: number
}

/** A time may be over for an agent by so much sooner: its clock tells whole milliseconds, and may go wrong by one part in a hundred. */
const earlyPart = 1 / 50

type Received = Extract<Extract<AgentEvent, { kind: 'input' }>['input'], { kind: 'received' }>

export const createLeaseLifeCheck = ({ findings }: Pick<Scene, 'findings'>): Check => {
  const all = new Map<HostBook, Known>()
  const knownOf = (book: HostBook): Known => {
    const known = all.get(book) ?? { lives: new Map(), released: false, givenAt: 0 }
    all.set(book, known)
    return known
  }

  const lives = (known: Known, host: HostId, incarnation: number): void => {
    known.lives.set(host, Math.max(known.lives.get(host) ?? 0, incarnation))
  }

  const heard = (book: HostBook, { from, message }: Received): void => {
    const known = knownOf(book)
    lives(known, from, message.incarnation)
    const { lease } = book
    if (message.kind !== 'release' || lease === null || lease.leader !== from) return
    const names = message.epoch === 0 || message.epoch === lease.epoch
    if (message.partition === lease.partition && names) known.released = true
  }

  const begins = (book: HostBook, { partition, leader }: SeenLease): void => {
    const [, incarnation] = founderOf(partition)
    if (incarnation < (knownOf(book).lives.get(leader) ?? 0))
      findings.tell('S7', `${book.name} was leased to ${partition}, of an earlier life of its leader`)
  }

  const mayEnd = (book: HostBook, { leader, partition }: SeenLease, now: number): boolean => {
    const known = knownOf(book)
    // What a leader says to its own host no one hears.
    if (leader === book.id || known.released) return true
    const [, incarnation] = founderOf(partition)
    if ((known.lives.get(leader) ?? 0) > incarnation) return true
    if (now - known.givenAt >= lifeMs(book, partition) * (1 - earlyPart)) return true
    return now >= book.renewedAt + limits.leaseMs * (1 - earlyPart)
  }

  /** For no longer a leader keeps a host without a plan; with one it may, for at least as long as each action may take. */
  const lifeMs = ({ plans }: HostBook, partition: PartitionId): number =>
    Math.max(
      limits.leasePlanlessMsMax,
      Math.min(
        limits.leaseLifeMsMax,
        (plans.get(partition)?.plan.actions.length ?? 0) * limits.migrationMsMin,
      ),
    )

  const stepped = (book: HostBook, lease: SeenLease | null, now: number): void => {
    const before = book.lease
    if (lease?.epoch === before?.epoch) return
    if (before !== null && lease === null && !mayEnd(book, before, now))
      findings.tell('S4', `${book.name} let ${before.partition} go, which has not released it`)
    knownOf(book).released = false
    knownOf(book).givenAt = now
    if (lease !== null) begins(book, lease)
  }

  const sent = (book: HostBook, message: Message): void => {
    if (message.kind !== 'granted' || message.epoch === 0) return
    if (book.jobsAt === Number.NEGATIVE_INFINITY)
      findings.tell(
        'S5',
        `${book.name} grants its lease to ${message.partition} before it has asked for running migrations`,
      )
    const { sampleAgeMs } = message.snapshot
    if (sampleAgeMs > limits.sampleAgeMsMax)
      findings.tell('S9', `${book.name} grants on a sample that is ${sampleAgeMs} ms old`)
  }

  return {
    agent(event, book) {
      switch (event.kind) {
        case 'journal':
          return knownOf(book).lives.clear()
        case 'input':
          if (event.input.kind === 'received') heard(book, event.input)
          if (event.input.kind === 'heard')
            lives(knownOf(book), event.input.summary.host, event.input.summary.incarnation)
          return
        case 'stepped':
          return stepped(book, event.lease, event.at)
        case 'sent':
          return sent(book, event.message)
      }
    },
  }
}
