/** From moves to a plan that may be assigned: ordered, bounded, and passed by the checker that did not make it (S10). */

import { checkPlan, type Move, type Plan, type Problem, planOrder } from '@drover/placement'
import { limits } from '../data/config.ts'
import type { PartitionId } from '../data/ids.ts'

export type Prepared =
  | { readonly kind: 'plan'; readonly plan: Plan }
  /** The placement is fine, but no order of moves leads to it. */
  | { readonly kind: 'no-order'; readonly text: string }
  /** Our own planner is wrong, or the plan is too long to be assigned: nothing is done. */
  | { readonly kind: 'unsound'; readonly text: string }

export const preparePlan = (problem: Problem, moves: readonly Move[], partition: PartitionId): Prepared => {
  const ordered = planOrder(problem, moves, { planId: partition })
  if (ordered.kind !== 'plan') return { kind: 'no-order', text: ordered.why.text }
  if (ordered.plan.actions.length > limits.planActionsMax)
    return {
      kind: 'unsound',
      text: `${ordered.plan.actions.length} actions, more than ${limits.planActionsMax}`,
    }
  const violation = checkPlan(problem, ordered.plan)[0]
  return violation === undefined
    ? { kind: 'plan', plan: ordered.plan }
    : { kind: 'unsound', text: violation.text }
}
