/** What a driver does to one VM beside migrating it. Each command looks first, so that repeating it does no harm. */
import type { VmId } from '@drover/protocol'
import { type Hypervisor, HypervisorError } from '../hypervisor-port.ts'
import { type Daemons, find } from './daemons.ts'
import { type Caller, type Observation, observe } from './observe.ts'
import {
  abortJob,
  domainCreate,
  domainResume,
  domainShutdown,
  getAutostart,
  hasManagedSave,
  managedSave,
  setAutostart,
} from './procedures.ts'

export type VmCommands = Pick<
  Hypervisor,
  'abort' | 'resume' | 'setAutostart' | 'save' | 'restore' | 'start' | 'shutdown'
>

export const createVmCommands = ({ link, ask, lasting }: Daemons): VmCommands => ({
  abort: async (vm) => {
    const seen = await present(link, vm)
    // libvirt would stop whatever job there is.
    if (seen.kind !== 'active' || seen.job.kind !== 'outgoing')
      throw new HypervisorError('hypervisor.refused', 'no migration away from here runs on the VM')
    await link.call(abortJob, seen.domain)
  },
  resume: (vm, at) => (at === undefined ? resume(link, vm) : ask((caller) => resume(caller, vm), at)),
  setAutostart: async (vm) => {
    const seen = await present(link, vm)
    if (await link.call(getAutostart, seen.domain)) return
    refuseBehindJob(seen)
    await link.call(setAutostart, { domain: seen.domain, autostart: true })
  },
  save: (vm) => lasting(managedSave, vm),
  restore: async (vm) => {
    const seen = await observe(link, vm)
    if (seen.kind === 'active') return
    const saved = await link.call(hasManagedSave, { domain: await find(link, vm), flags: 0 })
    // Starting without the saved state would boot the guest afresh: not what was asked for.
    if (!saved) throw new HypervisorError('hypervisor.refused', 'the VM has no saved state')
    await lasting(domainCreate, vm)
  },
  start: async (vm) => {
    const seen = await observe(link, vm)
    if (seen.kind !== 'active') await lasting(domainCreate, vm)
  },
  shutdown: async (vm) => {
    const seen = await present(link, vm)
    if (seen.kind === 'active') await link.call(domainShutdown, seen.domain)
  },
})

/** Throws `vm.absent` where `observe` says so. */
const present = async (caller: Caller, vm: VmId): Promise<Exclude<Observation, { kind: 'absent' }>> => {
  const seen = await observe(caller, vm)
  if (seen.kind === 'absent') throw new HypervisorError('vm.absent', `no VM ${vm}`)
  return seen
}

/** While a migration runs, libvirt would queue a request behind it and carry it out at an unforeseen moment. */
const refuseBehindJob = (seen: Observation): void => {
  if (seen.kind === 'active' && seen.job.kind !== 'none')
    throw new HypervisorError('hypervisor.refused', `a job runs on the VM (${seen.job.kind})`)
}

const resume = async (caller: Caller, vm: VmId): Promise<void> => {
  const seen = await present(caller, vm)
  if (seen.kind === 'active' && seen.running) return
  refuseBehindJob(seen)
  await caller.call(domainResume, seen.domain)
}
