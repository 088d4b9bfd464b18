/**
 * Looks at the hypervisor that a peer causes here by an action that is not between it and this host, or of which there is no record: each is
 * a call, so one peer gets so many in a time. All that an honest one needs it gets, as it asks again.
 */
import { limits } from '../data/config.ts'
import type { HostId, Instant } from '../data/ids.ts'
import type { StepContext } from '../step-context.ts'

export interface PeerLooks {
  /** Counts one. False: it had as many as it may have for now. */
  may(from: HostId): boolean
}

export const createPeerLooks = (context: StepContext): PeerLooks => {
  /** In its time under way. Oldest first. */
  const lately = new Map<HostId, { readonly since: Instant; readonly count: number }>()
  return {
    may(from) {
      const before = lately.get(from)
      const isOver = before === undefined || context.now() - before.since >= limits.settlePollMs
      if (!isOver && before.count >= limits.looksForPeerMax) return false
      lately.delete(from)
      lately.set(from, isOver ? { since: context.now(), count: 1 } : { ...before, count: before.count + 1 })
      for (const oldest of lately.keys()) if (lately.size > limits.viewHostsMax) lately.delete(oldest)
      return true
    },
  }
}
