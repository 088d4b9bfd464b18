/**
 * Requests to let a VM run here that may be unread. A busy daemon may read one when the VM runs long since, by another's request,
 * and even when it has left: then it would let the copy run that a broken migration left here (S1). So the VM stays that long. This
 * agent knows of its own requests what was answered. The agent of the source may have asked as well, and says when it has not.
 */
import { limits } from '../data/config.ts'
import type { ActionId, HostId, Instant, VmId } from '../data/ids.ts'
import type { StepContext } from '../step-context.ts'

export interface UnreadResumes {
  /** Our hypervisor is asked now. */
  asked(action: ActionId, vm: VmId): void
  /** One that failed may have been given up by our driver, and be read yet. */
  answered(action: ActionId, ok: boolean): void
  /** An earlier life of this agent may have asked, and have died before it was answered. */
  mayHaveAsked(action: ActionId, vm: VmId): void
  /** The VM has come: its source may have asked, or may be about to. `from` null = by an earlier life, which does not say whence. */
  arrived(action: ActionId, vm: VmId, from: HostId | null): void
  /** The source says that no request of its own may be unread. */
  closedBySource(action: ActionId, from: HostId): void
  tick(): void
}

interface Request {
  readonly action: ActionId
  readonly vm: VmId
  /** `earlier`: by this agent, but given up, or before it was restarted. */
  readonly by: 'self' | 'earlier' | 'source'
  readonly from: HostId | null
  readonly until: Instant
}

/** `unread`: gets the VMs of these requests, and until when the last of each may be read. */
export const createUnreadResumes = (context: StepContext, unread: Map<VmId, Instant>): UnreadResumes => {
  let all: readonly Request[] = []

  const put = (requests: readonly Request[]): void => {
    all = requests
    unread.clear()
    for (const { vm, until } of all) unread.set(vm, Math.max(until, unread.get(vm) ?? 0))
  }

  const add = (action: ActionId, vm: VmId, by: Request['by'], ms: number, from: HostId | null = null): void =>
    put([...all, { action, vm, by, from, until: context.now() + ms }])

  const of = (action: ActionId, by: Request['by']): Request | undefined =>
    all.find((one) => one.action === action && one.by === by)

  return {
    asked: (action, vm) => add(action, vm, 'self', limits.lateStartMs),
    answered(action, ok) {
      const request = of(action, 'self')
      if (request === undefined) return
      const others = all.filter((one) => one !== request)
      put(ok ? others : [...others, { ...request, by: 'earlier' }])
    },
    mayHaveAsked: (action, vm) => add(action, vm, 'earlier', limits.lateStartMs),
    arrived(action, vm, from) {
      if (of(action, 'source') === undefined)
        add(action, vm, 'source', limits.letRunThereMs + limits.lateStartMs, from)
    },
    closedBySource(action, from) {
      const request = of(action, 'source')
      if (request?.from === from) put(all.filter((one) => one !== request))
    },
    tick() {
      if (all.some(({ until }) => until <= context.now()))
        put(all.filter(({ until }) => until > context.now()))
    },
  }
}
