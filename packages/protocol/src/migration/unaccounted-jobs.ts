/**
 * Migrations away from here, or to here, that no action accounts for: an operator's, or one of drover's whose
 * records are gone at both ends. None of them is broken off; of one that would be, if it were drover's, an operator hears.
 */
import { linkMiBpsOf, type Policy } from '../data/config.ts'
import type { Instant, VmId } from '../data/ids.ts'
import type { OutgoingJob } from '../data/io.ts'
import { earliest } from '../step-context.ts'
import { expected, type Job, jobOf, told, whyBreakOff } from './migration-job.ts'

export type UnderWay = ReadonlyMap<VmId, Job>

/** All in one direction, as the hypervisor has just told. */
export const jobsNow = (
  before: UnderWay,
  jobs: readonly OutgoingJob[],
  memoryMiBOf: (vm: VmId) => number,
  policy: Policy,
  now: Instant,
): UnderWay => {
  if (jobs.length === 0 && before.size === 0) return before
  return new Map(
    jobs.map(({ vm, sentMiB }) => {
      // How fast it rewrites memory is not known: as long as it may take at all.
      const job = before.get(vm) ?? jobOf(now, memoryMiBOf(vm), linkMiBpsOf(policy))
      return [vm, told(job, sentMiB, now)]
    }),
  )
}

/** Most hosts move no VM away. */
const none: readonly VmId[] = []

/** Those that would be broken off by now, if they were ours. */
export const overdue = (
  jobs: UnderWay,
  accounted: (vm: VmId) => boolean,
  policy: Policy,
  now: Instant,
): readonly VmId[] =>
  jobs.size === 0
    ? none
    : [...jobs].flatMap(([vm, job]) => (!accounted(vm) && whyBreakOff(job, policy, now) !== null ? [vm] : []))

/** When one of them that is not overdue by now will be, if nothing is told of it until then; null = there is none. */
export const overdueAt = (
  jobs: UnderWay,
  accounted: (vm: VmId) => boolean,
  policy: Policy,
  now: Instant,
): Instant | null =>
  jobs.size === 0
    ? null
    : earliest(
        [...jobs].map(([vm, job]) =>
          accounted(vm) || whyBreakOff(job, policy, now) !== null ? null : expected(job, policy, now).overAt,
        ),
      )
