/** The next migration of some VM goes wrong, in each way that the simulated hypervisor knows. */
import type { MigrationFault } from '../../../packages/sim/src/hypervisor/faults.ts'
import type { FaultKind } from './fault.ts'

const faults: readonly MigrationFault[] = [
  { kind: 'refuse' },
  { kind: 'abort', atPermille: 500 },
  { kind: 'hang', atPermille: 300 },
  { kind: 'hang', atPermille: 600, deaf: true },
  { kind: 'late', delayMs: 3_000 },
  { kind: 'late', delayMs: 20_000 },
  { kind: 'fail-after-success' },
  { kind: 'grey', destination: 'running' },
  { kind: 'grey', destination: 'paused' },
  { kind: 'grey', destination: 'gone' },
  { kind: 'split' },
]

const wordsOf = (fault: MigrationFault): string =>
  fault.kind === 'grey'
    ? `grey, ${fault.destination} there`
    : fault.kind === 'hang' && fault.deaf === true
      ? 'hang, deaf'
      : fault.kind

export const migration: FaultKind = {
  name: 'migration',
  draw(draw) {
    const fault = draw.pick(faults)
    const nth = draw.integer(0, 1_000_000)
    return {
      what: `migration: ${wordsOf(fault)}`,
      words: `the next migration: ${wordsOf(fault)}`,
      strike({ world, vms, deaf }) {
        if (fault.kind !== 'hang' || fault.deaf !== true) {
          world.fail({ fault })
          return true
        }
        // An operator ends it when everything is healed, so it has to be known which VM it was.
        const vm = vms[nth % vms.length]
        if (vm === undefined) return false
        deaf.add(vm)
        world.fail({ fault, vm })
        return true
      },
    }
  },
}
