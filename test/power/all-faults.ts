/** All faults that are sown, by their short names. */

import { copyFaults } from './faults/copy-faults.ts'
import { designFaults } from './faults/design-faults.ts'
import { hostFaults } from './faults/host-faults.ts'
import { mendedFaults } from './faults/mended-faults.ts'
import { migrationFaults } from './faults/migration-faults.ts'
import { partitionFaults } from './faults/partition-faults.ts'
import { reviewedFaults } from './faults/reviewed-faults.ts'
import { trustFaults } from './faults/trust-faults.ts'
import type { Fault, SownFault } from './sown-fault.ts'

export const allFaults: readonly SownFault[] = [
  ...designFaults,
  ...reviewedFaults,
  ...trustFaults,
  ...mendedFaults,
  ...partitionFaults,
  ...migrationFaults,
  ...copyFaults,
  ...hostFaults,
]

/**
 * A drawn mutant has its name only, and is drawn again from it. What draws it loads code of the product, in which nothing could be sown
 * any more: so it is loaded only then.
 */
export const faultOf = async (id: string): Promise<Fault> => {
  const found = allFaults.find((one) => one.id === id) ?? (await import('./mutants/mutants.ts')).mutantOf(id)
  if (found === null) throw new Error(`no fault is called ${id}`)
  return found
}

/** A handful, each of them found within a few seeds: they show in CI that the power is there. */
const quick = ['T9.1', 'T9.3', 'T9.9', 'epoch-twice', 'own-leader', 'departure-unwritten', 'ends-unwritten']
export const quickFaults: readonly SownFault[] = allFaults.filter(({ id }) => quick.includes(id))
