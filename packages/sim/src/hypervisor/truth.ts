/** What is true of hosts and VMs, as an all-seeing observer reads it. */
import { byText, type Resources, type VmId } from '@drover/protocol'
import type { DaemonState } from './events.ts'
import type { Lies } from './lies.ts'
import { activeCopies, type CopyState, demandOf, type HostRecord, type VmRecord } from './state.ts'

export interface HostTruth {
  readonly name: string
  readonly alive: boolean
  readonly daemon: DaemonState
  readonly capacity: Resources
  readonly cpuBaseline: string
  /** What its active VMs want, served or not. */
  readonly demand: Resources
  readonly vms: readonly VmId[]
}

export interface CopyTruth {
  readonly host: string
  readonly state: CopyState | 'incoming'
  readonly pausedBy: 'migration' | 'owner' | null
  readonly defined: boolean
  /** Its definition there says that it starts with its host. */
  readonly autostart: boolean
  /** Its host is dead; it ran there. */
  readonly lostWithHost: boolean
}

export interface VmTruth {
  readonly vm: VmId
  readonly name: string
  readonly cpuMilli: number
  readonly memoryMiB: number
  readonly fixed: string | null
  /** What its owner wants: drover must not change it. */
  readonly wanted: CopyState | 'managed'
  /** What its owner last said: whether it starts with its host. */
  readonly autostart: boolean
  readonly copies: readonly CopyTruth[]
  /** When its hypervisor last said something wrong of it, ms; null = never. */
  readonly misreadAt: number | null
}

export const hostTruth = (host: HostRecord): HostTruth => ({
  name: host.spec.name,
  alive: host.alive,
  daemon: host.daemon,
  capacity: host.spec.capacity,
  cpuBaseline: host.spec.cpuBaseline,
  demand: demandOf(host),
  vms: activeCopies(host)
    .map((copy) => copy.vm.spec.vm)
    .sort(byText),
})

export const vmTruth = (vm: VmRecord, lies: Lies): VmTruth => ({
  vm: vm.spec.vm,
  name: vm.spec.name,
  cpuMilli: vm.cpuMilli,
  memoryMiB: vm.memoryMiB,
  fixed: vm.fixed,
  wanted: vm.wanted,
  autostart: vm.autostart,
  misreadAt: lies.toldAt(vm.spec.vm),
  copies: Array.from(vm.copies, (copy) => ({
    host: copy.host.spec.name,
    state: copy.state,
    pausedBy: copy.pausedBy,
    defined: copy.defined,
    autostart: copy.autostart,
    lostWithHost: copy.ranAtDeath,
  })),
})
