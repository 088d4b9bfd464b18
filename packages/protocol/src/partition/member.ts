/**
 * The member side of partitions: this host's one lease, and the plan that it is to carry out under it. Only the member
 * decides about its lease; leaders ask (S4, S5, S6). `grant-lease.ts` gives it, `hold-lease.ts` keeps and ends it, and
 * `lease-invariants.ts` says what holds whenever it changes.
 */

import type { HostId, Instant } from '../data/ids.ts'
import type { Lease } from '../data/lease.ts'
import type { Assign, Recorded, Release, Renew, Reserve } from '../data/message.ts'
import type { PeerView } from '../data/view.ts'
import type { StepContext } from '../step-context.ts'
import { onReserve } from './grant-lease.ts'
import { onAssign, onExecuting, onLeaderRestarted, onRelease, onRenew, onTick } from './hold-lease.ts'
import { isItsRecord } from './its-record.ts'
import { createLeaderCredit } from './leader-credit.ts'
import type { LeaseState, MemberHooks } from './lease-state.ts'

export interface MemberSide {
  readonly lease: Lease | null
  reserve(from: HostId, message: Reserve): void
  renew(from: HostId, message: Renew): void
  release(from: HostId, message: Release): void
  assign(from: HostId, message: Assign): void
  /** A leader's last word on its own partition; no other host has one. */
  recorded(from: HostId, message: Recorded): void
  /** This host goes on as a newer life: no epoch that is given from now on is one of an earlier life, as long as it is above this one. */
  epochsAbove(epoch: number): void
  /** From the first admission on, the lease can no longer be wounded. */
  executing(): void
  /** The leader speaks with a newer incarnation: its partition died with the old one (S7). */
  leaderRestarted(leader: HostId, incarnation: number): void
  tick(): void
  nextAt(): Instant | null
  view(): PeerView['lease']
}

export const createMemberSide = (
  context: StepContext,
  epochBefore: number,
  hooks: MemberHooks,
): MemberSide => {
  const state: LeaseState = { context, hooks, credit: createLeaderCredit(), lease: null, epoch: epochBefore }
  return {
    get lease() {
      return state.lease
    },
    reserve: (from, message) => onReserve(state, from, message),
    renew: (from, message) => onRenew(state, from, message),
    release: (from, message) => onRelease(state, from, message),
    assign: (from, message) => onAssign(state, from, message),
    recorded(from, message) {
      if (from !== context.self && isItsRecord(from, message))
        hooks.report({ ...message.decision, asMember: true })
    },
    epochsAbove(epoch) {
      state.epoch = Math.max(state.epoch, epoch)
    },
    executing: () => onExecuting(state),
    leaderRestarted: (leader, incarnation) => onLeaderRestarted(state, leader, incarnation),
    tick: () => onTick(state),
    nextAt: () => (state.lease === null || hooks.busy() ? null : state.lease.expiresAt),
    view() {
      if (state.lease === null) return null
      const { partition, epoch, leader, executing } = state.lease
      return { partition, epoch, leader, executing }
    },
  }
}
