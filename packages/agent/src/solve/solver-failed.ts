/** A question to the solver that was not answered: an answer like any other, so that no partition waits for it. */
import type { Solution } from '@drover/protocol'

export const solverFailed = (
  text: string,
  code: 'solver.failed' | 'solver.busy' = 'solver.failed',
): Solution => ({
  answer: { kind: 'infeasible', why: { code, text } },
  plan: null,
})
