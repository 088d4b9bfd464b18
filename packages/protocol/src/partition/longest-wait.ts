/** How long a leader waits for what runs of its plan: no longer than that may take. */
import type { Action, ProblemVm } from '@drover/placement'
import { limits, type Policy } from '../data/config.ts'
import { longestMs } from '../migration/migration-job.ts'
import type { PartitionState } from './partition-state.ts'
import * as progress from './plan-progress.ts'

/** Until its end is known, ms, if both ends answer: it is broken off, and asked about in two rounds. */
const settledMs = limits.stopAgainMs + limits.lateStartMs + 2 * limits.settleRoundMsMax

/** `vm`: as the problem of the plan has it. */
export const longestOf = (
  action: Action,
  vm: Pick<ProblemVm, 'memoryMiB' | 'dirtyMiBps'> | undefined,
  policy: Policy,
): number => {
  if (action.kind !== 'migrate') return limits.shutdownMs + limits.operationSlowMs
  return limits.admitMs + longestMs(vm?.memoryMiB ?? 0, vm?.dirtyMiBps ?? 0, policy) + settledMs
}

/** From the last action that began or ended, ms. */
export const longestWaitMs = (state: PartitionState, policy: Policy): number => {
  const open = state.execution === null ? [] : progress.running(state.execution)
  const vms = state.problem?.vms
  return Math.max(
    0,
    ...open.map((action) =>
      longestOf(
        action,
        vms?.find(({ id }) => id === action.vm),
        policy,
      ),
    ),
  )
}
