/** What the simulated driver shows of its host's VMs: a sample as libvirt would give it, and the jobs that run. */
import type { RunningJob, Sample, VmSample } from '@drover/agent/runtime'
import { type DriverState, jobOf } from './driver-state.ts'
import {
  account,
  activeCopies,
  type Copy,
  demandOf,
  dirtyMiBpsOf,
  type HostRecord,
  memoryTakenMiB,
  vmNamed,
} from './state.ts'

/** Null: the sample lacks it. */
const sampled = ({ world, self, meter }: DriverState, copy: Copy): VmSample | null => {
  const { lies, clock } = world.inside.state
  const { vm, incarnation } = copy
  const { spec } = vm
  const wrong = lies.of(spec.vm, clock.now())
  if (wrong?.missing === true) return null
  const cpuMilli = meter.measure(copy, self.accountedAt)
  const wants = wrong?.cpuTimes === undefined || cpuMilli === null ? cpuMilli : cpuMilli * wrong.cpuTimes
  return {
    vm: spec.vm,
    name: spec.name,
    state: copy.state === 'running' ? 'running' : 'paused',
    pausedBy: copy.pausedBy,
    cpuMilli: wrong?.cpuMilli ?? wants,
    vcpus: spec.vcpus,
    memoryMiB: wrong?.memoryMiB ?? vm.memoryMiB,
    dirtyMiBps: dirtyMiBpsOf(copy),
    incarnation,
    migratable: vm.fixed === null ? { movable: true } : { movable: false, code: vm.fixed },
    diskLocked: spec.diskLocked,
    autostart: copy.autostart,
    settings: spec.settings,
  }
}

const pressureOf = (host: HostRecord): Sample['pressure'] => {
  let granted = 0
  for (const copy of host.copies.values()) granted += copy.grantedMilli
  const { cpuMilli } = demandOf(host)
  const overMiB = Math.max(0, memoryTakenMiB(host) - host.spec.capacity.memoryMiB)
  return {
    cpu: cpuMilli > 0 ? Math.round(100 * (1 - granted / cpuMilli)) : 0,
    memory: Math.min(100, Math.round((100 * overMiB) / host.spec.capacity.memoryMiB)),
  }
}

/** Its active VMs, as they are now. */
export const sampleOf = (driver: DriverState): Sample => {
  const { world, self, meter } = driver
  const { state } = world.inside
  account(state, self)
  const all = state.lies.isBlind(self.spec.name) ? [] : activeCopies(self)
  const vms: VmSample[] = []
  for (const copy of all) {
    const seen = sampled(driver, copy)
    if (seen !== null) vms.push(seen)
  }
  meter.keep(self.copies)
  return { vms, pressure: pressureOf(self) }
}

export const jobsOf = (driver: DriverState): readonly RunningJob[] =>
  [...driver.self.copies.keys()].flatMap((vm): RunningJob[] => {
    const direction = jobOf(driver, driver.self, vm)
    if (direction === null) return []
    const sent = driver.world.inside.migrations.of(vm)?.transferredMiB ?? 0
    const { spec, memoryMiB } = vmNamed(driver.world.inside.state, vm)
    return direction === 'outgoing'
      ? [{ vm, direction, sentMiB: Math.round(sent), memoryMiB: null, vcpus: null }]
      : [{ vm, direction, sentMiB: null, memoryMiB, vcpus: spec.vcpus }]
  })
