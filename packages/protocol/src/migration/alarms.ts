/**
 * What an operator has to see for as long as it lasts: a VM that a migration left paused and that no action accounts for, a VM
 * that left for a host which has confirmed nothing, one that has come and does not start with this host yet, and a migration that
 * does not end and that no action accounts for. It stands in the status, and is said again and again.
 */
import { limits } from '../data/config.ts'
import type { Instant, VmId } from '../data/ids.ts'
import type { AlarmCode, AlarmView } from '../data/view.ts'
import type { HostState } from '../snapshot/host.ts'
import { earliest, earliestOf, type StepContext } from '../step-context.ts'
import type { Autostarts } from './autostarts.ts'
import type { Duties } from './duties.ts'

export interface Alarms {
  tick(): void
  nextAt(): Instant | null
  view(now: Instant): readonly AlarmView[]
}

interface Raised {
  readonly code: AlarmCode
  readonly text: string
  readonly vm: VmId
  readonly since: Instant
  readonly sayAt: Instant
}

export interface AlarmHooks {
  /** An open action or a running job is about this VM. */
  accounted(vm: VmId): boolean
  /** VMs that are moved by jobs without an action, away from here or to here, that would be broken off if they were ours. */
  overdue(): readonly { readonly vm: VmId; readonly direction: 'out' | 'in' }[]
  /** When there will be another one of them, if nothing is heard of it until then. */
  overdueAt(): Instant | null
}

export const createAlarms = (
  context: StepContext,
  host: HostState,
  duties: Duties,
  autostarts: Pick<Autostarts, 'none' | 'waiting'>,
  { accounted, overdue, overdueAt }: AlarmHooks,
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

  const nameOf = (vm: VmId): string => host.vms.get(vm)?.name ?? vm

  const causes = (
    unending: ReturnType<AlarmHooks['overdue']>,
  ): readonly Omit<Raised, 'since' | 'sayAt'>[] => {
    const left = paused
      .filter((vm) => !accounted(vm))
      .map((vm) => ({
        code: 'vm.paused_by_migration' as const,
        text: `VM ${nameOf(vm)} is paused here as a migration left it, and no action accounts for it`,
        vm,
      }))
    const silent = duties
      .view(context.now())
      .filter((duty) => duty.word === 'hand-over')
      .map(({ vm, peer }) => ({
        code: 'vm.unconfirmed' as const,
        text: `VM ${vm} left for ${peer}, which has not confirmed that it runs there`,
        vm,
      }))
    const unset = autostarts.waiting().map((vm) => ({
      code: 'vm.autostart_unset' as const,
      text: `VM ${nameOf(vm)} has come here and does not start with this host, as it did before: its hypervisor has not taken that`,
      vm,
    }))
    const jobs = unending.map(({ vm, direction }) => ({
      code: 'migration.unaccounted' as const,
      text:
        direction === 'out'
          ? `VM ${nameOf(vm)} is moved away by a migration that makes no progress, and no action accounts for it`
          : `VM ${nameOf(vm)} comes in by a migration that does not end, and no action accounts for it`,
      vm,
    }))
    return [...left, ...silent, ...unset, ...jobs]
  }

  const isRaised = (one: Raised, now: Instant): boolean => now - one.since >= limits.alarmAfterMs

  return {
    tick() {
      look()
      const unending = overdue()
      if (
        paused.length === 0 &&
        all.size === 0 &&
        unending.length === 0 &&
        duties.none() &&
        autostarts.none()
      )
        return
      const now = context.now()
      const found = causes(unending)
      const keys = new Set<string>()
      for (const cause of found) {
        const key = `${cause.code} ${cause.vm}`
        keys.add(key)
        const before = all.get(key) ?? { ...cause, since: now, sayAt: now + limits.alarmAfterMs }
        const due = before.sayAt <= now
        if (due) context.emit({ kind: 'warn', ...cause })
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
