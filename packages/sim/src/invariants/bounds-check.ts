/** S14: what agents say, plan, keep and write stays within the bounds of their configuration. */
import { type HostId, limits, type Message } from '@drover/protocol'
import type { HostBook } from './host-book.ts'
import type { Check, Scene } from './scene.ts'

/** One agent's count of what it may not have too much of. */
interface Counted {
  /** Messages and bytes to each host since that instant. */
  readonly to: Map<HostId, { at: number; messages: number; bytes: number }>
  /** Duties in its journal. */
  readonly duties: Set<string>
  /** VMs in its journal that are to start with its host. */
  readonly autostarts: Set<string>
}

/** The transport's own bounds (agent/transport/bounds.ts): what waits for one peer. */
export interface QueueBounds {
  readonly messages: number
  readonly bytes: number
}

/** One input brings no more than an answer to all that its host may have under way: actions, duties, questions of others. */
const inputsMax = limits.planActionsMax + limits.dutiesMax + limits.unclaimedMax

const queueDefaults: QueueBounds = { messages: 256, bytes: 4 * limits.messageBytesMax }

export const createBoundsCheck = ({ world, findings }: Scene, queue: QueueBounds = queueDefaults): Check => {
  const all = new Map<HostBook, Counted>()
  const countedOf = (book: HostBook): Counted => {
    let counted = all.get(book)
    if (counted === undefined) {
      counted = { to: new Map(), duties: new Set(), autostarts: new Set() }
      all.set(book, counted)
    }
    return counted
  }
  const most = (book: HostBook, what: string, is: number, may: number): void => {
    if (is > may)
      findings.once(`S14 ${book.id} ${what}`, 'S14', `${book.name} has ${is} ${what}, ${may} are allowed`)
  }

  const sent = (book: HostBook, to: HostId, message: Message, bytes: number): void => {
    const counted = countedOf(book)
    most(book, `bytes in a message '${message.kind}'`, bytes, limits.messageBytesMax)
    const now = world.clock.now()
    let waiting = counted.to.get(to)
    if (waiting === undefined) {
      waiting = { at: now, messages: 0, bytes: 0 }
      counted.to.set(to, waiting)
    } else if (waiting.at !== now) Object.assign(waiting, { at: now, messages: 0, bytes: 0 })
    waiting.messages += 1
    waiting.bytes += bytes
    most(book, `messages for ${to} at once`, waiting.messages, queue.messages)
    most(book, `bytes for ${to} at once`, waiting.bytes, queue.bytes)
    if (message.kind === 'granted')
      most(book, 'VMs in a snapshot', message.snapshot.vms.length, limits.snapshotVmsMax)
    if (message.kind === 'assign') {
      most(book, 'actions in a plan', message.plan.actions.length, limits.planActionsMax)
      most(book, 'hosts in a partition', message.problem.hosts.length, limits.partitionHostsMax)
    }
  }

  return {
    agent(event, book) {
      switch (event.kind) {
        case 'sent':
          return sent(book, event.to, event.message, event.bytes)
        case 'waits':
          most(book, `messages that wait for ${event.to}`, event.messages, queue.messages)
          return most(book, `bytes that wait for ${event.to}`, event.bytes, queue.bytes)
        case 'stepped':
          return most(book, 'inputs that wait', event.waiting, inputsMax)
        case 'published':
          return most(book, 'bytes in a summary', event.bytes, limits.messageBytesMax)
        case 'born': {
          const { duties, autostarts } = countedOf(book)
          duties.clear()
          autostarts.clear()
          for (const duty of event.restored.duties) duties.add(duty.action)
          for (const owed of event.restored.autostarts) autostarts.add(owed.vm)
          most(book, 'autostarts in its journal', autostarts.size, limits.dutiesMax)
          most(book, 'ended actions in its journal', event.restored.closed.length, limits.closedActionsMax)
          return most(book, 'duties in its journal', duties.size, limits.dutiesMax)
        }
        case 'effect':
          if (event.effect.kind === 'report')
            most(book, 'hosts in a partition', event.effect.decision.members.length, limits.partitionHostsMax)
          return
        case 'written': {
          const { record } = event
          const { duties, autostarts } = countedOf(book)
          if (record.kind === 'opened')
            most(book, 'open actions in its journal', book.open.size + 1, limits.planActionsMax)
          if (record.kind === 'closed' && record.duty !== null) duties.add(record.action)
          if (record.kind === 'discharged') duties.delete(record.action)
          if (record.kind === 'autostart-owed') autostarts.add(record.vm)
          if (record.kind === 'autostart-set') autostarts.delete(record.vm)
          // One more while the oldest is let go.
          most(book, 'autostarts in its journal', autostarts.size, limits.dutiesMax + 1)
          return most(book, 'duties in its journal', duties.size, limits.dutiesMax + 1)
        }
      }
    },
  }
}
