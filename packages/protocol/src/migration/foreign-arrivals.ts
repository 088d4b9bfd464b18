/**
 * VMs that an operator brings to this host by hand. They take room here and a place among the migrations that come in, as those
 * that were promised do. What they want is not measured before they run here: until then all their vCPUs count.
 */
import type { Resources } from '@drover/placement'
import { limits } from '../data/config.ts'
import type { VmId } from '../data/ids.ts'
import type { IncomingJob } from '../data/io.ts'
import { mostMilli } from '../snapshot/belief.ts'
import type { Expected } from '../snapshot/ledger.ts'

export interface ForeignArrival extends Expected {
  readonly action: null
  /** Its job is over: the next sample shows it, or it has not come. */
  readonly ended: boolean
}
export type ForeignArrivals = ReadonlyMap<VmId, ForeignArrival>

/** Most hosts get none. */
export const noArrivals: ForeignArrivals = new Map()

/** Of unknown size, it may want all that a host can have. */
const demandOf = ({ memoryMiB, vcpus }: IncomingJob): Resources => ({
  cpuMilli: vcpus === null || !(vcpus >= 1) ? limits.amountMax : mostMilli(vcpus),
  memoryMiB:
    memoryMiB === null || !(memoryMiB > 0) ? limits.amountMax : Math.min(limits.amountMax, memoryMiB),
})

/** `jobs`: those that no action of drover accounts for, as the hypervisor has just told. */
export const arrivalsNow = (
  before: ForeignArrivals,
  jobs: readonly IncomingJob[],
  isHere: (vm: VmId) => boolean,
): ForeignArrivals => {
  if (before.size === 0 && jobs.length === 0) return before
  const next = new Map<VmId, ForeignArrival>()
  for (const [vm, one] of before) if (!isHere(vm)) next.set(vm, { ...one, ended: true })
  for (const job of jobs) next.set(job.vm, { action: null, vm: job.vm, demand: demandOf(job), ended: false })
  return next
}

/** A sample has been taken since. */
export const arrivalsSampled = (before: ForeignArrivals): ForeignArrivals =>
  [...before.values()].some((one) => one.ended)
    ? new Map([...before].filter(([, one]) => !one.ended))
    : before
