/**
 * Admissions that are asked for before the plan has come: the word of the leader and that of the source go different ways. Each waits
 * here for the plan, which has to pass the check of this host before anything is promised on it (S10); no longer than its source waits
 * for the answer.
 */

import { boundTo } from '../data/bound-to.ts'
import { limits } from '../data/config.ts'
import type { ActionId, HostId, Instant } from '../data/ids.ts'
import { isCurrent, type Lease } from '../data/lease.ts'
import type { Admit } from '../data/message.ts'
import { earliestOf, type StepContext } from '../step-context.ts'

export interface EarlyAdmissions {
  /** True: the plan has yet to come. It is answered then, or when this host is bound to another one. */
  keep(from: HostId, message: Admit): boolean
  /** Its source wants no more of it. */
  cancelled(from: HostId, action: ActionId): void
  tick(): void
  nextAt(): Instant | null
}

export interface EarlyAdmissionHooks {
  lease(): Lease | null
  /** Answers it. */
  admit(from: HostId, message: Admit): void
}

interface Early {
  readonly from: HostId
  readonly message: Admit
  readonly until: Instant
}

export const createEarlyAdmissions = (context: StepContext, hooks: EarlyAdmissionHooks): EarlyAdmissions => {
  /** By source and action: what another host says of the action displaces nothing. Oldest first. */
  const waiting = new Map<string, Early>()
  const keyOf = (from: HostId, action: ActionId): string => `${from} ${action}`

  const isEarly = ({ partition, epoch }: Admit): boolean => {
    const lease = hooks.lease()
    return isCurrent(lease, partition, epoch) && lease.assigned === null
  }

  return {
    keep(from, message) {
      if (!isEarly(message)) return false
      const key = keyOf(from, message.action)
      if (!waiting.has(key)) waiting.set(key, { from, message, until: context.now() + limits.admitMs })
      boundTo(limits.unclaimedMax, waiting)
      return true
    },
    cancelled(from, action) {
      waiting.delete(keyOf(from, action))
    },
    tick() {
      if (waiting.size === 0) return
      for (const [key, { from, message, until }] of [...waiting])
        if (!isEarly(message)) {
          waiting.delete(key)
          hooks.admit(from, message)
        } else if (until <= context.now()) waiting.delete(key)
    },
    nextAt: () => earliestOf(waiting.values(), ({ until }) => until),
  }
}
