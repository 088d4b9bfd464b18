/** Starts, stops, saves, resumes and autostart of the simulated driver: each changes one copy, or is refused. */
import type { Hypervisor } from '@drover/agent/runtime'
import type { VmId } from '@drover/protocol'
import { askAt, copyOn, type DriverState, jobOf, refused, timedOut, unreachable } from './driver-state.ts'
import type { RequestKind } from './faults.ts'
import { putRequest } from './requests.ts'
import { type Copy, change, type HostRecord, incarnate, memoryTakenMiB, runsElsewhere } from './state.ts'

type Change = 'resumed' | 'saved' | 'restored' | 'started' | 'stopped'

/** A change of one copy, told to all listeners. */
const alter = (
  driver: DriverState,
  host: HostRecord,
  vm: VmId,
  what: Change,
  apply: (copy: Copy) => void,
  askedAt?: number,
): void => {
  const { state } = driver.world.inside
  const copy = copyOn(host, vm)
  if (jobOf(driver, host, vm) !== null) throw refused('a migration of it is running')
  change(state, [host], () => apply(copy))
  state.emit({ kind: 'vm', vm, host: host.spec.name, what, ...(askedAt === undefined ? {} : { askedAt }) })
}

/**
 * Sends the daemon a request that changes something, and waits for its answer. It is carried out when it is read, which may be
 * later than its sender waits, or lives. Throws as `ask` does, and what `carryOut` throws.
 */
export const request = (
  driver: DriverState,
  host: HostRecord,
  call: Exclude<RequestKind, 'migrate'>,
  vm: VmId,
  carryOut: (done: () => void, failed: (error: unknown) => void) => void,
): Promise<void> => {
  const { world, closers, options } = driver
  const { state, lateness } = world.inside
  const lateMs = lateness(call, vm, host.spec.name) + host.slowMs
  return new Promise<void>((resolve, reject) => {
    const settle = (how: () => void): void => {
      cancel()
      closers.delete(lose)
      how()
    }
    const lose = (): void => settle(() => reject(unreachable(host)))
    const read = (): void =>
      carryOut(
        () => settle(resolve),
        (error) => settle(() => reject(error)),
      )
    let cancel = (): void => {}
    closers.add(lose)
    if (lateMs === 0 && host.daemon === 'up') return read()
    const waitMs =
      call === 'start' || call === 'save' || call === 'restore' ? options.storageMs : options.timeoutMs
    cancel = world.clock.after(waitMs, () => settle(() => reject(timedOut(host))))
    putRequest(state, host, lateMs, { read, lost: lose })
  })
}

/** A change here that takes its time. The world goes on with it when the agent that called is gone. */
const operate = async (
  driver: DriverState,
  call: Exclude<RequestKind, 'migrate' | 'resume' | 'abort' | 'setAutostart'>,
  vm: VmId,
  what: Change,
  apply: (copy: Copy) => void,
): Promise<void> => {
  const { self, world, options } = driver
  const host = await askAt(driver, undefined)
  await request(driver, host, call, vm, (done, failed) => {
    const change = (): void => {
      // A daemon that died meanwhile undoes it when it is back.
      if (!self.alive || self.daemon === 'down') return failed(unreachable(self))
      try {
        alter(driver, self, vm, what, apply)
        done()
      } catch (error) {
        failed(error)
      }
    }
    if (options.operationMs === 0) change()
    else world.clock.after(options.operationMs, change)
  })
}

const expectState = (copy: Copy, ok: boolean): void => {
  if (!ok) throw refused(`${copy.vm.spec.name} is ${copy.saved ? 'saved' : copy.state}`)
}

const unpause = (copy: Copy): void => {
  expectState(copy, copy.state !== 'shut')
  // The lock manager of its disks keeps it from running twice.
  if (copy.vm.spec.diskLocked && runsElsewhere(copy)) throw refused('its disks are in use elsewhere')
  copy.state = 'running'
  copy.pausedBy = null
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
): Pick<Hypervisor, 'resume' | 'setAutostart' | 'save' | 'restore' | 'start' | 'shutdown'> => ({
  async resume(vm, at) {
    const askedAt = driver.world.clock.now()
    const host = await askAt(driver, at)
    // libvirt would keep it waiting behind the job: it is not asked at all.
    if (jobOf(driver, host, vm) !== null) throw refused('a migration of it is running')
    await request(driver, host, 'resume', vm, (done, failed) => {
      try {
        alter(driver, host, vm, 'resumed', unpause, askedAt)
        done()
      } catch (error) {
        failed(error)
      }
    })
  },
  async setAutostart(vm) {
    const askedAt = driver.world.clock.now()
    const host = await askAt(driver, undefined)
    if (copyOn(host, vm).autostart) return
    if (jobOf(driver, host, vm) !== null) throw refused('a migration of it is running')
    await request(driver, host, 'setAutostart', vm, (done, failed) => {
      try {
        const copy = copyOn(host, vm)
        const changes = !copy.autostart
        copy.autostart = true
        const event = { kind: 'autostart-set', vm, host: host.spec.name, autostart: true, askedAt } as const
        if (changes) driver.world.inside.state.emit(event)
        done()
      } catch (error) {
        failed(error)
      }
    })
  },
  save: (vm) =>
    operate(driver, 'save', vm, 'saved', (copy) => {
      expectState(copy, copy.state !== 'shut')
      copy.state = 'shut'
      copy.saved = true
      copy.pausedBy = null
    }),
  restore: (vm) =>
    operate(driver, 'restore', vm, 'restored', (copy) => {
      expectState(copy, copy.saved)
      activate(copy)
    }),
  start: (vm) =>
    operate(driver, 'start', vm, 'started', (copy) => {
      expectState(copy, copy.state === 'shut' && !copy.saved)
      activate(copy)
    }),
  // A guest that does not react is asked all the same.
  shutdown: async (vm) => {
    if (driver.self.copies.get(vm)?.vm.spec.deaf === true) return void (await askAt(driver, undefined))
    await operate(driver, 'shutdown', vm, 'stopped', (copy) => {
      expectState(copy, copy.state !== 'shut')
      copy.state = 'shut'
      copy.pausedBy = null
    })
  },
})
