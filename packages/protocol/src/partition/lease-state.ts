/** The one lease of this host, as the functions of its member side see it. It changes here only, and only in ways that make sense. */

import type { Decision } from '../data/decision.ts'
import type { HostId, PartitionId } from '../data/ids.ts'
import { isCurrent, type Lease } from '../data/lease.ts'
import type { ReasonCode } from '../data/reasons.ts'
import type { HostSnapshot } from '../data/snapshot.ts'
import type { StepContext } from '../step-context.ts'
import type { LeaderCredit } from './leader-credit.ts'
import { checkLeaseChange } from './lease-invariants.ts'

export interface MemberHooks {
  /** Why this host may not join a partition that wants a lease (or only a look), or null. */
  unable(intent: 'lease' | 'observe', leader: HostId): ReasonCode | null
  /** An action of this host is under way: the lease is held, whatever its expiry says. */
  busy(): boolean
  snapshot(): HostSnapshot | null
  /** The overload that a host's own summary shows, permille; 0 where none is known. */
  severity(host: HostId): number
  report(decision: Decision): void
}

export interface LeaseState {
  readonly context: StepContext
  readonly hooks: MemberHooks
  readonly credit: LeaderCredit
  /** Null: no partition has this host. */
  lease: Lease | null
  /** The highest that was ever given: no epoch is given twice, across any crash (S6). */
  epoch: number
}

export const changeLease = (state: LeaseState, next: Lease | null): void => {
  const { context, hooks, epoch } = state
  checkLeaseChange(state.lease, next, { now: context.now(), busy: hooks.busy(), epoch })
  const { lease } = state
  if (lease !== null && lease.epoch !== next?.epoch && lease.leader !== context.self)
    state.credit.ended(lease, context.now(), next !== null && lease.expiresAt > context.now())
  state.lease = next
}

/** Ends the lease; while an action of it runs here it is held, and ends with the last one (S5). */
export const endLease = (state: LeaseState, lease: Lease): void =>
  changeLease(state, state.hooks.busy() ? { ...lease, expiresAt: state.context.now() } : null)

/** The lease that a message of its leader is about, if it is still in force. */
export const leaseOf = (
  { lease }: LeaseState,
  from: HostId,
  message: { readonly partition: PartitionId; readonly epoch: number },
): Lease | null =>
  isCurrent(lease, message.partition, message.epoch) && lease.leader === from ? lease : null
