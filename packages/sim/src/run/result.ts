/** What one run gave, as `drover sim run --json` prints it. Documented in docs/simulation.md; add, never rename. */
import type { PowerManagement } from './energy.ts'

export interface RunResult {
  readonly schemaVersion: 1
  readonly algorithm: string
  readonly hosts: number
  readonly vms: number
  readonly seed: number
  /** Σ over hosts of the time with demand above capacity, s. */
  readonly overloadSeconds: number
  readonly overloads: number
  readonly overloadMedianS: number
  readonly overloadP95S: number
  /** That began. */
  readonly migrations: number
  readonly movedMiB: number
  readonly partitionSizeMedian: number
  readonly partitionSizeMax: number
  /** Hosts × the time that they were held by a partition, s. */
  readonly bookedHostSeconds: number
  readonly messages: number
  readonly bytes: number
  /** With the run's power management; hosts without demand draw idle power. */
  readonly energyKwh: number
  /** Of this run, load excluded. */
  readonly cpuSeconds: number
  readonly peakRssMiB: number
  /** SHA-256 of the trace: the same seed and configuration give the same. */
  readonly traceHash: string
  /** What follows was added later: scripts that read the fields above go on working. */
  readonly workload: string
  readonly preset: string | null
  readonly durationS: number
  readonly overloadsCured: number
  /** Of the kernel that happened: what a run's CPU time is spent on. */
  readonly events: number
  /**
   * What the JavaScript heap grew by from before the scheduler began to the end of the run, after collecting garbage, by
   * host, KiB; null where it was not measured (only the scaling study does).
   */
  readonly heapKiBPerHost: number | null
  /** `load`: hosts draw what their load needs. `none`: they draw their maximum all the time (CloudSim's baseline). */
  readonly powerManagement: PowerManagement
  /** What `none` comes to. */
  readonly energyFullKwh: number
  /** What `load` comes to, where a host without demand draws idle power. */
  readonly energyIdleOnKwh: number
  /** The same, where a host without demand is off and draws nothing. */
  readonly energyIdleOffKwh: number
  /** The same as CloudSim meters it, to put beside published figures; null where the workload does not ask for it. */
  readonly energySampledKwh: number | null
  /** Every overload's length, s, in the order in which they ended; those open at the end included. */
  readonly overloadDurationsS: readonly number[]
}

/** What the timeline of the report shows; kept for runs of at most `timelineHostsMax` hosts. Times in s. */
export interface Timeline {
  readonly hosts: readonly string[]
  /** [host, from, to] */
  readonly overloads: readonly (readonly [number, number, number])[]
  /** [host, from, to]: held by a partition. */
  readonly held: readonly (readonly [number, number, number])[]
  /** [from host, to host, from, to] */
  readonly migrations: readonly (readonly [number, number, number, number])[]
}
export const timelineHostsMax = 512

/** A run with what the report draws beyond its figures. */
export interface Run {
  readonly result: RunResult
  readonly partitionSizes: readonly number[]
  readonly timeline: Timeline | null
}
