/** How often to look at the hypervisor: a host that is nearly full looks closer, because every second of overload counts. */

import { fits, type Resources, scale, sum } from '@drover/placement'
import { limits } from '../data/config.ts'
import type { ObservedVm } from '../data/io.ts'
import { mostMilli } from '../snapshot/belief.ts'

/** The time to the next look, ms, from what the last one saw. */
export const samplePeriodMs = (sampleMs: number, seen: readonly ObservedVm[], usable: Resources): number => {
  // Not measured is not idle: what is unknown is worth a closer look.
  const most = ({ cpuMilli, vcpus }: ObservedVm) => cpuMilli ?? mostMilli(vcpus)
  const demand = sum(
    seen.map((vm) => ({ cpuMilli: vm.state === 'running' ? most(vm) : 0, memoryMiB: vm.memoryMiB })),
  )
  if (fits(demand, scale(usable, limits.nearlyFullPermille))) return sampleMs
  return Math.min(sampleMs, Math.max(limits.samplePeriodMsMin, Math.floor(sampleMs / limits.closerLookTimes)))
}
