/** What the records of this host say of the other end of an action, and where they may be lost. */
import { limits } from '../data/config.ts'
import type { ActionId, HostId, VmId } from '../data/ids.ts'
import type { MigrationParts } from './migration-parts.ts'

/** Its record here names this host; or it is of a journal of before, and names none. */
export const isOtherEnd = (
  { outgoing, incoming, closed }: MigrationParts,
  action: ActionId,
  from: HostId,
): boolean => {
  const open = outgoing.all.get(action)?.to ?? incoming.all.get(action)?.from
  if (open !== undefined) return open === from
  const ends = (['departure', 'arrival'] as const).filter((end) => closed.resultOf(end, action) !== null)
  return ends.some((end) => (closed.peerOf(end, action) ?? from) === from)
}

/** A job of which the record may be lost: later than the requests of an earlier life can have been read, none of those begins. */
export const isOldJob = (
  { outgoingJobs, firstLookAt, hooks, journalIntact }: MigrationParts,
  vm: VmId,
): boolean => {
  const job = outgoingJobs.get(vm)
  if (job === undefined || firstLookAt === null || !hooks.mayLack()) return false
  return job.since <= firstLookAt + (journalIntact ? 0 : limits.lateStartMs)
}
