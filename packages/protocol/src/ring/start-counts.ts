/**
 * By which start count each other host is known. What an older life of a host said is dropped, and the host is told the number
 * by which it is known: without its journal it does not know that itself. The numbers are in the journal, so that a
 * host learns its own from others that were restarted meanwhile, too.
 *
 * What is only heard of a host is not answered: it may be old, and all that hear it would answer at once. But two hosts that both lost
 * what they were would drop each other's summaries, and neither would ever speak to the other.
 */
import { boundTo } from '../data/bound-to.ts'
import { limits } from '../data/config.ts'
import type { HostId, Instant } from '../data/ids.ts'
import type { StartCount } from '../data/io.ts'
import type { StepContext } from '../step-context.ts'

export interface StartCounts {
  /** False: it is from an earlier life of that host. `speaks`: it said so to us itself. */
  accepts(host: HostId, incarnation: number, speaks: boolean): boolean
}

interface Outdated {
  readonly since: Instant
  readonly saidAt: Instant
}

/** `restarted`: a host is heard in a newer life than before. `isHeard`: another host has said that it hears this one. */
export const createStartCounts = (
  context: StepContext,
  restored: readonly StartCount[],
  restarted: (host: HostId, incarnation: number) => void,
  isHeard: () => boolean,
): StartCounts => {
  /** Those heard of longest ago first. */
  const known = new Map(restored.map(({ host, incarnation }) => [host, incarnation]))
  /** Hosts that go on speaking as an earlier life of theirs. */
  const outdated = new Map<HostId, Outdated>()

  const meet = (host: HostId, incarnation: number, before: number): void => {
    known.delete(host)
    known.set(host, incarnation)
    boundTo(limits.viewHostsMax, known)
    context.emit({ kind: 'persist', record: { kind: 'met', host, incarnation } })
    if (before > 0) restarted(host, incarnation)
  }

  /** An old message may have been under way for long; a host that goes on like this is meant. */
  const answer = (host: HostId, incarnation: number, before: number, speaks: boolean): void => {
    const now = context.now()
    const told = outdated.get(host) ?? { since: now, saidAt: now - limits.outdatedAgainMs }
    if (speaks && incarnation > 0 && now - told.since >= limits.suspicionMs)
      context.warn(
        'peer.outdated',
        `${host} speaks as start ${incarnation} and is known as start ${before}: it is not heard, and told so`,
      )
    if (now - told.saidAt < limits.outdatedAgainMs) return
    if (outdated.size >= limits.viewHostsMax) outdated.clear()
    outdated.set(host, { ...told, saidAt: now })
    context.send(host, { kind: 'outdated', known: before })
  }

  return {
    accepts(host, incarnation, speaks) {
      if (host === context.self) return true
      const before = known.get(host) ?? 0
      // No host is started so often: as if it were not there, so that no later life of it is shut out.
      if (incarnation > limits.startCountMax) return false
      if (incarnation < before) {
        if (speaks || !isHeard()) answer(host, incarnation, before, speaks)
        return false
      }
      if (speaks) outdated.delete(host)
      if (incarnation > before) meet(host, incarnation, before)
      return true
    },
  }
}
