/** All faults that are sown, by their short names. */
import { designFaults } from './faults/design-faults.ts'
import { hostFaults } from './faults/host-faults.ts'
import { mendedFaults } from './faults/mended-faults.ts'
import { migrationFaults } from './faults/migration-faults.ts'
import { partitionFaults } from './faults/partition-faults.ts'
import { reviewedFaults } from './faults/reviewed-faults.ts'
import type { SownFault } from './sown-fault.ts'

export const allFaults: readonly SownFault[] = [
  ...designFaults,
  ...reviewedFaults,
  ...mendedFaults,
  ...partitionFaults,
  ...migrationFaults,
  ...hostFaults,
]

export const faultOf = (id: string): SownFault => {
  const found = allFaults.find((one) => one.id === id)
  if (found === undefined) throw new Error(`no fault is called ${id}`)
  return found
}

/** A handful, each of them found within a few seeds: they show in CI that the power is there. */
const quick = ['T9.2', 'T9.3', 'm6', 'no-ledger', 'restart-forgets', 'dead-for-good']
export const quickFaults: readonly SownFault[] = quick.map(faultOf)
