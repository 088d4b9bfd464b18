/**
 * The gossip of all arcs as one shared table: what each agent has published, and since when. An agent is told of another
 * what that one had published one gossip delay ago. No agent is woken for it: a summary that repeats itself every gossip
 * period is worked out when an agent looks, or at the end, by the same announcer that the daemon uses.
 */
import {
  type Announcer,
  type Candidate,
  createAnnouncer,
  type Facts,
  isHelpful,
  type LoadSummary,
} from '@drover/protocol'

interface Published {
  readonly atMs: number
  readonly candidate: Candidate
}

export interface GossipModelHooks {
  /** Each summary that is published, with its length (to within some bytes); `news`: this host can help now, and could not before. */
  published(host: number, summary: LoadSummary, bytes: number, news: boolean): void
  bytesOf(summary: LoadSummary): number
  delayMs(from: number, to: number): number
  readonly delayMsMax: number
  readonly gossipMs: number
}

export interface GossipModel {
  /** What is to be said of this host from now on; `hasty`: at once. */
  announce(host: number, nowMs: number, facts: Facts, hasty: boolean): void
  /** When the host must be woken to say something out of turn; null = other hosts find it when they look. */
  nextAt(host: number): number | null
  /** What `to` has heard of `from` by now; null = nothing yet. */
  heard(from: number, to: number, nowMs: number): Candidate | null
  /** Everything that was published by then. */
  settle(nowMs: number): void
}

/** But for a byte of a number here and there: what makes a summary long is names, and what may be missing. */
const sameLength = (a: LoadSummary, b: LoadSummary): boolean =>
  a.partition === b.partition &&
  (a.forecast === null) === (b.forecast === null) &&
  a.state === b.state &&
  a.mode === b.mode

/** To a host of the same kind. */
const helps = (candidate: Candidate): boolean => {
  const { cpuBaseline, migrationUri } = candidate.summary
  return isHelpful(candidate, { intent: 'lease', own: { cpuBaseline, migrationUri } })
}

export const createGossipModel = (hosts: number, hooks: GossipModelHooks): GossipModel => {
  const { gossipMs, delayMsMax } = hooks
  interface Author {
    readonly announcer: Announcer
    /** The newest last; older ones only while some agent may not have heard of newer ones. */
    readonly said: Published[]
    facts: Facts | null
    /** The length of what was said last. */
    bytes: number
  }
  const authors = Array.from(
    { length: hosts },
    (): Author => ({
      announcer: createAnnouncer(),
      said: [],
      facts: null,
      bytes: 0,
    }),
  )

  const publish = (host: number, author: Author, atMs: number, summary: LoadSummary): void => {
    const { said } = author
    const last = said.at(-1)?.candidate
    if (last === undefined || !sameLength(last.summary, summary)) author.bytes = hooks.bytesOf(summary)
    while (said.length > 1 && said[1]!.atMs + delayMsMax <= atMs) said.shift()
    const candidate: Candidate = { summary, state: 'alive', stale: false }
    said.push({ atMs, candidate })
    hooks.published(host, summary, author.bytes, helps(candidate) && last !== undefined && !helps(last))
  }

  /** What fell due before that time was said with what was known then. */
  const catchUp = (host: number, author: Author, beforeMs: number): void => {
    const { announcer, facts } = author
    if (facts === null) return
    for (let at = announcer.nextAt(); at !== null && at < beforeMs; at = announcer.nextAt()) {
      const summary = announcer.due(at, facts, gossipMs, 'none')
      if (summary !== null) publish(host, author, at, summary)
    }
  }

  return {
    announce(host, nowMs, facts, hasty) {
      const author = authors[host]!
      catchUp(host, author, nowMs)
      author.facts = facts
      const summary = author.announcer.due(nowMs, facts, gossipMs, hasty ? 'now' : 'none')
      if (summary !== null) publish(host, author, nowMs, summary)
    },

    nextAt(host) {
      const { announcer, said } = authors[host]!
      const at = announcer.nextAt()
      const last = said.at(-1)
      return at === null || last === undefined || at >= last.atMs + gossipMs ? null : at
    },

    heard(from, to, nowMs) {
      const author = authors[from]!
      catchUp(from, author, nowMs)
      const untilMs = nowMs - hooks.delayMs(from, to)
      const { said } = author
      for (let i = said.length - 1; i >= 0; i--) if (said[i]!.atMs <= untilMs) return said[i]!.candidate
      return null
    },

    settle(nowMs) {
      for (const [host, author] of authors.entries()) catchUp(host, author, nowMs)
    },
  }
}
