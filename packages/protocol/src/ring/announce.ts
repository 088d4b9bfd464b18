/** When to tell the others about this host: every gossip period, and soon after a change that could alter a decision. */

import { dimensions } from '@drover/placement'
import { limits } from '../data/config.ts'
import type { Instant } from '../data/ids.ts'
import type { LoadSummary } from '../data/summary.ts'
import { usableOf } from '../data/usable.ts'
import { changePermille } from '../detect/needs.ts'

/** Facts of a summary; sequence and incarnation are added when it is said. */
export type Facts = Omit<LoadSummary, 'sequence'>

export interface Announcer {
  /** The summary to publish now, or null. `soon`: another host suspects this one. `now`: there is no later. */
  due(now: Instant, facts: Facts, gossipMs: number, haste: 'none' | 'soon' | 'now'): LoadSummary | null
  nextAt(): Instant | null
}

const notable = (a: Facts, b: Facts): boolean =>
  a.incarnation !== b.incarnation ||
  a.overloaded !== b.overloaded ||
  a.state !== b.state ||
  a.able !== b.able ||
  a.mode !== b.mode ||
  a.partition !== b.partition ||
  a.policyHash !== b.policyHash ||
  a.migrationUri !== b.migrationUri ||
  dimensions.some((d) => a.committedIn[d] !== b.committedIn[d] || a.capacity[d] !== b.capacity[d]) ||
  // Most steps change no demand: it is the same object then.
  (a.demand !== b.demand && changePermille(a.demand, b.demand, usableOf(a)) >= limits.notablePermille)

export const createAnnouncer = (): Announcer => {
  let last: LoadSummary | null = null
  let saidAt: Instant = 0
  let next: Instant | null = null
  return {
    due(now, facts, gossipMs, haste) {
      const soon = haste === 'soon' || (last !== null && notable(facts, last))
      const at =
        last === null || haste === 'now'
          ? now
          : saidAt + (soon ? Math.min(limits.summaryOutOfTurnMs, gossipMs) : gossipMs)
      if (now < at) {
        next = at
        return null
      }
      last = { ...facts, sequence: (last?.sequence ?? 0) + 1 }
      saidAt = now
      next = now + gossipMs
      return last
    },
    nextAt: () => next,
  }
}
