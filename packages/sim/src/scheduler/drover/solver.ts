/**
 * The solver of the agents: the function that the daemon's worker runs, with a budget of search nodes, since no clock of ours may
 * decide in virtual time; and what a solve takes on a host, ms of virtual time.
 */
import {
  type Answer,
  limits,
  type PartitionId,
  type PartitionProblem,
  solveOrderable,
} from '@drover/protocol'

/** About what the daemon's `solveBudgetMs` is enough for: the first turn of improving and proving. */
const nodesMax = 12_500
/**
 * And so often the solver may ask whether its time is up: prices and repair ask after much work, and are not counted in nodes.
 * A solve of 16 nearly full hosts that uses them all takes some 200 ms, the daemon's budget.
 */
const looksMax = 60

/** The order is only tried: the leader makes its own, with its partition's name. */
const anyPartition = 'solver' as PartitionId

export const answerTo = (problem: PartitionProblem): Answer => {
  let looks = looksMax
  return solveOrderable(problem, anyPartition, { seed: 1, nodesMax, expired: () => looks-- <= 0 }).answer
}

/**
 * Fitted to the medians of `npm run bench:solve -- --only partitions --highs 0` at 90 % load: 4 hosts / 40 VMs 0.4 to 1.2 ms
 * (rules: 1.2 to 15), 16 hosts / 160 VMs 18 (rules: 9). Most of a small one is the way to the worker and back: row `solve,
 * worker included` of `npm run bench:latency` less the solve.
 */
const workerMs = 2
const msPerPair = 0.007
const msPerRule = 0.1

export const solveMs = ({ hosts, vms, rules }: PartitionProblem): number =>
  Math.min(limits.solveBudgetMs, workerMs + msPerPair * hosts.length * vms.length + msPerRule * rules.length)
