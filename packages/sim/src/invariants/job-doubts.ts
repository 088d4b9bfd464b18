/** What the two ends have said of migrations in doubt: does its source's agent know that one runs, and is its own? */
import type { ActionId, Input } from '@drover/protocol'
import type { WatchedEffect } from './agent-feed.ts'
import type { HostBook } from './host-book.ts'
import type { Scene } from './scene.ts'

/** Answers about one in doubt follow each other at most so far apart, ms, and it is broken off by the first but a few of them. */
const roundsMsMax = 15_000

/** One of which only the ends can tell whether it runs: its call has returned, or another life of its agent has begun it. */
interface InDoubt {
  round: number
  here: boolean
  there: boolean
  /** Since when all rounds have said that it is sent here and received there, and when the last did. */
  since: number
  last: number
}

export interface JobDoubts {
  /** Another life of its agent has begun it. */
  begin(book: HostBook, action: ActionId): void
  told(book: HostBook, input: Input): void
  asks(book: HostBook, effect: WatchedEffect): void
  /** False: it is in doubt, and for long both ends have not said, round by round, that it runs. */
  isKnown(book: HostBook, action: ActionId): boolean
}

export const createJobDoubts = ({ clock }: Scene['world']): JobDoubts => {
  const doubts = new Map<string, InDoubt>()

  /** Either end asks about it, by rounds of its own. */
  const keyOf = ({ id }: HostBook, action: ActionId): string => `${id} ${action}`

  const doubt = (book: HostBook, action: ActionId): void =>
    void doubts.set(keyOf(book, action), {
      round: -1,
      here: false,
      there: false,
      since: 0,
      last: Number.NEGATIVE_INFINITY,
    })

  /** What an end answers about one in doubt. */
  const answered = (book: HostBook, input: Input): void => {
    const message = input.kind === 'received' ? input.message : null
    const said = input.kind === 'inspected' ? input : message?.kind === 'whereabouts' ? message : null
    const about = said === null ? undefined : doubts.get(keyOf(book, said.action))
    if (said === null || about === undefined) return
    if (said.round !== about.round) Object.assign(about, { round: said.round, here: false, there: false })
    if (said.presence === 'outgoing' && 'at' in said && said.at === 'here') about.here = true
    if (said.presence === 'incoming') about.there = true
    if (!about.here || !about.there) return
    const now = clock.now()
    if (now - about.last > roundsMsMax) about.since = now
    about.last = now
  }

  /** Its agent is to know that the migration runs, and is its own. */
  const isKnown = (book: HostBook, action: ActionId): boolean => {
    const about = doubts.get(keyOf(book, action))
    const now = clock.now()
    return about === undefined || (now - about.last <= roundsMsMax && now - about.since > 2 * roundsMsMax)
  }

  return {
    begin: doubt,
    told(book, input) {
      // Its call has returned, so both ends are asked: only they can tell whether it is the one that was begun.
      if (input.kind === 'finished') doubt(book, input.action)
      answered(book, input)
    },
    asks(book, effect) {
      if (effect.kind === 'perform') doubts.delete(keyOf(book, effect.action))
      if (effect.kind === 'persist' && effect.record.kind === 'closed')
        doubts.delete(keyOf(book, effect.record.action))
    },
    isKnown,
  }
}
