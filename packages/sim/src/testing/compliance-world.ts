/** Two hosts and the guest that the compliance suite moves between them, in real time that is hurried. */
import { asVmId } from '@drover/protocol'
import { createWorld } from '../hypervisor/world.ts'
import { realClock } from '../time/clock.ts'

export const complianceWorld = () => {
  const clock = realClock({ speed: 4 })
  const world = createWorld({ clock })
  for (const name of ['source', 'destination'])
    world.addHost({ name, capacity: { cpuMilli: 8_000, memoryMiB: 32_768 }, linkMiBps: 20_000 })
  const vm = asVmId('guest')
  world.addVm({ vm, name: 'guest', host: 'source', vcpus: 1, memoryMiB: 1_024, cpuMilli: 500, dirtyMiBps: 5 })
  return {
    clock,
    world,
    vm,
    /** What the suite asks for beside the two drivers. */
    controls: {
      vm,
      slowMiBps: 200,
      fastMiBps: 20_000,
      pollMs: 5,
      pauseByOwner: async () => world.byHand.pause(vm, 'source'),
      destroyByOwner: async () => world.byHand.destroy(vm, 'source'),
      killDaemon: async (of: string) => world.daemon(of, 'down'),
      startDaemon: async (of: string) => world.daemon(of, 'up'),
      persistent: true,
    },
  }
}
