/** The migrations that run on this host now, as the daemon tells them. */
import { HypervisorError, type RunningJob } from '../hypervisor-port.ts'
import type { Domain } from './domain.ts'
import { type Caller, observe } from './observe.ts'
import { domainInfo, listDomains, listFlags } from './procedures.ts'
import { sentMiBOf } from './progress.ts'

export const runningJobs = async (caller: Caller): Promise<RunningJob[]> => {
  const domains = await caller.call(listDomains, { flags: listFlags.active })
  const jobs = await Promise.all(
    domains.map(async ({ vm }): Promise<RunningJob | null> => {
      const seen = await observe(caller, vm)
      if (seen.kind !== 'active') return null
      if (seen.job.kind === 'outgoing')
        return {
          vm,
          direction: 'outgoing',
          sentMiB: sentMiBOf(seen.job.stats),
          memoryMiB: null,
          vcpus: null,
        }
      if (seen.job.kind !== 'incoming') return null
      return { vm, direction: 'incoming', sentMiB: null, ...(await sizeOf(caller, seen.domain)) }
    }),
  )
  return jobs.filter((job) => job !== null)
}

/** It may have arrived, or be gone, since it was seen. */
const sizeOf = async (caller: Caller, domain: Domain): Promise<Pick<RunningJob, 'memoryMiB' | 'vcpus'>> => {
  try {
    const { memoryMaxKiB, vcpus } = await caller.call(domainInfo, domain)
    return { memoryMiB: memoryMaxKiB === null ? null : Math.ceil(memoryMaxKiB / 1_024), vcpus }
  } catch (error) {
    if (error instanceof HypervisorError) return { memoryMiB: null, vcpus: null }
    throw error
  }
}
