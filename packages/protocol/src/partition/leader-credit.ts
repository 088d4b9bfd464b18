/**
 * How long leaders have held this host without moving anything. Any leader may do so for a while: what it looks for need not be there.
 * One that does it for more than a tenth of the time, or lets leases lapse, waits for the next one; others are not kept from it.
 * Its own pauses (`back-off.ts`) keep a sound leader far below that, also one that finds nothing again and again.
 */
import { boundTo } from '../data/bound-to.ts'
import { limits } from '../data/config.ts'
import { backOffMs } from '../data/exponential-back-off.ts'
import type { HostId, Instant } from '../data/ids.ts'
import type { Lease } from '../data/lease.ts'

interface Held {
  /** What is not forgiven yet of the time for which it held this host in vain, ms; as of `at`. */
  readonly vainMs: number
  readonly at: Instant
  /** Leases in a row that it let lapse, and until when it waits for that. */
  readonly lapses: number
  readonly until: Instant
}

export interface LeaderCredit {
  /** May it have a lease now? */
  has(leader: HostId, now: Instant): boolean
  /** Its lease is over. `taken`: a graver partition got the host. */
  ended(lease: Lease, now: Instant, taken: boolean): void
}

const fresh: Held = { vainMs: 0, at: 0, lapses: 0, until: 0 }

export const createLeaderCredit = (): LeaderCredit => {
  const byLeader = new Map<HostId, Held>()
  const heldBy = (leader: HostId, now: Instant): Held => {
    const held = byLeader.get(leader) ?? fresh
    const forgivenMs = ((now - held.at) * limits.vainPermilleMax) / 1000
    return { ...held, vainMs: Math.max(0, held.vainMs - forgivenMs), at: now }
  }
  return {
    has(leader, now) {
      const { vainMs, until } = heldBy(leader, now)
      return until <= now && vainMs < limits.vainMsMax
    },
    ended({ leader, grantedAt, endsAt, expiresAt, used }, now, taken) {
      // What it needed may have been here: what follows is judged anew.
      if (used) return void byLeader.delete(leader)
      const held = heldBy(leader, now)
      const lapsed = !taken && (expiresAt <= now || endsAt <= now)
      const lapses = lapsed ? held.lapses + 1 : held.lapses
      const until = lapsed ? now + backOffMs(lapses, limits.lapsedMsMin, limits.lapsedMsMax) : held.until
      byLeader.delete(leader)
      byLeader.set(leader, { vainMs: held.vainMs + now - grantedAt, at: now, lapses, until })
      boundTo(limits.viewHostsMax, byLeader)
    },
  }
}
