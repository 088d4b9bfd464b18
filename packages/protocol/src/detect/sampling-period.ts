/** How often to look at the hypervisor: a host that is nearly full looks closer, because every second of overload counts. */

import { fits, type Resources, scale, sum } from '@drover/placement'
import type { ObservedVm } from '../data/io.ts'
import { mostMilli } from '../snapshot/belief.ts'

/** Of what is usable, permille: above it the next change may be an overload. */
const nearlyFullPermille = 950
const closerTimes = 4
/** CPU time over less than this, ms, says little about demand. */
const periodMsMin = 200

/** The time to the next look, ms, from what the last one saw. */
export const samplePeriodMs = (sampleMs: number, seen: readonly ObservedVm[], usable: Resources): number => {
  // Not measured is not idle: what nobody knows yet is worth a closer look.
  const most = ({ cpuMilli, vcpus }: ObservedVm) => cpuMilli ?? mostMilli(vcpus)
  const demand = sum(
    seen.map((vm) => ({ cpuMilli: vm.state === 'running' ? most(vm) : 0, memoryMiB: vm.memoryMiB })),
  )
  if (fits(demand, scale(usable, nearlyFullPermille))) return sampleMs
  return Math.min(sampleMs, Math.max(periodMsMin, Math.floor(sampleMs / closerTimes)))
}
