/** The life of a lease after its grant: its leader renews it, assigns a plan and releases it; time or a crash ends it. */

import { type Problem, reduced } from '@drover/placement'
import { limits } from '../data/config.ts'
import type { HostId, Instant } from '../data/ids.ts'
import type { Lease } from '../data/lease.ts'
import type { Assign, Release, Renew } from '../data/message.ts'
import type { HostSnapshot } from '../data/snapshot.ts'
import type { StepContext } from '../step-context.ts'
import { isItsRecord } from './its-record.ts'
import { changeLease, endLease, type LeaseState, leaseOf } from './lease-state.ts'
import { longestOf } from './longest-wait.ts'
import { cureFault } from './plan-cure.ts'
import { planFault } from './plan-fault.ts'
import { problemFault } from './problem-fault.ts'

/** A leader keeps a host for as long as its plan may take, or a short while without one: not for ever. */
export const onRenew = (state: LeaseState, from: HostId, message: Renew): void => {
  const { context, hooks } = state
  const { partition, epoch } = message
  const held = leaseOf(state, from, message)
  if (held === null) return context.send(from, { kind: 'revoked', partition, epoch, code: 'unknown' })
  const now = context.now()
  if (now < held.endsAt)
    return changeLease(state, { ...held, expiresAt: Math.min(now + limits.leaseMs, held.endsAt) })
  // What runs here holds the host, and nothing is told of it that could end the plan before.
  if (hooks.busy()) return
  endLease(state, held)
  context.send(from, { kind: 'revoked', partition, epoch, code: 'lapsed' })
}

export const onRelease = (state: LeaseState, from: HostId, message: Release): void => {
  const { lease } = state
  // Epoch 0: the leader gave up before it heard of the grant. The partition's id is never used twice.
  const unheard = message.epoch === 0 && lease?.partition === message.partition && lease.leader === from
  const held = unheard ? lease : leaseOf(state, from, message)
  if (held !== null) endLease(state, held)
}

export const onAssign = (state: LeaseState, from: HostId, message: Assign): void => {
  const { context, hooks } = state
  const { partition } = message
  const held = leaseOf(state, from, message)
  if (held === null || held.assigned !== null) return
  // Checked again by every host that is to carry it out: the leader may be wrong, or of another version (S10).
  const unsound = memberFault(message, held)
  if (unsound !== null)
    context.warn('plan.unsound', `the plan of ${partition} does not pass the check here: ${unsound}`)
  const endsAt = unsound === null ? endOf(message, held, context) : held.endsAt
  changeLease(state, { ...held, assigned: { assign: message, unsound }, executing: true, endsAt })
  if (from !== context.self && isItsRecord(from, message))
    hooks.report({ ...message.decision, asMember: true })
}

/** Why this host takes no part in the plan. What is cheap comes first: a leader may send any number of them. */
const memberFault = ({ problem, plan, partition }: Assign, lease: Lease): string | null => {
  const { snapshot } = lease
  const own = withOwnRules(problem, snapshot)
  return (
    problemFault(problem, snapshot) ??
    planFault(own, plan, partition) ??
    cureFault(problem, plan, lease, snapshot)
  )
}

/** Its own hard rules bind a VM that leaves as they bind one that comes, whatever its leader knows. */
const withOwnRules = (problem: Problem, { rules }: HostSnapshot): Problem => {
  const there = new Set(problem.rules.map((rule) => JSON.stringify(rule)))
  const known = new Set<string>(problem.vms.map(({ id }) => id))
  const missing = rules.flatMap((rule) => {
    const here = rule.weight === undefined ? reduced(rule, known) : null
    return here === null || there.has(JSON.stringify(here)) ? [] : [here]
  })
  return missing.length === 0 ? problem : { ...problem, rules: [...problem.rules, ...missing] }
}

/** How long its plan may take, one action after the other, but no longer than any lease lives. */
const endOf = ({ plan, problem }: Assign, { grantedAt }: Lease, { now, policy }: StepContext): Instant => {
  const vms = new Map(problem.vms.map((vm) => [vm.id, vm]))
  const ms = plan.actions.reduce((sum, action) => sum + longestOf(action, vms.get(action.vm), policy), 0)
  return Math.min(grantedAt + limits.leaseLifeMsMax, now() + Math.max(ms, limits.leasePlanlessMsMax))
}

export const onExecuting = (state: LeaseState): void => {
  if (state.lease !== null) changeLease(state, { ...state.lease, executing: true })
}

export const onLeaderRestarted = (state: LeaseState, leader: HostId, incarnation: number): void => {
  const { lease } = state
  if (lease?.leader === leader && lease.leaderIncarnation < incarnation) endLease(state, lease)
}

/** Time ends a lease that no action holds. */
export const onTick = (state: LeaseState): void => {
  const { context, hooks, lease } = state
  if (lease !== null && !lease.used && hooks.busy()) return changeLease(state, { ...lease, used: true })
  if (lease !== null && lease.expiresAt <= context.now() && !hooks.busy()) changeLease(state, null)
}
