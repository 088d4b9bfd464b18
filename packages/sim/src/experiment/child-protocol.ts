/** What a run's process and the one that asked for it say to each other. */
import type { Run } from '../run/result.ts'
import type { RunSpec } from './spec.ts'

/** Asked once; the process ends after its answer. */
export interface RunOrder {
  readonly spec: RunSpec
  /** Measures the heap before and after; needs `--expose-gc`. */
  readonly heap: boolean
}

export type RunNews =
  /** `share`: of the simulated time, 0 … 1. */
  | { readonly kind: 'progress'; readonly share: number }
  | { readonly kind: 'done'; readonly run: Run }
  /** `usage`: the question was wrong, e.g. a file that is not there; else a fault of drover's, with its stack. */
  | { readonly kind: 'failed'; readonly usage: boolean; readonly text: string }
