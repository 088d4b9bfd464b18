/**
 * S4, S6, S7: a host is leased to one partition at a time, under an epoch that was never given before and is on disk before it
 * leaves; it acts for no other; and only the life of the agent that formed a partition leads it.
 */
import { type ActionId, limits, type Message } from '@drover/protocol'
import type { AgentEvent } from './agent-feed.ts'
import { clockRateMax } from './clock-rates.ts'
import { createForgottenStarts } from './forgotten-starts.ts'
import { createGrantWatch } from './grant-watch.ts'
import { forgetEpochs, founderOf, type HostBook, partitionOf, type SeenLease } from './host-book.ts'
import type { Check, Scene } from './scene.ts'

/** How long a lease lasts at least, by whatever clock; they tell whole milliseconds. */
const leaseMs = limits.leaseMs / clockRateMax - 1

/** To let go of a host is no order: a late grant to an earlier life is answered so. */
const orders: ReadonlySet<Message['kind']> = new Set(['reserve', 'renew', 'assign', 'begin'])

type EventOf<K extends AgentEvent['kind']> = Extract<AgentEvent, { readonly kind: K }>

export const createLeaseCheck = (scene: Scene): Check => {
  const { world, findings } = scene
  /** By host: the leader whose newer life spoke in the step that is under way. */
  const restarted = new Map<HostBook, string>()
  const grants = createGrantWatch(scene)
  const starts = createForgottenStarts(scene)

  /** An action is under way, or is being asked for, or the hypervisor moves a VM, or has said so last. */
  const isBusy = (book: HostBook): boolean =>
    book.held.size > 0 ||
    book.asking.size > 0 ||
    book.jobs > 0 ||
    world.migrations().some(({ from, to }) => from === book.name || to === book.name)

  const judgeNew = (book: HostBook, lease: SeenLease, now: number): void => {
    if (lease.epoch < book.epochGiven && starts.isForgotten(book)) forgetEpochs(book)
    const { name, lease: before, epochGiven } = book
    const { partition, epoch, leader } = lease
    const foreign = leader !== book.id
    const inForce = before !== null && (before.leader === book.id || book.renewedAt + leaseMs > now)
    if (before !== null && foreign && inForce && book.executing)
      findings.tell('S4', `${name} was leased to ${partition} while ${before.partition} executed there`)
    if (epoch === epochGiven)
      findings.tell('S4', `${name} was leased to ${partition} under epoch ${epoch}, which was given before`)
    if (epoch < epochGiven)
      findings.tell('S6', `${name} was leased to ${partition} under epoch ${epoch} after epoch ${epochGiven}`)
    const withoutMs = now - (book.withoutSince ?? book.bornAt)
    if (book.damaged && withoutMs < leaseMs)
      findings.tell(
        'S6',
        `${name} was leased to ${partition} ${Math.round(withoutMs)} ms after it started without its journal`,
      )
    if (founderOf(partition)[0] !== leader)
      findings.tell('S7', `${name} takes ${leader} for the leader of ${partition}`)
  }

  const stepped = (book: HostBook, { lease, at }: EventOf<'stepped'>): void => {
    const leader = restarted.get(book)
    restarted.delete(book)
    if (lease === null) return
    if (lease.epoch !== book.lease?.epoch || lease.partition !== book.lease.partition)
      return judgeNew(book, lease, at)
    if (leader === lease.leader && !isBusy(book))
      findings.once(
        `S7 ${book.id} ${lease.partition}`,
        'S7',
        `${book.name} stays leased to ${lease.partition} although ${leader} has restarted`,
      )
  }

  const heard = (book: HostBook, { input }: EventOf<'input'>): void => {
    if (input.kind !== 'received' || book.lease === null || input.from !== book.lease.leader) return
    const [, incarnation] = founderOf(book.lease.partition)
    if (input.message.incarnation > incarnation) restarted.set(book, input.from)
  }

  return {
    agent(event, book) {
      starts.hear(book, event)
      switch (event.kind) {
        case 'input':
          return heard(book, event)
        case 'stepped':
          return stepped(book, event)
        case 'sent':
          grants.sent(book, event)
          return sent(scene, book, event)
        case 'carried':
          return grants.carried(book)
        case 'ended':
          return grants.ended(book)
        case 'effect': {
          const { effect } = event
          if (effect.kind === 'perform' || effect.kind === 'abort' || effect.kind === 'resume')
            acts(scene, book, effect.action, effect.kind)
        }
      }
    },
  }
}

/** What leaves this host about a lease, its own or one that it has as a leader. */
const sent = ({ findings }: Scene, book: HostBook, { message, to }: EventOf<'sent'>): void => {
  if (message.kind === 'granted' && message.epoch > 0) {
    const { partition, epoch } = message
    if (book.epochWritten < epoch)
      findings.tell('S6', `${book.name} granted epoch ${epoch} to ${partition} before it was on disk`)
    if (founderOf(partition)[0] !== to)
      findings.tell('S7', `${book.name} granted its lease to ${to} as the leader of ${partition}`)
  }
  if (!orders.has(message.kind) || !('partition' in message)) return
  const [founder, incarnation] = founderOf(message.partition)
  if (founder !== book.id || (incarnation !== message.incarnation && !book.incarnations.has(incarnation)))
    findings.once(
      `S7 ${book.id} ${message.partition}`,
      'S7',
      `${book.name}, whose start count is ${message.incarnation}, says '${message.kind}' for ${message.partition}`,
    )
}

/** It acts on a VM. */
const acts = ({ findings }: Scene, book: HostBook, action: ActionId, what: string): void => {
  const open = book.open.get(action)
  if (open === undefined) {
    findings.tell('S6', `${book.name} was told to ${what} for ${action}, which is not open there`)
    return
  }
  const { lease } = book
  const fits = lease === null ? what !== 'perform' : lease.partition === open.partition
  const current = what !== 'perform' || lease?.epoch === open.epoch
  if (fits && current && open.partition === partitionOf(action)) return
  const holder = lease === null ? 'no one' : `${lease.partition}, epoch ${lease.epoch}`
  findings.tell(
    'S6',
    `${book.name} was told to ${what} for ${action}, epoch ${open.epoch}, while it is leased to ${holder}`,
  )
}
