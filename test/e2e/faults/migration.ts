/** The next migration of some VM goes wrong, in each way that the simulated hypervisor knows. */
import type { MigrationFault } from '../../../packages/sim/src/hypervisor/faults.ts'
import type { Random } from '../../../packages/sim/src/random.ts'
import type { FaultKind } from './fault.ts'

const faults: readonly MigrationFault[] = [
  { kind: 'refuse' },
  { kind: 'abort', atPermille: 500 },
  { kind: 'hang', atPermille: 300 },
  { kind: 'hang', atPermille: 600, deaf: true },
  { kind: 'late', delayMs: 3_000 },
  { kind: 'late', delayMs: 20_000 },
  { kind: 'late', delayMs: 10_000, call: 'resume' },
  { kind: 'late', delayMs: 10_000, call: 'abort' },
  { kind: 'timeout', afterMs: 1_000 },
  { kind: 'fail-after-success' },
  { kind: 'grey', destination: 'running' },
  { kind: 'grey', destination: 'paused' },
  { kind: 'grey', destination: 'gone' },
  { kind: 'split' },
]

const phases = ['begin', 'prepare', 'perform', 'finish', 'finished', 'confirm'] as const

/** A daemon dies, or the two lose each other, in the middle of a phase. */
const deathOf = (draw: Random): MigrationFault => {
  const strike = { phase: draw.pick(phases), backMs: draw.integer(500, 10_000) }
  return draw.chance(0.4)
    ? { kind: 'link-dies', ...strike }
    : { kind: 'daemon-dies', end: draw.pick(['source', 'destination']), ...strike }
}

const wordsOf = (fault: MigrationFault): string => {
  switch (fault.kind) {
    case 'grey':
      return `grey, ${fault.destination} there`
    case 'hang':
      return fault.deaf === true ? 'hang, deaf' : 'hang'
    case 'late':
      return `${fault.call ?? 'migrate'} read late`
    case 'daemon-dies':
      return `daemon dies at the ${fault.end}`
    case 'link-dies':
      return 'the two daemons lose each other'
    default:
      return fault.kind
  }
}

export const migration: FaultKind = {
  name: 'migration',
  draw(draw) {
    const fault = draw.chance(0.3) ? deathOf(draw) : draw.pick(faults)
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
