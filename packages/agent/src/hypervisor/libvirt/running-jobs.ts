/** The jobs that run on VMs of this host now, as the daemon tells them. */
import type { VmId } from '@drover/protocol'
import { HypervisorError, type RunningJob } from '../hypervisor-port.ts'
import type { Domain } from './domain.ts'
import { type Caller, observe } from './observe.ts'
import { domainInfo, listDomains, listFlags } from './procedures.ts'
import { sentMiBOf } from './progress.ts'

export interface Jobs {
  readonly migrations: readonly RunningJob[]
  /**
   * VMs on which a job runs that is no migration: a backup, a save, a dump, a snapshot that is being taken. A migration would wait
   * half a minute for it, and then be refused.
   */
  readonly busy: ReadonlySet<VmId>
}

export const runningJobs = async (caller: Caller): Promise<Jobs> => {
  const busy = new Set<VmId>()
  const domains = await caller.call(listDomains, { flags: listFlags.active })
  const jobs = await Promise.all(
    domains.map(async ({ vm }): Promise<RunningJob | null> => {
      const seen = await observe(caller, vm)
      if (seen.kind !== 'active') return null
      if (seen.job.kind === 'other') busy.add(vm)
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
  return { migrations: jobs.filter((job) => job !== null), busy }
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
