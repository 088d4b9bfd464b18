/** What happens to a cluster under every scheduler: its hosts, its VMs, and how their demand changes. Data. */
import type { Resources, VmId } from '@drover/protocol'

/** Watts at 0, 10, … 100 % of the CPU: eleven points, linear between them. */
export type PowerCurve = readonly number[]

export interface WorkloadHost {
  readonly name: string
  /** All of it is for VMs: what the host keeps for itself is taken off already. */
  readonly capacity: Resources
  /** Each direction of its network link, MiB/s. */
  readonly linkMiBps: number
  readonly power: PowerCurve
}

export interface WorkloadVm {
  readonly vm: VmId
  readonly host: string
  readonly vcpus: number
  readonly memoryMiB: number
  /** Demand at time 0. */
  readonly cpuMilli: number
  /** MiB/s that it rewrites for each 1000 cpuMilli that it wants (VMPlaceS: dirty share × migration rate). */
  readonly dirtyMiBpsPerCore: number
}

export interface DemandChange {
  readonly atMs: number
  readonly vm: VmId
  readonly cpuMilli: number
}

export interface Workload {
  readonly name: string
  readonly durationMs: number
  readonly hosts: readonly WorkloadHost[]
  readonly vms: readonly WorkloadVm[]
  /** Rate of one migration, MiB/s. */
  readonly migrationMiBps: number
  /**
   * Energy is metered by looking every so many ms too, as CloudSim does (run/sampled-energy.ts). Default: it is not.
   */
  readonly energySampleMs?: number
  /** By time, those of one instant in the order in which they happen. Read once per run; may be made on the way. */
  readonly changes: () => Iterable<DemandChange>
}
