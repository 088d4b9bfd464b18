/** Hosts with limits, VMs with demands and where they are; amounts are integers, one per entry of `dimensions`. */

import type { HostId, VmId } from './ids.ts'
import type { Labelled } from './labels.ts'

export interface ProblemHost {
  readonly id: HostId
  /** `draining`: whatever can leave must leave, nothing may come. `offline`: can hold nothing. */
  readonly state: 'online' | 'draining' | 'offline'
  /**
   * What the demands on this host may add up to, per dimension: capacity × overcommit − reserve, or less when the
   * policy wants slack. Demand above it is *excess*, and a host with excess is *overloaded*.
   */
  readonly limit: readonly number[]
  /**
   * The most that demand here may add up to when a VM arrives, per dimension; left out = the limit, or the demand that is here
   * at the start if that is more. For a host whose own books are stricter: it may stay as full as it is, and takes nothing in.
   */
  readonly admits?: readonly number[]
  /** VMs can move only between equal baselines; null is compatible with all. */
  readonly cpuBaseline: string | null
  /** Rack, room or power feed, for rules that name domains; null = its own domain. */
  readonly failureDomain: string | null
}

export interface ProblemVm extends Labelled {
  readonly id: VmId
  /** Where it is now (running: uses it; sleeping: its image is there); null when ready (not yet started). */
  readonly host: HostId | null
  readonly state: 'running' | 'sleeping' | 'ready'
  /** The state wanted at the end; equal to `state` for all but vJobs and restarts. */
  readonly wanted: 'running' | 'sleeping' | 'ready'
  readonly demand: readonly number[]
  /** For the cost of moving it. */
  readonly memoryMiB: number
  readonly dirtyMiBps: number
  /** False: it stays where it is, and counts as fixed load. */
  readonly movable: boolean
}

/**
 * The most that demand on a host may come to by an arrival during a plan, in one dimension. `limit`: the one in effect; `now`:
 * what is there at the start.
 */
export const arrivalCap = (host: ProblemHost, dimension: number, limit: number, now: number): number =>
  Math.min(Math.max(limit, now), host.admits?.[dimension] ?? Number.POSITIVE_INFINITY)

/** What there is, before any rule is asked. */
export interface Situation {
  readonly dimensions: readonly string[]
  readonly hosts: readonly ProblemHost[]
  readonly vms: readonly ProblemVm[]
  /** MiB/s of a migration that has a link for itself, for its estimated duration. */
  readonly bandwidthMiBps: number
  /** Hosts that may carry at most this many migrations out, and in, at the same time. */
  readonly migrationsOutMax: number
  readonly migrationsInMax: number
}
