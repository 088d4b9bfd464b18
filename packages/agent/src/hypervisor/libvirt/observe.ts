/**
 * Looks at one VM. Everything that the driver says about a VM rests on such a look.
 *
 * The job is asked before the state: if the job ends in between, the state is newer and true. The other way round,
 * "paused" (for the switch-over) and then "no job" (given up, and running again) would make a paused VM of a running one.
 */
import type { VmId } from '@drover/protocol'
import type { Presence } from '../hypervisor-port.ts'
import { HypervisorError } from '../hypervisor-port.ts'
import type { Domain } from './domain.ts'
import { isLibvirtError, libvirtCode } from './libvirt-errors.ts'
import { isLeftPaused } from './paused-by.ts'
import {
  domainByUuid,
  domainState,
  domainStates,
  hasManagedSave,
  jobOperations,
  jobStats,
  jobTypes,
  type Procedure,
} from './procedures.ts'
import { numberOf, type TypedValues } from './typed-params.ts'

/** A connection, or a link to one. */
export interface Caller {
  call<Args, Result>(
    procedure: Procedure<Args, Result>,
    args: Args,
    timeoutMs?: number | null,
  ): Promise<Result>
}

export type Job =
  | { readonly kind: 'none' | 'incoming' | 'other' }
  | { readonly kind: 'outgoing'; readonly stats: TypedValues }

export type Observation =
  | { readonly kind: 'absent' }
  | { readonly kind: 'shut'; readonly domain: Domain }
  | {
      readonly kind: 'active'
      readonly domain: Domain
      readonly running: boolean
      /** Why it is running or paused, in libvirt's numbers. */
      readonly reason: number
      readonly job: Job
    }

/** In libvirt's numbers: executing, or at least not held. `crashed` and `suspendedByGuest` hold their memory. */
export const isRunning = (state: number): boolean =>
  state !== domainStates.paused && state !== domainStates.crashed && state !== domainStates.suspendedByGuest

/** What is not known is no verdict: as if the daemon had not answered. */
const notBelieved = (what: string): HypervisorError =>
  new HypervisorError('hypervisor.refused', `the hypervisor told ${what} that does not exist`)

export const isAbsent = (error: unknown): boolean =>
  error instanceof HypervisorError && error.code === 'vm.absent'

/**
 * The job of an active VM. A VM that is being received answers this question with an error of its own
 * ("migration statistics are available only on the source host"): nothing else tells it from a paused one for sure.
 */
const jobOf = async (caller: Caller, domain: Domain): Promise<Job> => {
  try {
    const { type, stats } = await caller.call(jobStats, { domain, flags: 0 })
    if (type === null) throw notBelieved('the type of a job')
    if (type === jobTypes.none || type >= jobTypes.completed) return { kind: 'none' }
    const operation = numberOf(stats, 'operation', null)
    return operation === jobOperations.migrationOut ? { kind: 'outgoing', stats } : { kind: 'other' }
  } catch (error) {
    if (isLibvirtError(error, libvirtCode.operationUnsupported)) return { kind: 'incoming' }
    // Not active (any more): the state, asked next, says what it is.
    if (isLibvirtError(error, libvirtCode.operationInvalid)) return { kind: 'none' }
    throw error
  }
}

export const observe = async (caller: Caller, vm: VmId): Promise<Observation> => {
  try {
    const job = await jobOf(caller, { name: '', vm, id: -1 })
    const domain = await caller.call(domainByUuid, vm)
    const { state, reason } = await caller.call(domainState, { domain, flags: 0 })
    if (state === null || reason === null) throw notBelieved('a run state')
    if (state === domainStates.shut || domain.id < 0) return { kind: 'shut', domain }
    return { kind: 'active', domain, running: isRunning(state), reason, job }
  } catch (error) {
    if (isAbsent(error)) return { kind: 'absent' }
    throw error
  }
}

/** `hasRun`: this VM is known to have run on that host, so that no migration left it paused there. */
export const locate = async (
  caller: Caller,
  vm: VmId,
  hasRun: (vm: VmId) => boolean = () => false,
): Promise<Presence> => {
  const seen = await observe(caller, vm)
  if (seen.kind === 'absent') return 'absent'
  if (seen.kind === 'active') return presenceOf(caller, seen, hasRun)
  try {
    return (await caller.call(hasManagedSave, { domain: seen.domain, flags: 0 })) ? 'saved' : 'shut'
  } catch (error) {
    if (isAbsent(error)) return 'absent'
    throw error
  }
}

const presenceOf = async (
  caller: Caller,
  { domain, job, running, reason }: Extract<Observation, { readonly kind: 'active' }>,
  hasRun: (vm: VmId) => boolean,
): Promise<Presence> => {
  if (job.kind === 'outgoing') return 'outgoing'
  if (running) return 'running'
  if (job.kind === 'incoming') return 'incoming'
  return (await isLeftPaused(caller, domain, reason, hasRun(domain.vm))) ? 'paused' : 'held'
}
