/** What the pool and its workers say to each other. */
import type { Answer, Problem } from '@drover/protocol'

export interface SolveRequest {
  readonly id: number
  readonly problem: Problem
  readonly budgetMs: number
  readonly seed: number
}

export type WorkerMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'answer'; readonly id: number; readonly answer: Answer }
