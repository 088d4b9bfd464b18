// The simulated driver keeps the port's rules: the same suite as the real one's, in real time that is hurried.

import { asVmId } from '@drover/protocol'
import { hypervisorCompliance } from '../../../agent/src/hypervisor/compliance.ts'
import { realClock } from '../time/clock.ts'
import { simulatedHypervisor } from './simulated.ts'
import { createWorld } from './world.ts'

hypervisorCompliance('simulated', async () => {
  const clock = realClock({ speed: 4 })
  const world = createWorld({ clock })
  for (const name of ['source', 'destination'])
    world.addHost({ name, capacity: { cpuMilli: 8_000, memoryMiB: 32_768 }, linkMiBps: 20_000 })
  const vm = asVmId('guest')
  world.addVm({ vm, name: 'guest', host: 'source', vcpus: 1, memoryMiB: 1_024, cpuMilli: 500, dirtyMiBps: 5 })
  const source = simulatedHypervisor(world, 'source', { progressMs: 20 })
  const destination = simulatedHypervisor(world, 'destination')
  source.open()
  destination.open()
  return {
    source,
    destination,
    vm,
    slowMiBps: 200,
    fastMiBps: 20_000,
    pollMs: 5,
    patienceMs: 2_000,
    pauseByOwner: async () => world.byHand.pause(vm, 'source'),
    destroyByOwner: async () => world.byHand.destroy(vm, 'source'),
    killDaemon: async (of: string) => world.daemon(of, 'down'),
    startDaemon: async (of: string) => world.daemon(of, 'up'),
    persistent: true,
    async close() {
      await Promise.all([source.close(), destination.close()])
      clock.stop()
    },
  }
})
