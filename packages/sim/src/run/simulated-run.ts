/**
 * What every scheduler is given: one world, one time, one set of metrics. A scheduler sees the world as it truly is
 * (`world`, `hosts`), or keeps itself to what its own messages told it; that is its own choice.
 */
import type { HostId, VmId } from '@drover/protocol'
import type { MigrationEnd } from '../hypervisor/events.ts'
import type { HostRecord, VmRecord } from '../hypervisor/state.ts'
import type { World } from '../hypervisor/world.ts'
import type { Random } from '../random.ts'
import type { Kernel } from '../time/kernel.ts'
import type { Workload } from '../workload/workload.ts'

/** What schedulers report of themselves; everything else is seen in the world. */
export interface RunMetrics {
  /** These hosts solve one problem together, now. */
  solved(members: readonly RunHost[]): void
  /** The host was kept from other partitions for that time, ms since the beginning; said when it ends. */
  held(host: RunHost, fromMs: number, toMs: number): void
  /** One message between two hosts, bytes on the wire. */
  message(bytes: number): void
  /** Many at once, where they are modelled instead of sent: how many, and their bytes in all. */
  messages(count: number, bytes: number): void
  /** An overload was answered by migrations that were all done. */
  cured(): void
  /** One line of the trace; the time is added. Part of the trace hash. */
  trace(line: string): void
}

/** One host of the run, with what central schedulers ask of it all the time, kept up to date at no cost. */
export interface RunHost {
  /** Place in `SimulatedRun.hosts`; neighbours in the ring are next to each other. */
  readonly index: number
  readonly id: HostId
  readonly record: HostRecord
  readonly capacityMilli: number
  readonly capacityMiB: number
  /** Demand of the VMs that run here; one on its way out counts until it has arrived. */
  readonly cpuMilli: number
  readonly memoryMiB: number
  /** Demand of the VMs on their way here, and of those on their way out. */
  readonly arrivingMilli: number
  readonly arrivingMiB: number
  readonly leavingMilli: number
  /** VMs that run here, sorted by id. */
  readonly vms: ReadonlySet<VmRecord>
}

export interface SimulatedRun {
  readonly kernel: Kernel
  readonly world: World
  readonly workload: Workload
  readonly hosts: readonly RunHost[]
  readonly metrics: RunMetrics
  readonly seed: number
  /** A stream of its own per concern (and index): drawing for one never shifts another. */
  random(name: string, index?: number): Random
  hostOf(vm: VmId): RunHost
  moving(vm: VmId): boolean
  /** Begins a migration now. `onEnd` comes when it ended, however; false = the hypervisor refused to begin. */
  migrate(vm: VmId, to: RunHost, onEnd?: (end: MigrationEnd) => void): boolean
  /** Called whenever the demand or the VMs of a host changed, after it did. */
  onChange(listener: (host: RunHost) => void): void
}

/** One way to schedule: a baseline or drover. */
export interface Scheduler {
  readonly name: string
  /** Called once, at time 0, before the first change of demand. It lives by the kernel's timers and `onChange`. */
  begin(run: SimulatedRun): void
}
