/**
 * How often a peer may have this host look at its hypervisor, for an action that is not between the two, or of which there is no record.
 * Each look is a call, so one peer gets a bounded number of them. An honest peer asks again, and gets all that it needs.
 */
import { boundTo } from '../data/bound-to.ts'
import { limits } from '../data/config.ts'
import type { HostId, Instant } from '../data/ids.ts'
import type { StepContext } from '../step-context.ts'

export interface PeerLooks {
  /** Counts one. False: it had as many as it may have for now. */
  may(from: HostId): boolean
}

export const createPeerLooks = (context: StepContext): PeerLooks => {
  /** What each peer has had since then. Oldest first. */
  const lately = new Map<HostId, { readonly since: Instant; readonly count: number }>()
  return {
    may(from) {
      const before = lately.get(from)
      const isOver = before === undefined || context.now() - before.since >= limits.settlePollMs
      if (!isOver && before.count >= limits.looksForPeerMax) return false
      lately.delete(from)
      lately.set(from, isOver ? { since: context.now(), count: 1 } : { ...before, count: before.count + 1 })
      boundTo(limits.viewHostsMax, lately)
      return true
    },
  }
}
