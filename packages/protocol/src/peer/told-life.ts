/**
 * A peer says that this host is known by a later start than its own. This host goes on as a still later one, and all that it leads ends. A
 * sound peer need not say that twice, so each peer is believed again much later each time.
 */
import { boundTo } from '../data/bound-to.ts'
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
    boundTo(limits.viewHostsMax, told)
    return true
  }
}
