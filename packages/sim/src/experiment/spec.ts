/** One run, ready to be carried out in any process: plain data. */

import type { AlgorithmSpec } from './algorithms.ts'
import type { Experiment } from './config/read.ts'
import type { WorkloadSpec } from './config/workload-section.ts'

export interface RunSpec {
  readonly workload: WorkloadSpec
  readonly algorithm: AlgorithmSpec
  readonly seed: number
}

/** Every algorithm with every seed; seeds outside, so that what is compared runs side by side. */
export const specsOf = ({ workload, algorithms, seeds }: Experiment): readonly RunSpec[] =>
  seeds.flatMap((seed) => algorithms.map((algorithm) => ({ workload, algorithm, seed })))
