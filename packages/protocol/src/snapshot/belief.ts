/**
 * What is believed of one VM's CPU demand, sample by sample. Unknown is never zero: a host that took it for nothing would
 * promise what it does not have (adr/011). So a VM that runs and was not measured counts
 *
 * - what it was promised to want, when it has just arrived;
 * - what it last wanted, when an earlier sample measured this life of it;
 * - all its vCPUs, when nothing is known of it. Its host then promises nothing.
 *
 * What cannot be is not believed, whatever a driver says: a VM wants no more than its vCPUs can run, and has some memory.
 */

import type { Resources } from '@drover/placement'
import { limits } from '../data/config.ts'
import type { Instant } from '../data/ids.ts'
import type { ObservedVm } from '../data/io.ts'

export interface Belief {
  readonly demand: Resources
  /** What it wanted when it last ran, measured or promised, cpuMilli. Null: nothing is known of it. */
  readonly wantedMilli: number | null
  /** Since when it runs without a measurement. Null: the last sample measured it, or it does not run. */
  readonly unmeasuredSince: Instant | null
  /** The last sample saw it running. */
  readonly ran: boolean
}

/** The most that a VM can want. */
export const mostMilli = (vcpus: number): number => Math.max(1, vcpus) * 1_000

/** Clocks and counters are read one after the other: a measurement may exceed the truth by so much, permille. */
const toleratedPermille = 1_250

/** A measurement that may be true, cpuMilli; null where it may not, or is none. */
const possibleMilli = ({ cpuMilli, vcpus }: ObservedVm): number | null => {
  const most = mostMilli(vcpus)
  if (cpuMilli === null || cpuMilli < 0 || cpuMilli * 1_000 > most * toleratedPermille) return null
  return Math.min(cpuMilli, most)
}

/** What the source promised of a VM that has just arrived. `ran`: no sample has seen it wait here, paused. */
export const promisedBelief = (demand: Resources, ran: boolean): Belief => ({
  demand,
  wantedMilli: demand.cpuMilli,
  unmeasuredSince: null,
  ran,
})

/**
 * After one more sample. `before`: of the same life of the VM, or null. `leaving`: what it wanted when a migration of ours
 * began, while that is not over: it may have paused the VM, which may yet go on here, and is not credited before it is gone
 * (S9).
 */
export const believe = (
  before: Belief | null,
  vm: ObservedVm,
  now: Instant,
  leaving: Resources | null,
): Belief => {
  const runs = vm.state === 'running'
  // What was measured while it was paused for a part of the time says too little.
  const memoryMiB = vm.memoryMiB > 0 ? vm.memoryMiB : (before?.demand.memoryMiB ?? 0)
  // A VM without memory is one of which nothing is known.
  const measured = runs && before?.ran !== false && memoryMiB > 0 ? possibleMilli(vm) : null
  const wantedMilli = measured ?? before?.wantedMilli ?? leaving?.cpuMilli ?? null
  const counts = runs || leaving !== null
  return {
    demand: { cpuMilli: counts ? (wantedMilli ?? mostMilli(vm.vcpus)) : 0, memoryMiB },
    wantedMilli,
    unmeasuredSince: runs && measured === null ? (before?.unmeasuredSince ?? now) : null,
    ran: runs,
  }
}

/** Nothing is known of it, or not since so long ago that it is no ground for a promise. */
export const isUnknown = ({ wantedMilli, unmeasuredSince }: Belief, now: Instant): boolean =>
  unmeasuredSince !== null && (wantedMilli === null || now - unmeasuredSince > limits.demandAgeMsMax)
