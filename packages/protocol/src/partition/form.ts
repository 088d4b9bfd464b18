/** A partition begins: from the need of this host to the hosts that are asked. */

import { assert } from '@drover/placement'
import { unfit } from '../data/candidate.ts'
import { type HostId, leaderOf, type PartitionId } from '../data/ids.ts'
import type { Need } from '../data/need.ts'
import { conclude } from './conclude.ts'
import { ask, others } from './invite.ts'
import { createPartitionState, type Leadership, type PartitionState } from './partition-state.ts'

/** `preferred`: the hosts to ask first, best first; none = any that is near and has room. */
export const formPartition = (
  leader: Leadership,
  need: Need,
  intent: 'lease' | 'observe',
  preferred: readonly HostId[],
): PartitionId => {
  const { context, hooks } = leader
  const state = createPartitionState(context, need, intent, hooks.own(), preferred)
  const { partition } = state
  assert(
    leader.current === null,
    () =>
      `a host leads one partition at a time: ${partition} is formed while ${leader.current?.partition} is led`,
  )
  assert(
    leaderOf(partition) === context.self,
    () => `partition ${partition} is named after its leader, ${context.self}`,
  )
  leader.current = state
  if (need.kind === 'migrate' && need.to !== null) askChosen(leader, state, need.to)
  else askNearest(leader, state)
  return partition
}

/** The operator has chosen the destination. */
const askChosen = (leader: Leadership, state: PartitionState, to: HostId): void => {
  const { context, hooks } = leader
  const target = hooks.candidates().find(({ summary }) => summary.host === to)
  const code = target === undefined ? 'host.unreachable' : unfit(target, state.requirements)
  if (code === null) return ask(context, state, [context.self, to])
  conclude(leader, state, { result: 'nothing', code, text: `the chosen host cannot take part: ${code}` })
}

const askNearest = (leader: Leadership, state: PartitionState): void => {
  const { context, hooks } = leader
  const alone = state.need.kind === 'none'
  const chosen = alone ? [] : others(state, hooks.candidates(), 0)
  if (chosen.length > 0 || alone) return ask(context, state, [context.self, ...chosen])
  const text = 'no host is known that could be asked'
  conclude(leader, state, { result: 'nothing', code: 'partition.alone', text })
}
