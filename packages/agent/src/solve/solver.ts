/** Runs the core's `solve` outside the event loop. */
import type { Answer, Problem } from '@drover/protocol'

export interface Solver {
  /** Never rejects: a crashed worker is an `infeasible` with code `solver.failed`, and a new worker. */
  solve(problem: Problem, budgetMs: number): Promise<Answer>
  close(): Promise<void>
}
