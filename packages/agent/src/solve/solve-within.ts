/** `solve` of `@drover/placement` under a time budget. */

import { solve } from '@drover/placement'
import { type Answer, asHostId, asVmId, type Problem } from '@drover/protocol'
import { wordsOf } from '../errors.ts'

/** Search nodes when a clock ends the search: far more than any budget allows. */
const nodesMax = 100_000_000

/** Never throws: what the solver cannot bear is an `infeasible` with code `solver.failed`. */
export const solveWithin = (problem: Problem, budgetMs: number, seed: number): Answer => {
  const end = performance.now() + budgetMs
  try {
    const options = { seed, nodesMax, expired: () => performance.now() >= end }
    return solve(problem, options).answer
  } catch (error) {
    return solverFailed(wordsOf(error))
  }
}

export const solverFailed = (text: string, code = 'solver.failed'): Answer => ({
  kind: 'infeasible',
  why: { code, text },
})

/** Two hosts and two VMs, the first host overloaded: one solve of it loads and warms the code. */
export const tinyProblem = (): Problem => {
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
