/** What a host's solver answers in virtual time: the function that the daemon's worker runs, with a budget that no real clock decides. */
import { solve } from '@drover/placement'
import type { PartitionId, PartitionProblem, Solution } from '@drover/protocol'

/** About what the daemon's `solveBudgetMs` is enough for: the first turn of improving and proving. */
const nodesMax = 12_500
/**
 * And so often the solver may ask whether its time is up: prices and repair ask after much work, and are not counted in nodes.
 * A solve of 16 nearly full hosts that uses them all takes some 200 ms, the daemon's budget.
 */
const looksMax = 60

export const solveInBudget = (problem: PartitionProblem, planId: PartitionId): Solution => {
  let looks = looksMax
  return solve(problem, { planId, seed: 1, nodesMax, expired: () => looks-- <= 0 })
}
