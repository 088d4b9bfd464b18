/**
 * The solver of the agents: the function that the daemon's worker runs, with a budget of search nodes, since no real clock may
 * decide in virtual time; and what a solve takes on a host, ms of virtual time.
 */
import type { Immediate, Solver } from '@drover/agent/runtime'
import { solve } from '@drover/placement'
import { limits, type PartitionId, type PartitionProblem, type Solution } from '@drover/protocol'
import { createAnswer } from '../../time/answer.ts'
import type { Kernel } from '../../time/kernel.ts'

/** About what the daemon's `solveBudgetMs` is enough for: the first turn of improving and proving. */
const nodesMax = 12_500
/**
 * And so often the solver may ask whether its time is up: prices and repair ask after much work, and are not counted in nodes.
 * A solve of 16 nearly full hosts that uses them all takes some 200 ms, the daemon's budget.
 */
const looksMax = 60

const solutionOf = (problem: PartitionProblem, planId: PartitionId): Solution => {
  let looks = looksMax
  return solve(problem, { planId, seed: 1, nodesMax, expired: () => looks-- <= 0 })
}

/**
 * Of the order of the medians of `npm run bench:solve -- --only partitions --highs 0` at 90 % load, two runs on a busy machine:
 * 4 hosts / 40 VMs 0.2 to 0.4 ms without rules, 1.2 to 22 with about 20; 16 hosts / 160 VMs 18 to 61 and 9 to 14. Most of a small
 * one is the way to the worker thread and back (some 2 ms at rest; row `solve, worker included` of `npm run bench:latency`). What a
 * few ms more or less do is lost beside a migration of eight seconds.
 */
const workerMs = 2
const msPerPair = 0.007
const msPerRule = 0.1

export const solveMs = ({ hosts, vms, rules }: PartitionProblem): number =>
  Math.min(limits.solveBudgetMs, workerMs + msPerPair * hosts.length * vms.length + msPerRule * rules.length)

/** The solver of all agents: its answer is there after the time that a host would take. */
export const timedSolver = (
  kernel: Kernel,
  solved: (problem: PartitionProblem) => void,
): Immediate<Solver> => ({
  solve(problem, planId) {
    const answer = createAnswer<Solution>()
    kernel.after(solveMs(problem), () => {
      solved(problem)
      answer.give(solutionOf(problem, planId))
    })
    return answer
  },
  close: async () => {},
})
