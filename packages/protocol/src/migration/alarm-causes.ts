/** What an operator has to see, each with its words. */
import type { HostId, VmId } from '../data/ids.ts'
import type { AlarmCode, DutyView } from '../data/view.ts'
import type { DoubtAlarm } from './question-rounds.ts'

export interface AlarmCause {
  readonly code: AlarmCode
  readonly text: string
  readonly vm: VmId
}

/** A VM of an open action, of which its ends say that it runs at both, or none can say whether it runs at the other. */
export interface VmInDoubt {
  readonly code: DoubtAlarm
  readonly vm: VmId
  readonly peer: HostId
}

/** A VM that is moved by a job without an action, away from here or to here, which does not end. */
export interface UnendingJob {
  readonly vm: VmId
  readonly direction: 'out' | 'in'
}

export interface AlarmFacts {
  readonly nameOf: (vm: VmId) => string
  readonly doubts: readonly VmInDoubt[]
  /** VMs that a migration left paused and that no action accounts for. */
  readonly paused: readonly VmId[]
  readonly duties: readonly DutyView[]
  /** VMs that are to start with this host and do not yet. */
  readonly unset: readonly VmId[]
  readonly unending: readonly UnendingJob[]
}

/** The verdict that finds it warns of it, too, each minute. */
export const isSaid = ({ code }: Pick<AlarmCause, 'code'>): boolean =>
  code === 'vm.double' || code === 'vm.paused_in_doubt'

export const causesOf = ({
  nameOf,
  doubts,
  paused,
  duties,
  unset,
  unending,
}: AlarmFacts): readonly AlarmCause[] => [
  ...doubts.map(({ code, vm, peer }) => ({
    code,
    text:
      code === 'vm.double'
        ? `VM ${nameOf(vm)} runs here and on ${peer}`
        : `VM ${nameOf(vm)} is paused here, and it is not known whether it runs on ${peer}`,
    vm,
  })),
  ...paused.map((vm) => ({
    code: 'vm.paused_by_migration' as const,
    text: `VM ${nameOf(vm)} is paused here as a migration left it, and no action accounts for it`,
    vm,
  })),
  ...duties
    .filter(({ word }) => word === 'hand-over')
    .map(({ vm, peer }) => ({
      code: 'vm.unconfirmed' as const,
      text: `VM ${vm} left for ${peer}, which has not confirmed that it runs there`,
      vm,
    })),
  ...unset.map((vm) => ({
    code: 'vm.autostart_unset' as const,
    text: `VM ${nameOf(vm)} has come here and does not start with this host, as it did before: its hypervisor has not taken that`,
    vm,
  })),
  ...unending.map(({ vm, direction }) => ({
    code: 'migration.unaccounted' as const,
    text:
      direction === 'out'
        ? `VM ${nameOf(vm)} is moved away by a migration that makes no progress, and no action accounts for it`
        : `VM ${nameOf(vm)} comes in by a migration that does not end, and no action accounts for it`,
    vm,
  })),
]
