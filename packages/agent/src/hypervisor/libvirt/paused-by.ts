/**
 * Whose doing is a pause? libvirt says of a copy that arrived paused what it says of a VM that its owner paused. But the last job of
 * such a copy was to be received, and it has not run here: its vCPUs have used no time.
 */
import { HypervisorError } from '../hypervisor-port.ts'
import { vcpusTold } from './cpu-counters.ts'
import type { Domain } from './domain.ts'
import type { Caller } from './observe.ts'
import {
  allDomainStats,
  jobOperations,
  jobStats,
  jobStatsFlags,
  pausedReasons,
  statsFlags,
  statsGroups,
} from './procedures.ts'
import { numberOf, type TypedValues } from './typed-params.ts'

/** A vCPU that has executed for less than this was only made ready, ns. The kernel counts in steps of 10 ms. */
const madeReadyNs = 50_000_000

export const hasRun = (stats: TypedValues): boolean => {
  const told = vcpusTold(stats)
  // A VM that is busy with a job may not tell: nothing is known.
  return told.length === 0 || told.some(({ time }) => time >= madeReadyNs)
}

/** The last job of the VM here was its arrival. A daemon that was restarted since does not know. */
export const wasReceived = async (caller: Caller, domain: Domain): Promise<boolean> => {
  try {
    const { stats } = await caller.call(jobStats, {
      domain,
      flags: jobStatsFlags.completed | jobStatsFlags.keep,
    })
    return numberOf(stats, 'operation', null) === jobOperations.migrationIn
  } catch (error) {
    // It may have gone meanwhile, or the daemon is too old to say.
    if (error instanceof HypervisorError) return false
    throw error
  }
}

/** The reasons of libvirt that do not rule out that a migration left it so. */
const maybeLeft: ReadonlySet<number> = new Set([
  pausedReasons.unknown,
  pausedReasons.migration,
  pausedReasons.startingUp,
])

/**
 * A migration left it paused: at its source, or at its destination, where it has not run yet. `ran`: it is known to have run there.
 * Asks once more only where the reason does not tell.
 */
export const isLeftPaused = async (
  caller: Caller,
  domain: Domain,
  reason: number,
  ran: boolean,
): Promise<boolean> => {
  if (maybeLeft.has(reason)) return true
  if (ran || reason !== pausedReasons.byUser) return false
  const [one] = await caller.call(allDomainStats, {
    domains: [domain],
    groups: statsGroups.vcpu,
    flags: statsFlags.noWait,
  })
  return one !== undefined && !hasRun(one.stats)
}
