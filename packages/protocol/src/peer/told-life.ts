/**
 * May a peer have this host go on as a later start of itself? All that it leads ends then. A sound peer has no reason to say it twice: this host
 * goes on as a later start than it was told. So each peer is believed again much later each time.
 */
import { limits } from '../data/config.ts'
import { backOffMs } from '../data/exponential-back-off.ts'
import type { HostId, Instant } from '../data/ids.ts'
import type { StepControl } from '../step-context.ts'

/** Counts it. */
export const createBelief = (context: StepControl): ((from: HostId) => boolean) => {
  /** Oldest first. */
  const told = new Map<HostId, { readonly count: number; readonly until: Instant }>()
  return (from) => {
    const before = told.get(from)
    const [now, count] = [context.now(), (before?.count ?? 0) + 1]
    if (before !== undefined && now < before.until) return false
    const pauseMs = backOffMs(count, limits.outdatedBelievedMsMin, limits.outdatedBelievedMsMax)
    told.delete(from)
    told.set(from, { count, until: now + pauseMs })
    for (const oldest of told.keys()) if (told.size > limits.viewHostsMax) told.delete(oldest)
    return true
  }
}
