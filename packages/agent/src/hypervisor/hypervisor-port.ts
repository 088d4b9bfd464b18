/**
 * The hypervisor port: all that drover asks of the host below it. Two drivers exist, `libvirt` and
 * the simulated one; `compliance.ts` is the suite that every driver passes. A driver is a module, named in
 * the configuration, so that others can be added without touching the agent.
 *
 * The rules a driver keeps:
 * - It never defines, starts, stops, suspends or destroys a VM on its own accord.
 * - A migration ends `done`, `refused` or `unknown` (see `MigrationResult`); the driver says `done` or
 *   `refused` only after it has *looked*. An error from the hypervisor is not a `refused`.
 * - No call hangs: each is bounded by the driver's own time-out and then throws `HypervisorError`.
 */
import type { Resources, VmId } from '@drover/protocol'
import { CodedError } from '../errors.ts'

export type HypervisorErrorCode =
  | 'hypervisor.unreachable' // no connection, or it broke during the call
  | 'hypervisor.timeout' // the call was sent; nothing is known of its effect
  | 'hypervisor.refused' // the hypervisor answered with an error; `detail` has its words
  | 'vm.absent' // the hypervisor positively answered that it has no such VM
  | 'not_supported' // this driver or this version cannot

export class HypervisorError extends CodedError<HypervisorErrorCode> {}

/** What a host is. Read at each connection, and when the core wants another answer; the configuration may override `capacity`. */
export interface HostFacts {
  readonly name: string
  /** The hypervisor's own idea of its capacity (all cores, all memory). */
  readonly capacity: Resources
  /** What a guest sees of the CPU, as text to compare (e.g. `x86_64/EPYC-Rome`); equal = compatible. */
  readonly cpuBaseline: string
  /** Where other hosts' hypervisors reach this one, e.g. `qemu+tcp://10.0.0.7/system`. */
  readonly migrationUri: string
  /** For people: `libvirt 9.0.0, QEMU 7.2.22`. */
  readonly version: string
}

/** Why a VM cannot be live-migrated: a reason code (`dev.hostdev`, `dev.local_disk`, `vm.job_active` …). */
export type Movable = { readonly movable: true } | { readonly movable: false; readonly code: string }

/** One active VM, as `sample` sees it. Amounts may be fractions: the agent makes them whole (`observation.ts`). */
export interface VmSample {
  readonly vm: VmId
  readonly name: string
  /** `running` wants CPU and memory, `paused` holds memory only. */
  readonly state: 'running' | 'paused'
  /**
   * What paused the VM; null while it runs. `migration`: the copy that a migration left on its source, or one that
   * arrived paused and has not run here since.
   */
  readonly pausedBy: 'migration' | 'owner' | null
  /**
   * What the VM *wants*: CPU time used plus time spent waiting for a CPU, over the sampling interval.
   * Null until two samples of the same incarnation exist, far enough apart to say something, between which it ran all the
   * time (not for a VM that just started, just arrived or just resumed: a pause is no lack of demand).
   */
  readonly cpuMilli: number | null
  /** 0 = not told. */
  readonly vcpus: number
  /** Memory that the VM may use (its current balloon), MiB. 0 = not told: what was last known of it stands. */
  readonly memoryMiB: number
  /** Memory that the guest rewrites, MiB/s, if the hypervisor has measured it; else null. */
  readonly dirtyMiBps: number | null
  /** Changes whenever the VM is started anew here (not when it is paused or resumed). */
  readonly incarnation: string
  readonly migratable: Movable
  /** True if a disk lock manager is known to guard *every* disk of the VM (rule R2: then no paused hand-over). */
  readonly diskLocked: boolean
  /** Its definition says that it starts when its host does. */
  readonly autostart: boolean
  /** drover's own settings from the VM's metadata, e.g. `{ balance: 'never' }`; unknown keys are kept. */
  readonly settings: Readonly<Record<string, string>>
}

/** One look at the host: all active VMs in any order, and the host's pressure if the system tells it. */
export interface Sample {
  readonly vms: readonly VmSample[]
  /** PSI `some avg10`, percent, or null where there is none. */
  readonly pressure: { readonly cpu: number; readonly memory: number } | null
}

/**
 * Where one VM stands, as the asked hypervisor positively answers.
 * `paused`: as a migration left it. `held`: paused by anyone else, as by its owner. `outgoing`: active here, and a migration away is running. `incoming`: being received; not yet running.
 * `shut`: defined here, and not active. `saved`: the same, and its whole state is in storage (`save`).
 */
