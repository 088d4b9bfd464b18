/** A record of a decision is taken from the host that led its partition, and from no other: no record is written over by a third host. */
import { type HostId, leaderOf } from '../data/ids.ts'
import type { Assign, Recorded } from '../data/message.ts'

export const isItsRecord = (
  from: HostId,
  { partition, decision }: Pick<Assign | Recorded, 'partition' | 'decision'>,
): boolean => leaderOf(partition) === from && decision.id === partition && decision.leader === from
