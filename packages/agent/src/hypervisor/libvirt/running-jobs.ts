/** The migrations that run on this host now, as the daemon tells them. */
import type { RunningJob } from '../hypervisor-port.ts'
import { type Caller, observe } from './observe.ts'
import { listDomains, listFlags } from './procedures.ts'
import { progressOf } from './progress.ts'

export const runningJobs = async (caller: Caller): Promise<RunningJob[]> => {
  const domains = await caller.call(listDomains, { flags: listFlags.active })
  const jobs = await Promise.all(
    domains.map(async ({ vm }): Promise<RunningJob | null> => {
      const seen = await observe(caller, vm)
      if (seen.kind !== 'active') return null
      if (seen.job.kind === 'outgoing')
        return { vm, direction: 'outgoing', sentMiB: progressOf(seen.job.stats).transferredMiB }
      return seen.job.kind === 'incoming' ? { vm, direction: 'incoming', sentMiB: null } : null
    }),
  )
  return jobs.filter((job) => job !== null)
}