export type Presence = 'running' | 'paused' | 'held' | 'outgoing' | 'incoming' | 'shut' | 'saved' | 'absent'

export interface RunningJob {
  readonly vm: VmId
  readonly direction: 'outgoing' | 'incoming'
  /** What it has sent so far, MiB; null where that is not known, and for what comes in. */
  readonly sentMiB: number | null
  /** How large the VM is that comes in; null where that is not known, and for what leaves. */
  readonly memoryMiB: number | null
  readonly vcpus: number | null
}

export interface MigrationRequest {
  readonly vm: VmId
  /** The destination's `HostFacts.migrationUri`. */
  readonly to: string
  /** Rule R2: leave the destination copy paused; its agent resumes it. */
  readonly handOverPaused: boolean
  /** MiB/s; null = the hypervisor's own default. */
  readonly bandwidthMiBps: number | null
  /** Slow the guest down while it rewrites memory faster than the link carries it. Default true. */
  readonly autoConverge?: boolean
}

export interface MigrationProgress {
  readonly transferredMiB: number
  readonly remainingMiB: number
  readonly totalMiB: number
  readonly dirtyMiBps: number | null
  readonly elapsedMs: number
}

/**
 * `done`: this hypervisor positively answered that the VM is gone from here (defined and active nowhere here).
 * `refused`: it positively answered that the VM is still here, active, in the run state it had, with no job,
 * and the request cannot lie unread any more: it was answered, seen at work, or never sent.
 * `unknown`: anything else (connection lost, time-out, paused on the source …). Never guessed.
 */
export type MigrationResult =
  | { readonly kind: 'done'; readonly transferredMiB: number; readonly downtimeMs: number | null }
  | { readonly kind: 'refused'; readonly code: string; readonly detail: string }
  | { readonly kind: 'unknown'; readonly code: string; readonly detail: string }

export type HypervisorEvent =
  | { readonly kind: 'connected' }
  | { readonly kind: 'disconnected'; readonly reason: string }
  /** Something about a VM changed (started, stopped, arrived, left, paused, resumed …): look again. */
  | { readonly kind: 'changed'; readonly vm: VmId; readonly what: string }
  /**
   * A hypervisor told something that cannot be so, which counts as not told. `at`: the URI by which another host's was asked; null =
   * this host's.
   */
  | { readonly kind: 'implausible'; readonly what: string; readonly at: string | null }

export interface Hypervisor {
  /** `libvirt`, `simulated`, … */
  readonly driver: string
  /** Starts connecting and keeps reconnecting with back-off until `close`; never throws. */
  open(): void
  readonly connected: boolean
  /** Why not connected, in one line for people; null when connected. */
  readonly trouble: string | null
  host(): Promise<HostFacts>
  sample(): Promise<Sample>
  /** Migrations that run now, drover's own and all others. */
  jobs(): Promise<readonly RunningJob[]>
  /**
   * Where a VM stands. With `at`, asks *another* host's hypervisor directly at its migration URI (read-only):
   * a third party's question when that host's agent does not answer.
   */
  locate(vm: VmId, at?: string): Promise<Presence>
  /** Live migration, peer-to-peer: it goes on if this process dies. Resolves when it has ended; never rejects. */
  migrate(
    request: MigrationRequest,
    onProgress?: (progress: MigrationProgress) => void,
  ): Promise<MigrationResult>
  /** Changes the bandwidth limit of a running migration, MiB/s. Not called yet: the lifecycle of jobs will slow moves by it. */
  limit(vm: VmId, bandwidthMiBps: number): Promise<void>
  /**
   * Asks a running migration away from here to stop; `migrate` then resolves with what it finds. Throws when none runs: any
   * other job (a backup, a copy that comes in) is left alone.
   */
  abort(vm: VmId): Promise<void>
  /** Resumes a paused VM here, or with `at` on another host. Resuming a running VM is no error. */
  resume(vm: VmId, at?: string): Promise<void>
  /**
   * The definition of a VM here says from now on that it starts when this host does, whether it is active or not. That it says so
   * already is no error; a VM without a definition is refused.
   */
  setAutostart(vm: VmId): Promise<void>
  /** Suspends a VM's whole state to storage and releases its memory; `restore` brings it back. For vJobs. */
  save(vm: VmId): Promise<void>
  restore(vm: VmId): Promise<void>
  start(vm: VmId): Promise<void>
  shutdown(vm: VmId): Promise<void>
  /** Returns the function that ends the subscription. */
  events(listener: (event: HypervisorEvent) => void): () => void
  close(): Promise<void>
}
