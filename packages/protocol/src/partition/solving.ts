/** The members are there: their placement problem is solved elsewhere, and what comes back is judged. */

import {
  type AnswerWithMoves,
  type AnswerWithoutMoves,
  assert,
  assertNever,
  excessChange,
  type PartitionProblem,
  type Plan,
  type Solution,
} from '@drover/placement'
import { limits } from '../data/config.ts'
import { codeFrom } from '../data/reasons.ts'
import { formulate } from '../snapshot/formulate.ts'
import { carryOut } from './carry-out.ts'
import { conclude } from './conclude.ts'
import { grow } from './invite.ts'
import { type Leadership, type PartitionState, snapshotsOf } from './partition-state.ts'
import { solutionFault } from './plan-fault.ts'
import { gainTooSmall } from './relief-gain.ts'

export const solve = ({ context }: Leadership, state: PartitionState): void => {
  const { partition, members } = state
  assert(
    state.phase !== 'executing',
    () => `partition ${partition} solves nothing while its plan is carried out`,
  )
  const frozen = snapshotsOf(state)
  assert(
    frozen.length === members.size,
    () => `partition ${partition} solves when all ${members.size} members have granted, not ${frozen.length}`,
  )
  state.phase = 'solving'
  state.round += 1
  state.solvingSince = context.now()
  state.deadline = context.now() + limits.solveStaleMs
  state.frozen = frozen
  state.problem = formulate(frozen, context.self, state.need, context.policy, state.target)
  context.emit({
    kind: 'solve',
    partition,
    round: state.round,
    problem: state.problem,
    budgetMs: limits.solveBudgetMs,
  })
}

export const onSolved = (leader: Leadership, state: PartitionState, solution: Solution): void => {
  const { context } = leader
  const { partition, problem } = state
  assert(
    state.phase === 'solving' && problem !== null,
    () => `partition ${partition} hears an answer to what it asked: it is ${state.phase}`,
  )
  state.solvedMs = (state.solvedMs ?? 0) + context.now() - state.solvingSince
  if (solution.plan === null) return withoutMoves(leader, state, solution.answer)
  if (solution.answer.kind === 'relief' && escalate(leader, state)) return
  withMoves(leader, state, problem, solution.answer, solution.plan)
}

const withoutMoves = (leader: Leadership, state: PartitionState, answer: AnswerWithoutMoves): void => {
  switch (answer.kind) {
    case 'satisfied':
      return conclude(leader, state, { result: 'satisfied', code: null, text: 'nothing has to move' })
    case 'infeasible': {
      // More members would not mend a broken solver.
      const { code, text } = answer.why
      const broken = code === 'solver.failed'
      if (!broken && escalate(leader, state)) return
      return conclude(leader, state, { result: broken ? 'failed' : 'nothing', code: codeFrom(code), text })
    }
    default:
      return assertNever(answer)
  }
}

const withMoves = (
  leader: Leadership,
  state: PartitionState,
  problem: PartitionProblem,
  answer: AnswerWithMoves,
  plan: Plan,
): void => {
  const { context } = leader
  // A worker made both; neither is believed before it was checked here.
  const fault = solutionFault(problem, answer, plan, state.partition)
  if (fault !== null) {
    context.warn(
      'plan.unsound',
      `the plan that the solver made for ${state.partition} does not pass the check: ${fault}`,
    )
    return conclude(leader, state, { result: 'failed', code: 'plan.unsound', text: fault })
  }
  if (answer.kind === 'relief') {
    const { text } = answer.why
    const code = codeFrom(answer.why.code)
    if (answer.moves.length === 0) return conclude(leader, state, { result: 'nothing', code, text })
    if (gainTooSmall(state.need.kind, excessChange(problem, answer.moves), context.policy))
      return conclude(leader, state, { result: 'nothing', code: 'gain.too_small', text })
    state.promise = { result: 'relieved', code, text }
  }
  carryOut(leader, state, problem, plan)
}

/**
 * Not a full cure with these members. Twice as many first; then the lesser target with them; then twice as many
 * again, until the cap or the end of the reachable ring.
 */
const escalate = (leader: Leadership, state: PartitionState): boolean => {
  if (state.target === 'usable' || !state.grown) {
    state.grown = true
    if (grow(leader, state, state.members.size)) return true
  }
  if (state.target === 'usable') return false
  state.target = 'usable'
  solve(leader, state)
  return true
}
