/** L6: a word that its journal owes to the other end of a migration is said again by each life of an agent, until it is confirmed. */
import { type ActionId, limits } from '@drover/protocol'
import type { HostBook } from './host-book.ts'
import type { Check, Scene } from './scene.ts'

export interface DutyCheck extends Check {
  /** Looks at all that is owed. */
  look(): void
}

/** What it may take beyond the longest time between two words, ms: an agent that stands still, a hypervisor that is slow. */
const patienceMs = 60_000

export const createDutyCheck = ({ world, findings, books }: Scene): DutyCheck => {
  /** Of each agent that lives: what is owed, and since when it has not been said. */
  const owed = new Map<HostBook, Map<ActionId, number>>()
  /** When its process last did anything: one that stands still says nothing. */
  const active = new Map<HostBook, { since: number; last: number }>()
  const gapMsMax = 5_000

  const note = (book: HostBook): void => {
    const now = world.clock.now()
    const before = active.get(book)
    active.set(book, {
      since: before !== undefined && now - before.last <= gapMsMax ? before.since : now,
      last: now,
    })
  }

  const owedBy = (book: HostBook): Map<ActionId, number> => {
    const all = owed.get(book) ?? new Map<ActionId, number>()
    owed.set(book, all)
    return all
  }

  return {
    agent(event, book) {
      switch (event.kind) {
        case 'born': {
          active.delete(book)
          // It is said at once.
          const saidAt = world.clock.now() - limits.dutyMsMax
          owed.set(book, new Map(event.restored.duties.map(({ action }) => [action, saidAt])))
          return
        }
        case 'ended':
          return void owed.delete(book)
        case 'input':
          return note(book)
        case 'written': {
          const { record } = event
          if (record.kind === 'closed' && record.duty !== null)
            owedBy(book).set(record.action, world.clock.now())
          if (record.kind === 'discharged') owed.get(book)?.delete(record.action)
          return
        }
        case 'effect':
          // Known to be confirmed, though a full disk may take the record later.
          if (event.effect.kind === 'persist' && event.effect.record.kind === 'discharged')
            owed.get(book)?.delete(event.effect.record.action)
          return
        case 'sent': {
          const { message } = event
          if (message.kind !== 'hand-over' && message.kind !== 'cancelled') return
          const all = owed.get(book)
          if (all?.has(message.action)) all.set(message.action, world.clock.now())
          return
        }
      }
    },
    look() {
      const now = world.clock.now()
      const bound = limits.dutyMsMax + patienceMs
      for (const [book, all] of owed) {
        if (!books.has(book.id)) continue
        const { since = now, last = 0 } = active.get(book) ?? {}
        if (now - last > gapMsMax || now - since <= bound) continue
        for (const [action, saidAt] of all)
          if (now - saidAt > bound)
            findings.once(
              `L6 owed ${book.id} ${action}`,
              'L6',
              `${book.name} owes a word about ${action}, and has not said it for ${Math.round(now - saidAt)} ms`,
            )
      }
    },
  }
}
