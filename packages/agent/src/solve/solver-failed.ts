/** The answer to a question that the solver could not answer. So no partition waits for one. */
import type { ReasonCode, Solution } from '@drover/protocol'

export const solverFailed = (
  text: string,
  code: Extract<ReasonCode, 'solver.failed' | 'solver.busy'> = 'solver.failed',
): Solution => ({
  answer: { kind: 'infeasible', why: { code, text } },
  plan: null,
})
