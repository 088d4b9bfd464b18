/** What an agent's hypervisor would tell it, read from the simulated world. */
import {
  codeFrom,
  type HostDescription,
  nothing,
  type ObservedVm,
  type Presence,
  type VmId,
} from '@drover/protocol'
import type { RunHost, SimulatedRun } from '../../run/simulated-run.ts'

export const uriOf = (host: RunHost): string => `sim://${host.record.spec.name}`

/** All of a host is for VMs: the workload has taken off what the host keeps. */
export const describe = (host: RunHost): HostDescription => ({
  name: host.record.spec.name,
  location: '',
  capacity: host.record.spec.capacity,
  reserve: nothing,
  cpuBaseline: host.record.spec.cpuBaseline,
  failureDomain: null,
  migrationUri: uriOf(host),
  version: 'simulated',
})

/** Its VMs as they are now, sorted by id. */
export const observedOn = (host: RunHost): readonly ObservedVm[] => {
  const seen: ObservedVm[] = []
  for (const vm of host.vms) {
    const copy = host.record.copies.get(vm.spec.vm)
    if (copy === undefined) continue
    const { spec } = vm
    const running = copy.state === 'running'
    const dirty =
      typeof spec.dirtyMiBps === 'number' ? spec.dirtyMiBps : spec.dirtyMiBps(copy.grantedMilli, vm.cpuMilli)
    seen.push({
      vm: spec.vm,
      name: spec.name,
      // The last moment of a migration is too short for a sample to tell it from running.
      state: running || copy.pausedBy === 'migration' ? 'running' : 'paused',
      pausedBy: running ? null : copy.pausedBy,
      incarnation: copy.incarnation,
      cpuMilli: vm.cpuMilli,
      vcpus: spec.vcpus,
      memoryMiB: vm.memoryMiB,
      dirtyMiBps: running ? Math.round(dirty) : 0,
      fixed: vm.fixed === null ? null : codeFrom(vm.fixed),
      // Shared disks with locks: a VM runs where it arrives, there is no paused hand-over to wait for.
      diskLocked: true,
      autostart: false,
    })
  }
  return seen
}

export const presenceOn = (run: SimulatedRun, host: RunHost, vm: VmId): Presence => {
  const copy = host.record.copies.get(vm)
  if (copy === undefined) return 'absent'
  if (copy.state === 'incoming') return 'incoming'
  return run.moving(vm) && run.hostOf(vm) === host ? 'outgoing' : copy.state
}
