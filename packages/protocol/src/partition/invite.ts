/** Whom a leader asks to join its partition, and how. */

import type { Candidate } from '../data/candidate.ts'
import { limits } from '../data/config.ts'
import type { HostId } from '../data/ids.ts'
import type { Desk } from '../step-context.ts'
import type { Attempt } from './partition-state.ts'
import { selectMembers } from './select.ts'

export const ask = (desk: Desk, attempt: Attempt, hosts: readonly HostId[]): void => {
  attempt.phase = 'reserving'
  attempt.deadline = desk.now() + limits.reserveMs
  for (const host of hosts) attempt.members.set(host, { state: 'asked' })
  for (const host of hosts)
    desk.send(host, {
      kind: 'reserve',
      partition: attempt.partition,
      epoch: 0,
      rank: attempt.rank,
      reason: attempt.need.reason,
      intent: attempt.intent,
    })
}

/** Fit hosts that this partition has neither asked nor lost; `attempt.left` says why not the others. */
export const others = (
  attempt: Attempt,
  candidates: readonly Candidate[],
  atLeast: number,
): readonly HostId[] => {
  const room = limits.partitionHostsMax - attempt.members.size
  if (room <= 0) return []
  const fresh = candidates.filter(
    ({ summary }) => !attempt.members.has(summary.host) && !attempt.lost.has(summary.host),
  )
  const choice = selectMembers(fresh, attempt.wish, Math.min(atLeast, room))
  attempt.left = choice.left
  return choice.ask.slice(0, room)
}
