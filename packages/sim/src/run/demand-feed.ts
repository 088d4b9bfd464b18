/** Hands the kernel the changes of demand as they come: hundreds of thousands need not wait in its queue. */
import type { VmId } from '@drover/protocol'
import type { Feed } from '../time/kernel.ts'
import type { Workload } from '../workload/workload.ts'

/** Throws RangeError when the workload's changes are not in order of time. */
export const demandFeed = (
  workload: Pick<Workload, 'changes' | 'durationMs'>,
  apply: (vm: VmId, cpuMilli: number) => void,
): Feed => {
  const changes = workload.changes()[Symbol.iterator]()
  let next = changes.next()
  return {
    get nextMs() {
      return next.done === true ? Number.POSITIVE_INFINITY : next.value.atMs
    },
    happen() {
      if (next.done === true) return
      const { atMs, vm, cpuMilli } = next.value
      next = changes.next()
      if (next.done !== true && next.value.atMs < atMs)
        throw new RangeError(
          `demand of ${next.value.vm} changes at ${next.value.atMs} ms, said after ${atMs} ms`,
        )
      apply(vm, cpuMilli)
    },
  }
}
