/** What the pool and its workers say to each other. */
import type { PartitionId, PartitionProblem, Solution } from '@drover/protocol'

export interface SolveRequest {
  readonly id: number
  readonly problem: PartitionProblem
  readonly planId: PartitionId
  readonly budgetMs: number
  readonly seed: number
}

export type WorkerMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'solved'; readonly id: number; readonly solution: Solution }
