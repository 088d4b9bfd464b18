// The simulated driver keeps the port's rules: the same suite as the real one's, in real time that is hurried.

import { hypervisorCompliance } from '../../../agent/src/hypervisor/compliance.ts'
import { complianceWorld } from '../testing/compliance-world.ts'
import { simulatedHypervisor } from './simulated.ts'

hypervisorCompliance('simulated', async () => {
  const { clock, world, controls } = complianceWorld()
  const source = simulatedHypervisor(world, 'source', { progressMs: 20 })
  const destination = simulatedHypervisor(world, 'destination')
  source.open()
  destination.open()
  return {
    source,
    destination,
    ...controls,
    patienceMs: 2_000,
    async close() {
      await Promise.all([source.close(), destination.close()])
      clock.stop()
    },
  }
})
