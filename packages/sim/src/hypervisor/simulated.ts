/**
 * The simulated driver of the hypervisor port: what one agent may know of the world and do to it. Nothing of an
 * agent's life is kept here: an agent that dies leaves its migrations running in the world, as libvirt would.
 */
import type { Hypervisor, HypervisorEvent } from '@drover/agent/runtime'
import { createCpuMeter } from './cpu-meter.ts'
import { lifecycleOf } from './driver-lifecycle.ts'
import { migrationOf } from './driver-migrate.ts'
import { jobsOf, sampleOf } from './driver-sample.ts'
import {
  answers,
  ask,
  askAt,
  type DriverState,
  presenceAt,
  type SimulatedOptions,
  uriOf,
} from './driver-state.ts'
import type { WorldEvent } from './events.ts'
import type { World } from './world.ts'

/** What this host's hypervisor tells its agent of an event of the world; null = nothing. */
const toldOf = (hostName: string, event: WorldEvent): HypervisorEvent | null => {
  switch (event.kind) {
    case 'vm':
      return event.host === hostName ? { kind: 'changed', vm: event.vm, what: event.what } : null
    case 'migration-finished':
    case 'migration-ended': {
      const { vm, from, to } = event.migration
      if (from !== hostName && to !== hostName) return null
      return { kind: 'changed', vm, what: to === hostName ? 'arrived' : 'left' }
    }
    case 'daemon':
      if (event.host !== hostName || event.daemon === 'hung' || event.daemon === 'stuck') return null
      return event.daemon === 'up'
        ? { kind: 'connected' }
        : { kind: 'disconnected', reason: 'the hypervisor daemon is gone' }
    case 'host':
      if (event.host !== hostName) return null
      return event.alive ? { kind: 'connected' } : { kind: 'disconnected', reason: 'the host is dead' }
    case 'demand':
    case 'autostart-set':
    case 'migration-started':
    case 'migration-refused':
    case 'links':
    case 'by-hand':
      return null
    default:
      return event satisfies never
  }
}

/** Its own daemon is silent, or is not any more. A silent one is given up after a while, and with it all calls that wait. */
const heedSilence = (driver: DriverState, tell: (event: HypervisorEvent) => void): void => {
  const { world, self, closers, options } = driver
  driver.heed()
  driver.givenUp = false
  if (self.daemon !== 'hung') return
  driver.heed = world.clock.after(options.keepaliveMs, () => {
    driver.givenUp = true
    for (const end of [...closers]) end()
    tell({ kind: 'disconnected', reason: 'no sign of life from the daemon' })
  })
}

const open = (driver: DriverState): void => {
  const { world, self, meter, listeners } = driver
  const { name } = self.spec
  const tell = (event: HypervisorEvent): void => {
    for (const listener of [...listeners]) listener(event)
  }
  driver.opened = true
  driver.givenUp = self.daemon === 'hung'
  driver.unlisten = world.events((event) => {
    if (event.kind === 'daemon' && event.host === name) {
      if (event.daemon === 'down') meter.reset()
      heedSilence(driver, tell)
    }
    const told = toldOf(name, event)
    if (told === null) return
    if (told.kind !== 'changed') return tell(told)
    // A daemon that is dead or hangs tells nothing; and libvirt keeps no events for a client that is not connected.
    if (self.daemon === 'down' || self.daemon === 'hung' || self.telling === 'never') return
    tell(told)
    if (self.telling === 'twice') tell(told)
  })
  queueMicrotask(() => {
    if (answers(driver, self)) tell({ kind: 'connected' })
  })
}

const close = (driver: DriverState): void => {
  driver.opened = false
  driver.heed()
  driver.unlisten()
  for (const end of [...driver.closers]) end()
  driver.listeners.clear()
}

const defaults: Required<SimulatedOptions> = {
  callMs: 0,
  operationMs: 0,
  timeoutMs: 5_000,
  storageMs: 600_000,
  keepaliveMs: 15_000,
  progressMs: 250,
}

/** The driver of one host's agent. Throws RangeError when the world has no such host. */
export const simulatedHypervisor = (
  world: World,
  hostName: string,
  options: SimulatedOptions = {},
): Hypervisor => {
  const self = world.inside.state.hosts.get(hostName)
  if (self === undefined) throw new RangeError(`no host ${hostName}`)
  const driver: DriverState = {
    world,
    self,
    options: { ...defaults, ...options },
    meter: createCpuMeter(),
    listeners: new Set(),
    closers: new Set(),
    opened: false,
    givenUp: false,
    heed: () => {},
    unlisten: () => {},
  }
  return {
    driver: 'simulated',
    open() {
      if (!driver.opened) open(driver)
    },
    get connected() {
      return answers(driver, self)
    },
    get trouble() {
      if (answers(driver, self)) return null
      return driver.opened ? `${uriOf(hostName)} does not answer` : 'not opened'
    },
    async host() {
      await ask(driver, self)
      const { capacity, cpuBaseline } = self.spec
      return { name: hostName, capacity, cpuBaseline, migrationUri: uriOf(hostName), version: 'simulated 1' }
    },
    async sample() {
      await ask(driver, self)
      return sampleOf(driver)
    },
    async jobs() {
      await ask(driver, self)
      return jobsOf(driver)
    },
    async locate(vm, at) {
      return presenceAt(driver, await askAt(driver, at), vm)
    },
    ...migrationOf(driver),
    ...lifecycleOf(driver),
    events(listener) {
      driver.listeners.add(listener)
      return () => void driver.listeners.delete(listener)
    },
    async close() {
      close(driver)
    },
  }
}
