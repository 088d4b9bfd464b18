/**
 * By which start count this host speaks. Its journal counts its starts. Without its old journal it may be known by a later one than
 * its wall clock gives; then nothing that it says is heard. So it begins as 0, which is no start count, and takes its own
 * only when another host has told by which number it is known, or has answered that it is known by none. The host that told it may have
 * missed later lives of it, so it passes that number, and its own, by a random amount: two lives with one number would be one
 * to all others, with the same epochs and partitions.
 *
 * Of an earlier life a lease may be in force, and a request to move a VM unread. A host that has lived before waits for both, and
 * one that all others hear for the first time for the longest lease.
 */
import { limits } from '../data/config.ts'
import type { HostId, Instant } from '../data/ids.ts'
import type { PeerInit, Restored } from '../data/io.ts'
import type { Outdated } from '../data/message.ts'
import type { StepControl } from '../step-context.ts'
import { createBelief } from './told-life.ts'

export interface OwnLife {
  /** Another host knows this one by that start count. */
  outdated(from: HostId, message: Outdated): void
  /** Another host has answered: what this one says is heard. */
  answered(): void
  tick(): void
  /** When it may grant again at the earliest; null = its journal is intact, or that time is over. */
  nextAt(): Instant | null
  /** Its journal is intact, or another host has answered it, or told it by which start count it is known. */
  isHeard(): boolean
  /** Records of an earlier life of it may be lost: others know of actions of which it has none. */
  mayLack(): boolean
  /** It can say nothing that contradicts what it said in an earlier life (S6). */
  isSettled(): boolean
}

export interface OwnLifeHooks {
  /** There is another host that could know this one. */
  hasOthers(): boolean
  /** It goes on as a newer life: epochs are above all earlier ones, and its partition is that of an older life. */
  begun(incarnation: number): void
}

/** What is left of a damaged journal tells of an earlier life. */
const tellsOfBefore = ({ epoch, open, closed, duties, met }: Restored): boolean =>
  epoch > 0 || [open, closed, duties, met].some(({ length }) => length > 0)

export const createOwnLife = (
  context: StepControl,
  { incarnation: counted, restored }: Pick<PeerInit, 'incarnation' | 'restored'>,
  hooks: OwnLifeHooks,
): OwnLife => {
  const { journalIntact } = restored
  let startedAt: Instant | null = null
  let heard = journalIntact
  /** There was an earlier life, or it is too late to ask: with a start count of its own a host is not told that it was known. */
  let lived = tellsOfBefore(restored)
  let trusted = journalIntact
  const isBelieved = createBelief(context)
  let saidLacking = restored.lacking
  const lacks = (): boolean => restored.lacking || (!journalIntact && lived)
  if (!journalIntact) context.speakAs(0)

  const waitsUntil = (): Instant =>
    (startedAt ?? context.now()) + (lived ? limits.lateStartMs : limits.leaseMs)
  const isSettled = (): boolean =>
    journalIntact || (context.now() >= waitsUntil() && (heard || !hooks.hasOthers()))

  const goOnAs = (incarnation: number): void => {
    if (incarnation !== counted)
      context.emit({ kind: 'persist', record: { kind: 'renumbered', incarnation } })
    context.speakAs(incarnation)
    hooks.begun(incarnation)
  }

  return {
    outdated(from, { known }) {
      if (known < 1 || known > limits.toldStartMax) return
      heard = true
      lived = true
      // Said to an earlier life, or of this one.
      if (known <= context.incarnation || !isBelieved(from)) return
      const next = Math.max(counted, known + 1) + context.random(limits.missedStartsMax)
      if (known >= counted)
        context.warn(
          'journal.behind',
          `other hosts know this one as start ${known}; it was counted as start ${counted}, and goes on as ${next}`,
        )
      goOnAs(next)
    },
    answered() {
      if (!heard && context.incarnation > 0) lived = true
      heard = true
    },
    tick() {
      startedAt ??= context.now()
      if (!saidLacking && lacks()) {
        saidLacking = true
        context.emit({ kind: 'persist', record: { kind: 'lacking' } })
      }
      if (context.incarnation === 0 && isSettled()) goOnAs(counted)
      if (trusted || !heard || !isSettled()) return
      // From now on it tells of everything that may be in force.
      trusted = true
      context.emit({ kind: 'persist', record: { kind: 'settled' } })
    },
    nextAt: () => (journalIntact || context.now() >= waitsUntil() ? null : waitsUntil()),
    isHeard: () => heard,
    // Until it is heard it cannot know that it is new.
    mayLack: () => lacks() || !heard,
    isSettled,
  }
}
