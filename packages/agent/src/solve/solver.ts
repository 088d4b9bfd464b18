/** Runs `solve` of `@drover/placement` outside the event loop: placing the VMs, and ordering the moves. */
import type { PartitionId, PartitionProblem, Solution } from '@drover/protocol'

export interface Solver {
  /**
   * `planId` names the plan: its actions are `<planId>/<index>`. Never rejects: a crashed worker is an `infeasible` with
   * code `solver.failed`, and a new worker.
   */
  solve(problem: PartitionProblem, planId: PartitionId, budgetMs: number): Promise<Solution>
  close(): Promise<void>
}
