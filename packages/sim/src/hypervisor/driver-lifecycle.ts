/** Starts, stops, saves and resumes of the simulated driver: each changes one copy, or is refused. */
import type { Hypervisor } from '@drover/agent/runtime'
import type { VmId } from '@drover/protocol'
import { askAt, copyOn, type DriverState, jobOf, refused, unreachable } from './driver-state.ts'
import { type Copy, change, type HostRecord, incarnate, memoryTakenMiB } from './state.ts'

type Change = 'resumed' | 'saved' | 'restored' | 'started' | 'stopped'

/** A change of one copy, told to all listeners. */
const alter = (
  driver: DriverState,
  host: HostRecord,
  vm: VmId,
  what: Change,
  apply: (copy: Copy) => void,
): void => {
  const { state } = driver.world.inside
  const copy = copyOn(host, vm)
  if (jobOf(driver, host, vm) !== null) throw refused('a migration of it is running')
  change(state, [host], () => apply(copy))
  state.emit({ kind: 'vm', vm, host: host.spec.name, what })
}

/** The same here, and it takes its time. The world goes on with it when the agent that called is gone. */
const operate = async (
  driver: DriverState,
  vm: VmId,
  what: Change,
  apply: (copy: Copy) => void,
): Promise<void> => {
  const { self, world, closers, options } = driver
  const host = await askAt(driver, undefined)
  if (options.operationMs === 0) return alter(driver, host, vm, what, apply)
  await new Promise<void>((resolve, reject) => {
    const lose = (): void => reject(unreachable(self))
    closers.add(lose)
    world.clock.after(options.operationMs, () => {
      closers.delete(lose)
      // A daemon that died meanwhile undoes it when it is back.
      if (!self.alive || self.daemon === 'down') return lose()
      try {
        alter(driver, self, vm, what, apply)
        resolve()
      } catch (error) {
        reject(error)
      }
    })
  })
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
  async resume(vm, at) {
    alter(driver, await askAt(driver, at), vm, 'resumed', (copy) => {
      expectState(copy, copy.state !== 'shut')
      copy.state = 'running'
      copy.pausedBy = null
    })
  },
  save: (vm) =>
    operate(driver, vm, 'saved', (copy) => {
      expectState(copy, copy.state !== 'shut')
      copy.state = 'shut'
      copy.saved = true
      copy.pausedBy = null
    }),
  restore: (vm) =>
    operate(driver, vm, 'restored', (copy) => {
      expectState(copy, copy.saved)
      activate(copy)
    }),
  start: (vm) =>
    operate(driver, vm, 'started', (copy) => {
      expectState(copy, copy.state === 'shut' && !copy.saved)
      activate(copy)
    }),
  // A guest that does not react is asked all the same.
  shutdown: async (vm) => {
    if (driver.self.copies.get(vm)?.vm.spec.deaf === true) return void (await askAt(driver, undefined))
    await operate(driver, vm, 'stopped', (copy) => {
      expectState(copy, copy.state !== 'shut')
      copy.state = 'shut'
      copy.pausedBy = null
    })
  },
})
