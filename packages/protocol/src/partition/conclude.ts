/** How a partition ends: what happened is written down, every participant is told, and all members go free. */

import { assert, type Plan } from '@drover/placement'
import type { Decision } from '../data/decision.ts'
import type { Instant } from '../data/ids.ts'
import { type Outcome, record } from '../outcome/record.ts'
import { knownOf, type Leadership, type PartitionState } from './partition-state.ts'
import { release, tellOutcome } from './tell-members.ts'

export const recordOf = (
  { context, hooks }: Leadership,
  state: PartitionState,
  outcome: Outcome,
  plan: Plan | null,
  endedAt: Instant | null,
): Decision =>
  record(knownOf(state, plan, { id: context.self, name: hooks.name(), mode: hooks.mode() }), outcome, endedAt)

/** `plan`: what was carried out, or would have been. */
export const conclude = (
  leader: Leadership,
  state: PartitionState,
  outcome: Outcome,
  plan: Plan | null = null,
): void => {
  const { context, hooks } = leader
  const { partition, execution } = state
  assert(
    leader.current === state,
    () => `partition ${partition} ends once: ${leader.current?.partition ?? 'none'} is led`,
  )
  assert(outcome.result !== 'running', () => `partition ${partition} does not end as running`)
  const undone = (execution?.plan ?? plan)?.actions.find(
    ({ id }) => execution?.results.get(id)?.kind !== 'done',
  )
  assert(
    (outcome.result !== 'cured' && outcome.result !== 'relieved') ||
      (execution !== null && undone === undefined),
    () =>
      `partition ${partition} ends as ${outcome.result} when its plan is done: ${undone?.id ?? 'no action'} is not`,
  )
  const decision = recordOf(leader, state, outcome, plan, context.now())
  leader.current = null
  if (execution !== null) tellOutcome(context, state, decision)
  for (const host of [...state.members.keys()]) release(context, state, host)
  hooks.report(decision)
  hooks.concluded(state.need, decision)
}
