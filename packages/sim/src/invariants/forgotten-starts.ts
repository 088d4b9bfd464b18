/**
 * S6: epochs grow with the start count of a host, which comes from its journal, its wall clock and from the hosts that it met. An older
 * count is known nowhere if its journal is lost, its clock was set back, and each living agent that had met it has lost its
 * own, too, or cannot tell it: it is cut off from this one. No agent could go on from there: it waits out what may be in force of
 * before, and its epochs begin anew.
 */
import { type HostId, limits, type Message } from '@drover/protocol'
import type { AgentEvent } from './agent-feed.ts'
import type { HostBook } from './host-book.ts'
import type { Scene } from './scene.ts'

export interface ForgottenStarts {
  hear(book: HostBook, event: AgentEvent): void
  /** Its epochs may begin below those of its earlier lives. */
  isForgotten(book: HostBook): boolean
}

/** Of one host, as the observer has seen it. */
interface Counts {
  /** It has lost its whole journal, and has not written an epoch to a new one since. */
  lost: boolean
  /** The highest start count by which it ever went. */
  highest: number
  /** By which start count the present life of its agent knows each other host. */
  met: Map<HostId, number>
  /** When each other agent first heard the present life of its agent. */
  heardBy: Map<HostId, number>
  /** Those that spoke to it when they had heard it for so long that they must have told it what they know. */
  told: Set<HostId>
}

/** An answer to an earlier life is said again in this time, and may be lost twice, ms. */
const toldMs = 3 * limits.outdatedAgainMs

export const createForgottenStarts = ({ books, world }: Pick<Scene, 'books' | 'world'>): ForgottenStarts => {
  const all = new Map<HostBook, Counts>()
  const countsOf = (book: HostBook): Counts => {
    const counts = all.get(book) ?? {
      lost: false,
      highest: 0,
      met: new Map(),
      heardBy: new Map(),
      told: new Set(),
    }
    all.set(book, counts)
    return counts
  }
  const knows = (other: HostBook, host: HostId): number =>
    other.alive && other.id !== host ? (countsOf(other).met.get(host) ?? 0) : 0

  /** That agent hears a message of another one. */
  const received = (book: HostBook, from: HostId, { incarnation }: Message): void => {
    const sender = books.get(from)
    if (sender === undefined) return
    const now = world.clock.now()
    const { heardBy } = countsOf(sender)
    if (sender.incarnations.has(incarnation) && !heardBy.has(book.id)) heardBy.set(book.id, now)
    const counts = countsOf(book)
    if (now - (counts.heardBy.get(from) ?? now) >= toldMs) counts.told.add(from)
  }

  return {
    hear(book, event) {
      const counts = countsOf(book)
      switch (event.kind) {
        case 'born':
          counts.met = new Map(event.restored.met.map(({ host, incarnation }) => [host, incarnation]))
          counts.highest = Math.max(counts.highest, event.incarnation)
          counts.heardBy = new Map()
          counts.told = new Set()
          return
        case 'input':
          if (event.input.kind === 'received') received(book, event.input.from, event.input.message)
          return
        case 'journal':
          if (event.damage === 'lost') counts.lost = true
          return
        case 'sent':
          counts.highest = Math.max(counts.highest, event.message.incarnation)
          return
        case 'written':
          // What a life writes that goes on after the loss is lost with it.
          if (event.record.kind === 'epoch' && !book.doomed) counts.lost = false
          return
        case 'effect': {
          if (event.effect.kind !== 'persist' || event.effect.record.kind !== 'met') return
          const { host, incarnation } = event.effect.record
          counts.met.set(host, incarnation)
        }
      }
    },
    isForgotten(book) {
      const { lost, highest, told } = countsOf(book)
      const own = Math.max(...book.incarnations)
      return (
        lost &&
        book.damaged &&
        own < highest &&
        ![...books.values()].some((other) => told.has(other.id) && knows(other, book.id) > own)
      )
    },
  }
}
