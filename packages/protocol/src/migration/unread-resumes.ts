/**
 * Requests of this host to let a VM run here that have no good answer. A busy daemon may read one when the VM runs long since, by
 * another's request, and even when it has left: then it would let the copy run that a broken migration left here (S1).
 */
import { limits } from '../data/config.ts'
import type { ActionId, Instant, VmId } from '../data/ids.ts'
import type { StepContext } from '../step-context.ts'

export interface UnreadResumes {
  /** Our hypervisor is asked now; or may have been, by an earlier life of this agent. */
  asked(action: ActionId, vm: VmId): void
  /** One that failed may have been given up by our driver, and be read yet. */
  answered(action: ActionId, ok: boolean): void
  tick(): void
}

interface Request {
  readonly action: ActionId
  readonly vm: VmId
  readonly until: Instant
  readonly failed: boolean
}

/** `unread`: gets the VMs of these requests, and until when the last of each may be read. */
export const createUnreadResumes = (context: StepContext, unread: Map<VmId, Instant>): UnreadResumes => {
  let all: readonly Request[] = []

  const put = (requests: readonly Request[]): void => {
    all = requests
    unread.clear()
    for (const { vm, until } of all) unread.set(vm, Math.max(until, unread.get(vm) ?? 0))
  }

  return {
    asked(action, vm) {
      put([...all, { action, vm, until: context.now() + limits.lateStartMs, failed: false }])
    },
    answered(action, ok) {
      const request = all.find((one) => one.action === action && !one.failed)
      if (request === undefined) return
      const others = all.filter((one) => one !== request)
      put(ok ? others : [...others, { ...request, failed: true }])
    },
    tick() {
      if (all.some(({ until }) => until <= context.now()))
        put(all.filter(({ until }) => until > context.now()))
    },
  }
}
