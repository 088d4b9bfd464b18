/** A small world in manual time, for tests: hosts h1, h2, … of eight cores and 32 GiB, and VMs on them. */

import type { Hypervisor } from '@drover/agent/runtime'
import { asVmId, type VmId } from '@drover/protocol'
import type { SimulatedOptions } from '../hypervisor/driver-state.ts'
import { simulatedHypervisor } from '../hypervisor/simulated.ts'
import type { VmSpec } from '../hypervisor/state.ts'
import { createWorld, type World } from '../hypervisor/world.ts'
import { type ManualClock, manualClock } from '../time/clock.ts'

export interface SmallWorld {
  readonly clock: ManualClock
  readonly world: World
  /** Adds a VM of one vCPU, 1024 MiB and 600 cpuMilli, which starts with its host, unless told otherwise. */
  vm(name: string, host: string, changes?: Partial<VmSpec>): VmId
  driver(host: string, options?: SimulatedOptions): Hypervisor
}

export const smallWorld = (hosts: number): SmallWorld => {
  const clock = manualClock()
  const world = createWorld({ clock })
  for (let i = 1; i <= hosts; i++)
    world.addHost({ name: `h${i}`, capacity: { cpuMilli: 8_000, memoryMiB: 32_768 } })
  return {
    clock,
    world,
    vm(name, host, changes = {}) {
      const id = asVmId(name)
      world.addVm({
        vm: id,
        name,
        host,
        vcpus: 1,
        memoryMiB: 1_024,
        cpuMilli: 600,
        autostart: true,
        ...changes,
      })
      return id
    },
    driver(host, options) {
      const driver = simulatedHypervisor(world, host, options)
      driver.open()
      return driver
    },
  }
}
