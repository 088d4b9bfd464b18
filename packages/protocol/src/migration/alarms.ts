/**
 * What an operator has to see for as long as it lasts: a VM that a migration left paused and that no action accounts for, a VM
 * that left for a host which has confirmed nothing, one that has come and does not start with this host yet, a migration that does
 * not end and that no action accounts for, and what the two ends of an action say that no agent may settle. It stands in the status, and
 * is said again and again.
 */
import { limits } from '../data/config.ts'
import type { Instant, VmId } from '../data/ids.ts'
import type { AlarmView } from '../data/view.ts'
import type { HostState } from '../snapshot/host.ts'
import { earliest, earliestOf, type StepContext } from '../step-context.ts'
import { type AlarmCause, causesOf, isSaid, type UnendingJob, type VmInDoubt } from './alarm-causes.ts'
import type { Autostarts } from './autostarts.ts'
import type { Duties } from './duties.ts'

export interface Alarms {
  tick(): void
  nextAt(): Instant | null
  view(now: Instant): readonly AlarmView[]
}

interface Raised extends AlarmCause {
  readonly since: Instant
  readonly sayAt: Instant
}

export interface AlarmHooks {
  /** Each of them is warned of where it is judged. */
  inDoubt(): readonly VmInDoubt[]
  /** An open action or a running job is about this VM. */
  accounted(vm: VmId): boolean
  /** VMs that are moved by jobs without an action, away from here or to here, that would be broken off if they were ours. */
  overdue(): readonly UnendingJob[]
  /** When there will be another one of them, if nothing is heard of it until then. */
  overdueAt(): Instant | null
}

export const createAlarms = (
  context: StepContext,
  host: HostState,
  duties: Duties,
  autostarts: Pick<Autostarts, 'none' | 'waiting'>,
  { accounted, inDoubt, overdue, overdueAt }: AlarmHooks,
): Alarms => {
  /** By code and VM; those younger than `alarmAfterMs` may still end by themselves. */
  const all = new Map<string, Raised>()
  let seenRevision = -1
  let paused: readonly VmId[] = []

  /** Most steps change no VM, and most hosts have no such VM. */
  const look = (): void => {
    if (host.revision === seenRevision) return
    seenRevision = host.revision
    paused = [...host.vms.values()].filter((vm) => vm.pausedBy === 'migration').map((vm) => vm.vm)
  }

  const isRaised = (one: Raised, now: Instant): boolean => now - one.since >= limits.alarmAfterMs

  return {
    tick() {
      look()
      const [doubts, unending] = [inDoubt(), overdue()]
      if (
        paused.length === 0 &&
        all.size === 0 &&
        doubts.length === 0 &&
        unending.length === 0 &&
        duties.none() &&
        autostarts.none()
      )
        return
      const now = context.now()
      const found = causesOf({
        nameOf: (vm) => host.vms.get(vm)?.name ?? vm,
        doubts,
        paused: paused.filter((vm) => !accounted(vm)),
        duties: duties.view(now),
        unset: autostarts.waiting(),
        unending,
      })
      const keys = new Set<string>()
      for (const cause of found) {
        const key = `${cause.code} ${cause.vm}`
        keys.add(key)
        const before = all.get(key) ?? { ...cause, since: now, sayAt: now + limits.alarmAfterMs }
        const due = before.sayAt <= now
        if (due && !isSaid(cause)) context.emit({ kind: 'warn', ...cause })
        all.set(key, { ...before, ...cause, sayAt: due ? now + limits.alarmAgainMs : before.sayAt })
      }
      for (const key of all.keys()) if (!keys.has(key)) all.delete(key)
    },
    nextAt: () => earliest([earliestOf(all.values(), (one) => one.sayAt), overdueAt()]),
    view: (now) =>
      [...all.values()]
        .filter((one) => isRaised(one, now))
        .map(({ code, text, vm, since }) => ({ code, text, vm, sinceMs: now - since })),
  }
}
