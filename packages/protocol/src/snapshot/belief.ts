/**
 * What is believed of one VM, sample by sample. Unknown is never zero: a host that took it for nothing would promise what it
 * does not have (adr/011). So a VM that runs and was not measured counts
 *
 * - what it was promised to want, when it has just arrived;
 * - what it last wanted, when an earlier sample measured this life of it;
 * - all its vCPUs, when nothing is known of it. Its host then promises nothing.
 *
 * What cannot be is not believed, whatever a driver says: it counts as not told.
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
export const mostMilli = (vcpus: number): number => Math.max(1, vcpus) * 1_000

/** A measurement that may be true, cpuMilli; null where it may not, or is none. A VM whose vCPUs are not told has none. */
const possibleMilli = ({ cpuMilli, vcpus }: ObservedVm): number | null => {
  if (cpuMilli === null || !(vcpus >= 1) || !(cpuMilli >= 0)) return null
  const most = mostMilli(vcpus)
  return cpuMilli * 1_000 <= most * limits.measuredPermilleMax ? Math.min(cpuMilli, most) : null
}

/** A guest rewrites all its memory in a second at most: that is for how long it is measured. */
const possibleDirty = ({ dirtyMiBps, memoryMiB }: ObservedVm): number | null =>
  dirtyMiBps !== null && dirtyMiBps >= 0 && dirtyMiBps <= memoryMiB ? dirtyMiBps : null

/** As believed until this sample: `before`, of the same life of the VM; or what it wanted when it began to leave. */
export const believedOf = (
  before: Belief | null,
  { state }: ObservedVm,
  leaving: Resources | null,
): Amounts => {
  const wanted = before?.wantedMilli ?? leaving?.cpuMilli ?? null
  const counts = state === 'running' || leaving !== null
  // The second sample that sees it paused surprises no more.
  const resting = before === null || wanted === null ? null : before.ran ? before.demand.cpuMilli : 0
  const memoryMiB = before?.demand.memoryMiB ?? leaving?.memoryMiB ?? 0
  return {
    cpuMilli: counts ? wanted : resting,
    memoryMiB: memoryMiB > 0 ? memoryMiB : null,
    dirtyMiBps: before?.dirtyMiBps ?? null,
  }
}

/**
 * As this sample tells. What was measured while the VM was paused for a part of the time says too little. One that is paused
 * wants nothing, unless a migration of ours has paused it.
 */
export const toldOf = (before: Belief | null, vm: ObservedVm, leaving: Resources | null): Amounts => {
  const idle = leaving === null ? 0 : null
  const wanted = before?.ran === false ? null : possibleMilli(vm)
  return {
    cpuMilli: vm.state === 'running' ? wanted : idle,
    memoryMiB: vm.memoryMiB > 0 ? vm.memoryMiB : null,
    dirtyMiBps: possibleDirty(vm),
  }
}

/** What the source promised of a VM that has just arrived. `ran`: no sample has seen it wait here, paused. */
export const promisedBelief = (demand: Resources, dirtyMiBps: number | null, ran: boolean): Belief => ({
  demand,
  wantedMilli: demand.cpuMilli,
  dirtyMiBps,
  unmeasuredSince: null,
  ran,
})

/**
 * After one more sample: `told` by it, and `settled` on with what was believed before. `leaving`: what the VM wanted when a
 * migration of ours began, while that is not over: the VM may yet go on here, and is not credited before it is gone (S9).
 */
export const believe = (
  before: Belief | null,
  vm: ObservedVm,
  told: Amounts,
  settled: Amounts,
  now: Instant,
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
    // A VM without memory is one of which nothing is known.
    wantedMilli: settled.memoryMiB === null ? null : wanted,
    dirtyMiBps: settled.dirtyMiBps,
    unmeasuredSince: measured ? null : (before?.unmeasuredSince ?? now),
    ran: runs,
  }
}

/** Nothing is known of it, or not since so long ago that it is no ground for a promise. */
export const isUnknown = ({ wantedMilli, unmeasuredSince }: Belief, now: Instant): boolean =>
  unmeasuredSince !== null && (wantedMilli === null || now - unmeasuredSince > limits.demandAgeMsMax)
