/** The solver of the agents in virtual time: what it answers, and what a solve takes on a host, ms of virtual time. */
import type { Immediate, Solver } from '@drover/agent/runtime'
import { limits, type PartitionProblem, type Solution } from '@drover/protocol'
import { solveInBudget } from '../../host/solve-in-budget.ts'
import { createAnswer } from '../../time/answer.ts'
import type { Kernel } from '../../time/kernel.ts'

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
      answer.give(solveInBudget(problem, planId))
    })
    return answer
  },
  close: async () => {},
})
