/** Solves on the event loop: for tests, and where a thread is too much. */
import { solveWithin } from './solve-within.ts'
import type { Solver } from './solver.ts'

export const createInlineSolver = (seed = 1): Solver => ({
  solve: (problem, planId, budgetMs) =>
    new Promise((resolve) => setImmediate(() => resolve(solveWithin(problem, planId, budgetMs, seed)))),
  async close() {},
})
