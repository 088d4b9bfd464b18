/**
 * What holds of a partition that this host leads, between any two steps, if this code is right. No message and no answer of
 * a hypervisor can break it: what they may not say is refused where it comes in.
 */

import { assert } from '@drover/placement'
import { limits } from '../data/config.ts'
import { type HostId, type Instant, leaderOf } from '../data/ids.ts'
import { type PartitionState, renewMs } from './partition-state.ts'
import * as progress from './plan-progress.ts'

/** Throws when it does not hold; then the agent stops, and no VM does. */
export const checkPartition = (state: PartitionState, self: HostId, now: Instant): void => {
  const { partition, rank, members, lost, renewAt } = state
  assert(leaderOf(partition) === self, () => `${self} leads its own partitions only, and not ${partition}`)
  assert(
    rank.partition === partition,
    () => `partition ${partition} competes under its own name, not ${rank.partition}`,
  )
  assert(
    members.size <= limits.partitionHostsMax,
    () => `partition ${partition} has at most ${limits.partitionHostsMax} members, not ${members.size}`,
  )
  for (const host of lost.keys())
    assert(!members.has(host), () => `a host that ${partition} has lost is no member of it: ${host}`)
  assert(renewAt <= now + renewMs, () => `the leases of ${partition} are renewed within ${renewMs} ms`)
  switch (state.phase) {
    case 'reserving':
      return checkReserving(state, now)
    case 'solving':
      return checkSolving(state, self, now)
    case 'executing':
      return checkExecuting(state)
  }
}

const notGranted = ({ members }: PartitionState): HostId | undefined =>
  [...members].find(([, member]) => member.state !== 'granted')?.[0]

const checkReserving = (state: PartitionState, now: Instant): void => {
  const { partition, deadline, execution } = state
  assert(
    notGranted(state) !== undefined,
    () => `partition ${partition} waits for an answer, so a member owes one`,
  )
  assert(
    deadline <= now + limits.reserveMs,
    () => `partition ${partition} waits at most ${limits.reserveMs} ms`,
  )
  assert(execution === null, () => `partition ${partition} has no plan while it waits for members`)
}

const checkSolving = (state: PartitionState, self: HostId, now: Instant): void => {
  const { partition, members, deadline, execution, problem, frozen, round, reservedMs } = state
  const silent = notGranted(state)
  assert(
    silent === undefined,
    () => `all members of ${partition} have granted before it solves; ${silent} has not`,
  )
  assert(members.has(self), () => `the leader of ${partition} is a member of it`)
  assert(
    deadline <= now + limits.solveStaleMs,
    () => `partition ${partition} waits for the solver at most ${limits.solveStaleMs} ms`,
  )
  assert(execution === null, () => `partition ${partition} has no plan while it waits for the solver`)
  assert(problem !== null && frozen !== null, () => `partition ${partition} has a problem while it is solved`)
  const unknown = problem.hosts.find(({ id }) => !members.has(id))
  assert(
    unknown === undefined && frozen.length === members.size,
    () =>
      `the problem of ${partition} is about its ${members.size} members: ${frozen.length} snapshots, ${unknown?.id ?? 'no'} other host`,
  )
  assert(round >= 1, () => `partition ${partition} counts its rounds from 1`)
  assert(
    reservedMs !== null && reservedMs >= 0,
    () => `it is known how long ${partition} waited for its members: ${reservedMs} ms`,
  )
}

const checkExecuting = (state: PartitionState): void => {
  const { partition, intent, execution, deadline, members } = state
  assert(intent === 'lease', () => `partition ${partition} only looks, and carries nothing out`)
  assert(execution !== null, () => `partition ${partition} has a plan while it executes`)
  assert(!progress.isOver(execution), () => `partition ${partition} ends when its plan is over`)
  assert(
    deadline < Number.MAX_SAFE_INTEGER,
    () => `what runs of ${partition} is waited for as long as it may take, and not for ever`,
  )
  const { plan, begun, results } = execution
  assert(
    results.size <= begun.size && begun.size <= plan.actions.length,
    () =>
      `of ${plan.actions.length} actions of ${partition} ${begun.size} have begun and ${results.size} ended`,
  )
  const silent = notGranted(state)
  assert(silent === undefined, () => `${partition} executes with members that granted; ${silent} has not`)
  const orphan = progress.running(execution).find((action) => !members.has(progress.performerOf(action)))
  assert(
    orphan === undefined,
    () => `an action of ${partition} runs while its source is a member: that of ${orphan?.id} is none`,
  )
}
