/**
 * What this host believes of one VM, sample by sample. Unknown is never zero: a host that counted unknown demand as nothing
 * would promise room that it does not have (adr/011). A VM that runs and was not measured counts
 *
 * - the demand that its source promised, when it has just arrived;
 * - its last demand, when an earlier sample measured it since its last start;
 * - all its vCPUs, when nothing is known of it. Its host then promises nothing.
 *
 * An impossible amount counts as not told, whatever a driver says.
 */

import type { Resources } from '@drover/placement'
import { limits } from '../data/config.ts'
import type { Instant } from '../data/ids.ts'
import type { ObservedVm } from '../data/io.ts'

export interface Belief {
  readonly demand: Resources
  /** What it wanted when it last ran, measured or promised, cpuMilli. Null: nothing is known of it. */
  readonly wantedMilli: number | null
  /** Memory that it rewrites, MiB/s; null = never measured. */
  readonly dirtyMiBps: number | null
  /** Since when it is active without a measurement. Null: the last sample measured it, or it does not run. */
  readonly unmeasuredSince: Instant | null
  /**
   * When what is known of it was last so: it was paused then, or measured before its hypervisor fell silent. Null: the last sample
   * measured it, or it never was measured.
   */
  readonly lastKnownAt: Instant | null
  /** The last sample saw it running. */
  readonly ran: boolean
}

/** What one sample tells of a VM, or what was believed before it; null = nothing. */
export interface Amounts {
  readonly cpuMilli: number | null
  readonly memoryMiB: number | null
  readonly dirtyMiBps: number | null
}

/** The most that a VM can want. */
export const mostMilli = (vcpus: number): number => Math.min(limits.amountMax, Math.max(1, vcpus) * 1_000)

/** The measured demand, cpuMilli, when it is possible; else null. Without its number of vCPUs no demand is possible. */
const possibleMilli = ({ cpuMilli, vcpus }: ObservedVm): number | null => {
  if (cpuMilli === null || !(vcpus >= 1) || !(cpuMilli >= 0)) return null
  const most = mostMilli(vcpus)
  return cpuMilli * 1_000 <= most * limits.measuredPermilleMax ? Math.min(cpuMilli, most) : null
}

/** The rate is measured over one second, in which a guest rewrites all its memory at most. */
const possibleDirty = ({ dirtyMiBps, memoryMiB }: ObservedVm): number | null =>
  dirtyMiBps !== null && dirtyMiBps >= 0 && dirtyMiBps <= memoryMiB ? dirtyMiBps : null

/** The belief until this sample: `before`, since the VM's last start; or the demand that it had when it began to leave. */
export const believedOf = (
  before: Belief | null,
  { state }: ObservedVm,
  leaving: Resources | null,
): Amounts => {
  const wanted = before?.wantedMilli ?? leaving?.cpuMilli ?? null
  const counts = state === 'running' || leaving !== null
  // Only the first sample that sees a VM paused is a surprise.
  const resting = before === null || wanted === null ? null : before.ran ? before.demand.cpuMilli : 0
  const memoryMiB = before?.demand.memoryMiB ?? leaving?.memoryMiB ?? 0
  return {
    cpuMilli: counts ? wanted : resting,
    memoryMiB: memoryMiB > 0 ? memoryMiB : null,
    dirtyMiBps: before?.dirtyMiBps ?? null,
  }
}

/**
 * The amounts that this sample tells. A VM that was paused for a part of the time was measured too low. A paused VM wants
 * nothing, unless a migration of this host has paused it.
 */
export const toldOf = (before: Belief | null, vm: ObservedVm, leaving: Resources | null): Amounts => {
  const idle = leaving === null ? 0 : null
  const wanted = before?.ran === false ? null : possibleMilli(vm)
  return {
    cpuMilli: vm.state === 'running' ? wanted : idle,
    memoryMiB: vm.memoryMiB > 0 && vm.memoryMiB <= limits.amountMax ? vm.memoryMiB : null,
    dirtyMiBps: possibleDirty(vm),
  }
}

/** The belief of a VM that has just arrived: what its source promised. `ran`: no sample has seen it wait here, paused. */
export const promisedBelief = (demand: Resources, dirtyMiBps: number | null, ran: boolean): Belief => ({
  demand,
  wantedMilli: demand.cpuMilli,
  dirtyMiBps,
  unmeasuredSince: null,
  lastKnownAt: null,
  ran,
})

/**
 * The belief after one more sample, which told `told`; together with the belief before it this settled on `settled`. `leaving`:
 * the VM's demand when a migration away from here began, while that runs. The VM may still stay, so its room is not free (S9).
 * `lastAt`: when the sample before this one was taken.
 */
export const believe = (
  before: Belief | null,
  vm: ObservedVm,
  told: Amounts,
  settled: Amounts,
  now: Instant,
  lastAt: Instant,
  leaving: Resources | null,
): Belief => {
  const runs = vm.state === 'running'
  const counts = runs || leaving !== null
  const wanted = runs ? settled.cpuMilli : (before?.wantedMilli ?? leaving?.cpuMilli ?? null)
  const known = settled.memoryMiB !== null && (!runs || settled.cpuMilli !== null)
  const measured = known && told.memoryMiB !== null && (!runs || told.cpuMilli !== null)
  return {
    demand: {
      cpuMilli: settled.cpuMilli ?? (counts ? mostMilli(vm.vcpus) : 0),
      memoryMiB: settled.memoryMiB ?? 0,
    },
    // No VM has no memory: nothing is known of this one.
    wantedMilli: settled.memoryMiB === null ? null : wanted,
    dirtyMiBps: settled.dirtyMiBps,
    unmeasuredSince: measured ? null : (before?.unmeasuredSince ?? now),
    lastKnownAt: runs && measured ? null : (before?.lastKnownAt ?? (runs ? measuredAt(before, lastAt) : now)),
    ran: runs,
  }
}

/** The last sample, if it measured the VM. */
const measuredAt = (before: Belief | null, lastAt: Instant): Instant | null =>
  before?.ran === true && before.unmeasuredSince === null ? lastAt : null

/** Since when what was last known of a VM grows old; null = it is measured, or does not run. A pause or a silence measures nothing. */
export const agesSince = ({ lastKnownAt, unmeasuredSince }: Belief): Instant | null =>
  unmeasuredSince === null ? null : (lastKnownAt ?? unmeasuredSince)

/** Its demand was never known, or was last known too long ago for a promise. */
export const isUnknown = (belief: Belief, now: Instant): boolean => {
  const since = agesSince(belief)
  return since !== null && (belief.wantedMilli === null || now - since > limits.demandAgeMsMax)
}
