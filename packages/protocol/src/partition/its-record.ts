/**
 * Records of decisions that other hosts led. A record is taken only from the host that led its partition: no third host writes over it.
 * Of each such host a bounded number is kept: what one host says pushes out no records of others.
 */

import { limits } from '../data/config.ts'
import type { Decision } from '../data/decision.ts'
import { type HostId, leaderOf } from '../data/ids.ts'
import type { Assign, Recorded } from '../data/message.ts'

export const isItsRecord = (
  from: HostId,
  { partition, decision }: Pick<Assign | Recorded, 'partition' | 'decision'>,
): boolean => leaderOf(partition) === from && decision.id === partition && decision.leader === from

/** `decisions`: newest first. Without the oldest that the leader of this one led, if there are too many. */
export const fewOf = (
  { leader, asMember }: Decision,
  decisions: readonly Decision[],
): readonly Decision[] => {
  if (!asMember) return decisions
  let kept = 0
  return decisions.filter((one) => {
    if (!one.asMember || one.leader !== leader) return true
    kept += 1
    return kept <= limits.decisionsOfPeerMax
  })
}
