/** Starts, stops, saves and resumes of the simulated driver: each changes one copy, or is refused. */
import type { Hypervisor } from '@drover/agent/runtime'
import type { VmId } from '@drover/protocol'
import { askAt, copyOn, type DriverState, jobOf, refused } from './driver-state.ts'
import { type Copy, change, incarnate, memoryTakenMiB } from './state.ts'

/** A change of one copy, told to all listeners. */
const alter = async (
  driver: DriverState,
  vm: VmId,
  at: string | undefined,
  what: 'resumed' | 'saved' | 'restored' | 'started' | 'stopped',
  apply: (copy: Copy) => void,
): Promise<void> => {
  const { state } = driver.world.inside
  const host = await askAt(driver, at)
  const copy = copyOn(host, vm)
  if (jobOf(driver, host, vm) !== null) throw refused('a migration of it is running')
  change(state, [host], () => apply(copy))
  state.emit({ kind: 'vm', vm, host: host.spec.name, what })
}

const expectState = (copy: Copy, ok: boolean): void => {
  if (!ok) throw refused(`${copy.vm.spec.name} is ${copy.saved ? 'saved' : copy.state}`)
}

const activate = (copy: Copy): void => {
  const { host, vm } = copy
  if (memoryTakenMiB(host) + vm.memoryMiB > host.spec.capacity.memoryMiB)
    throw refused(`cannot allocate ${vm.memoryMiB} MiB`)
  copy.state = 'running'
  copy.saved = false
  incarnate(copy)
}

export const lifecycleOf = (
  driver: DriverState,
): Pick<Hypervisor, 'resume' | 'save' | 'restore' | 'start' | 'shutdown'> => ({
  resume: (vm, at) =>
    alter(driver, vm, at, 'resumed', (copy) => {
      expectState(copy, copy.state !== 'shut')
      copy.state = 'running'
      copy.pausedBy = null
    }),
  save: (vm) =>
    alter(driver, vm, undefined, 'saved', (copy) => {
      expectState(copy, copy.state !== 'shut')
      copy.state = 'shut'
      copy.saved = true
      copy.pausedBy = null
    }),
  restore: (vm) =>
    alter(driver, vm, undefined, 'restored', (copy) => {
      expectState(copy, copy.saved)
      activate(copy)
    }),
  start: (vm) =>
    alter(driver, vm, undefined, 'started', (copy) => {
      expectState(copy, copy.state === 'shut' && !copy.saved)
      activate(copy)
    }),
  shutdown: (vm) =>
    alter(driver, vm, undefined, 'stopped', (copy) => {
      expectState(copy, copy.state !== 'shut')
      copy.state = 'shut'
      copy.pausedBy = null
    }),
})
