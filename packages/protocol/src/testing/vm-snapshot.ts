/** A VM that runs, with nothing remarkable, as its host shows it to a leader: tests say only what matters to them. */
import { noDemandStats } from '../../../placement/src/forecast/demand-history.ts'
import { asVmId } from '../data/ids.ts'
import type { VmSnapshot } from '../data/snapshot.ts'

export const vmSnapshot = (name: string, changes: Partial<VmSnapshot> = {}): VmSnapshot => ({
  vm: asVmId(name),
  name,
  state: 'running',
  incarnation: '1',
  demand: { cpuMilli: 500, memoryMiB: 256 },
  dirtyMiBps: 0,
  fixed: null,
  demandStats: noDemandStats,
  cooldownMs: 0,
  movedFrom: null,
  ...changes,
})
