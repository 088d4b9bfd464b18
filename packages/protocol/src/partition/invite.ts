/** Which hosts a leader asks to join its partition, and how: all at once. */

import { assert } from '@drover/placement'
import type { Candidate } from '../data/candidate.ts'
import { limits } from '../data/config.ts'
import type { HostId } from '../data/ids.ts'
import type { StepContext } from '../step-context.ts'
import type { Leadership, PartitionState } from './partition-state.ts'
import { selectMembers } from './select.ts'

export const ask = (context: StepContext, state: PartitionState, hosts: readonly HostId[]): void => {
  const { partition, members, lost } = state
  assert(hosts.length > 0, () => `partition ${partition} asks a host when it begins to wait for answers`)
  assert(
    state.phase !== 'executing',
    () => `partition ${partition} asks no host while its plan is carried out`,
  )
  const again = hosts.find((host) => members.has(host) || lost.has(host))
  assert(again === undefined, () => `partition ${partition} asks each host once: ${again} was asked before`)
  state.phase = 'reserving'
  state.deadline = context.now() + limits.reserveMs
  for (const host of hosts) members.set(host, { state: 'asked' })
  assert(
    members.size <= limits.partitionHostsMax,
    () => `partition ${partition} has at most ${limits.partitionHostsMax} members, not ${members.size}`,
  )
  for (const host of hosts)
    context.send(host, {
      kind: 'reserve',
      partition,
      epoch: 0,
      rank: state.rank,
      reason: state.need.reason,
      intent: state.intent,
    })
}

/** Fit hosts that this partition has neither asked nor lost; `state.left` says why not the others. */
export const others = (
  state: PartitionState,
  candidates: readonly Candidate[],
  atLeast: number,
): readonly HostId[] => {
  const room = limits.partitionHostsMax - state.members.size
  if (room <= 0) return []
  const fresh = candidates.filter(
    ({ summary }) => !state.members.has(summary.host) && !state.lost.has(summary.host),
  )
  const choice = selectMembers(fresh, state.requirements, Math.min(atLeast, room))
  state.left = choice.left
  return choice.ask.slice(0, room)
}

/** Asks more hosts, at least so many as there are. False: there is none to ask, or the operator has named the only one. */
export const grow = ({ context, hooks }: Leadership, state: PartitionState, atLeast: number): boolean => {
  if (state.full || (state.need.kind === 'migrate' && state.need.to !== null)) return false
  const more = others(state, hooks.candidates(), atLeast)
  if (more.length > 0) ask(context, state, more)
  return more.length > 0
}
