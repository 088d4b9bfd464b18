/** Which hosts a leader asks to join its partition, and how. */

import type { Candidate } from '../data/candidate.ts'
import { limits } from '../data/config.ts'
import type { HostId } from '../data/ids.ts'
import type { StepContext } from '../step-context.ts'
import type { PartitionState } from './partition-state.ts'
import { selectMembers } from './select.ts'

export const ask = (context: StepContext, state: PartitionState, hosts: readonly HostId[]): void => {
  state.phase = 'reserving'
  state.deadline = context.now() + limits.reserveMs
  for (const host of hosts) state.members.set(host, { state: 'asked' })
  for (const host of hosts)
    context.send(host, {
      kind: 'reserve',
      partition: state.partition,
      epoch: 0,
      rank: state.rank,
      reason: state.need.reason,
      intent: state.intent,
    })
}

/** Fit hosts that this partition has neither asked nor lost; `state.left` says why not the others. */
export const others = (
  state: PartitionState,
  candidates: readonly Candidate[],
  atLeast: number,
): readonly HostId[] => {
  const room = limits.partitionHostsMax - state.members.size
  if (room <= 0) return []
  const fresh = candidates.filter(
    ({ summary }) => !state.members.has(summary.host) && !state.lost.has(summary.host),
  )
  const choice = selectMembers(fresh, state.requirements, Math.min(atLeast, room))
  state.left = choice.left
  return choice.ask.slice(0, room)
}
