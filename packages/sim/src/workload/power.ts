/** What real machines draw: watts at 0, 10, … 100 % of the CPU, as published by SPECpower. */
import type { PowerCurve } from './workload.ts'

/** HP ProLiant ML110 G4, 2 cores of 1860 MIPS. */
export const ml110G4: PowerCurve = [86, 89.4, 92.6, 96, 99.5, 102, 106, 108, 112, 114, 117]
/** HP ProLiant ML110 G5, 2 cores of 2660 MIPS. */
export const ml110G5: PowerCurve = [93.7, 97, 101, 105, 110, 116, 121, 125, 129, 133, 135]
