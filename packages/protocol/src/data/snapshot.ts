/**
 * What a member promises to be true when it grants a lease: its host and its VMs, frozen. The leader solves on
 * snapshots only; nothing else that it knows of a host enters a plan.
 */
import type { DemandStats, Labelled, Resources, Rule } from '@drover/placement'
import type { HostId, VmId } from './ids.ts'
import type { AnyCode } from './reasons.ts'

/** What is known of a VM's freedom to move. */
export interface MoveFacts {
  /** Why it must stay whatever happens, or null. */
  readonly fixed: AnyCode | null
  /** What is left of its cool-down, and where it came from; 0 and null outside one. */
  readonly cooldownMs: number
  readonly movedFrom: HostId | null
}

export interface VmSnapshot extends MoveFacts, Labelled {
  readonly vm: VmId
  readonly name: string
  readonly state: 'running' | 'paused'
  /** Changes when the VM is started anew; an action on another incarnation is refused. */
  readonly incarnation: string
  readonly demand: Resources
  /** Memory the guest rewrites, MiB/s; an estimate when the hypervisor has not measured it. */
  readonly dirtyMiBps: number
  /** How its CPU demand has varied, here and where it was before. */
  readonly demandStats: DemandStats
}

export interface HostSnapshot {
  readonly host: HostId
  readonly name: string
  readonly capacity: Resources
  readonly reserve: Resources
  /** All active VMs, sorted by id; those promised to arrive are in `promisedIn` and not here. */
  readonly vms: readonly VmSnapshot[]
  readonly promisedIn: Resources
  readonly draining: boolean
  /** True while the host's own detector says so (demand above capacity − reserve, held). */
  readonly overloaded: boolean
  /** True while its forecasts were shown to be right: what is foreseen for it may decide (detect/forecast-skill.ts). */
  readonly foresees: boolean
  readonly cpuBaseline: string
  readonly failureDomain: string | null
  /** Rules that this host knows; the leader plans under the union of its members' rules. */
  readonly rules: readonly Rule[]
  /** Age of the sample behind it, ms. */
  readonly sampleAgeMs: number
}
