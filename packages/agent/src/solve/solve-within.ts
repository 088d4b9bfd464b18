/** `solve` of `@drover/placement` under a time budget. */

import { solve } from '@drover/placement'
import {
  asHostId,
  asVmId,
  type PartitionId,
  type PartitionProblem,
  partitionIdOf,
  type Solution,
} from '@drover/protocol'
import { wordsOf } from '../errors.ts'
import { solverFailed } from './solver-failed.ts'

/** Search nodes when a clock ends the search: far more than any budget allows. */
const nodesMax = 100_000_000

/** Never throws. An exception of the solver becomes an `infeasible` with code `solver.failed`. */
export const solveWithin = (
  problem: PartitionProblem,
  planId: PartitionId,
  budgetMs: number,
  seed: number,
): Solution => {
  const end = performance.now() + budgetMs
  try {
    return solve(problem, { planId, seed, nodesMax, expired: () => performance.now() >= end })
  } catch (error) {
    return solverFailed(wordsOf(error))
  }
}

/** Names the plan of a problem that no partition asked about. */
export const tinyPlan: PartitionId = partitionIdOf(asHostId('a'), 0, 0)

/** Two hosts and two VMs, the first host overloaded: one solve of it loads and warms the code. */
export const tinyProblem = (): PartitionProblem => {
  const host = (id: string) => ({
    id: asHostId(id),
    state: 'online' as const,
    limit: [1_000, 4_096],
    cpuBaseline: null,
    failureDomain: null,
  })
  const vm = (id: string) => ({
    id: asVmId(id),
    host: asHostId('a'),
    state: 'running' as const,
    wanted: 'running' as const,
    demand: [700, 512],
    memoryMiB: 512,
    dirtyMiBps: 1,
    movable: true,
  })
  return {
    dimensions: ['cpuMilli', 'memoryMiB'],
    hosts: [host('a'), host('b')],
    vms: [vm('v'), vm('w')],
    rules: [],
    bandwidthMiBps: 100,
    migrationsOutMax: 1,
    migrationsInMax: 1,
  }
}
