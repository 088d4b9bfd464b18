/**
 * Which other hosts could help this one, as far as it knows. What could not help when this host last tried in vain, and can now, is
 * news: it may try again.
 */
import { type Candidate, isHelpful, type MemberRequirements } from '../data/candidate.ts'
import type { HostId } from '../data/ids.ts'
import type { AnyCode } from '../data/reasons.ts'
import type { LoadSummary } from '../data/summary.ts'

export interface Helpers {
  /** Something was learnt of that host. True when it is news. */
  look(host: HostId): boolean
  /** Time has passed: what is not heard of any more cannot help. */
  lookAgain(): void
  /** It was asked, and may not help, for this reason. */
  declined(host: HostId, code: AnyCode): void
  /** A partition of this host has ended: what could help then is no news later. */
  tried(): void
}

/** Declined for a reason that its summaries do not tell: what it says next does not make it helpful again. */
const untold: ReadonlySet<string> = new Set(['limit.size', 'partition.in_vain', 'wire.garbage'])

/** `known`: what is known of that host; null = nothing, or no more. */
export const createHelpers = (
  known: (host: HostId) => Candidate | null,
  requirements: () => Pick<MemberRequirements, 'intent' | 'own'>,
  news: () => void,
): Helpers => {
  const helpful = new Set<HostId>()
  let atLastTry: ReadonlySet<HostId> = new Set()
  /** What was known of a host when it declined: the next that it says of itself counts again. */
  const refusedAs = new Map<HostId, LoadSummary>()

  const look = (host: HostId): boolean => {
    const candidate = known(host)
    const refused = refusedAs.get(host)
    if (refused !== undefined && refused !== candidate?.summary) refusedAs.delete(host)
    const helps = candidate !== null && !refusedAs.has(host) && isHelpful(candidate, requirements())
    if (!helps) helpful.delete(host)
    if (!helps || helpful.has(host)) return false
    helpful.add(host)
    if (atLastTry.has(host)) return false
    news()
    return true
  }

  return {
    look,
    lookAgain() {
      for (const host of [...helpful, ...refusedAs.keys()]) look(host)
    },
    declined(host, code) {
      const candidate = known(host)
      if (candidate === null || untold.has(code)) return
      refusedAs.set(host, candidate.summary)
      helpful.delete(host)
    },
    tried() {
      atLastTry = new Set(helpful)
    },
  }
}
