/**
 * What holds whenever the lease of this host changes, if this code is right. No message can break it: a leader asks, and the
 * member alone decides (S4, S5, S6).
 */

import { assert } from '@drover/placement'
import { limits } from '../data/config.ts'
import type { Instant } from '../data/ids.ts'
import type { Lease } from '../data/lease.ts'
import { compareRank } from '../data/rank.ts'

interface Surroundings {
  readonly now: Instant
  /** An action of this host is under way. */
  readonly busy: boolean
  /** The highest epoch that was ever given. */
  readonly epoch: number
}

/** Throws when it does not hold; then the agent stops, and no VM does. */
export const checkLeaseChange = (before: Lease | null, next: Lease | null, around: Surroundings): void => {
  if (next !== null) checkLease(next, around)
  if (before === null) return next === null ? undefined : checkFresh(next, around)
  if (next?.epoch === before.epoch) return checkKept(before, next)
  assert(!around.busy, () => `the lease of ${before.partition} is held while an action runs here (S5)`)
  if (next === null) return
  checkFresh(next, around)
  checkTaken(before, next, around)
}

const checkLease = (lease: Lease, { now, epoch }: Surroundings): void => {
  const { partition, assigned } = lease
  assert(
    lease.epoch >= 1 && lease.epoch <= epoch,
    () =>
      `the lease of ${partition} has one of the epochs that were given, 1 to ${epoch}, and not ${lease.epoch}`,
  )
  assert(
    lease.expiresAt <= now + limits.leaseMs,
    () => `the lease of ${partition} lasts at most ${limits.leaseMs} ms without being renewed`,
  )
  assert(
    lease.rank.partition === partition,
    () => `the lease of ${partition} has its rank, not that of ${lease.rank.partition}`,
  )
  if (assigned === null) return
  const { assign } = assigned
  assert(
    assign.partition === partition && assign.epoch === lease.epoch,
    () =>
      `the plan under the lease of ${partition}, epoch ${lease.epoch}, is not one of ${assign.partition}, epoch ${assign.epoch}`,
  )
  assert(
    lease.executing,
    () => `the lease of ${partition} cannot be taken away any more, since its plan is there`,
  )
}

/** One that was given just now. */
const checkFresh = (lease: Lease, { now, busy, epoch }: Surroundings): void => {
  const { partition } = lease
  assert(
    lease.epoch === epoch,
    () => `a new lease has the newest epoch, ${epoch}, and that of ${partition} has ${lease.epoch}`,
  )
  assert(!busy, () => `no lease is given while an action runs here, nor to ${partition} (S5)`)
  assert(
    !lease.executing && lease.assigned === null,
    () => `a new lease has no plan yet, nor has that of ${partition}`,
  )
  assert(lease.expiresAt > now, () => `a new lease lasts for a while, and that of ${partition} has ended`)
}

/** The same one, renewed, ended, or with its plan. */
const checkKept = (before: Lease, next: Lease): void => {
  const { partition, epoch } = before
  assert(
    next.partition === partition,
    () => `epoch ${epoch} is that of ${partition} only, and not of ${next.partition} (S6)`,
  )
  assert(
    next.leader === before.leader && next.leaderIncarnation === before.leaderIncarnation,
    () =>
      `the lease of ${partition} stays with ${before.leader}, ${before.leaderIncarnation}: ${next.leader}, ${next.leaderIncarnation}`,
  )
  assert(
    compareRank(next.rank, before.rank) === 0 && next.rank.severity === before.rank.severity,
    () => `the rank of ${partition} is fixed when it is formed`,
  )
  assert(
    next.incarnations === before.incarnations,
    () => `${partition} is bound to the VMs that were in its snapshot`,
  )
  assert(next.executing || !before.executing, () => `${partition} has begun to execute, and goes on doing so`)
  assert(
    before.assigned === null || next.assigned === before.assigned,
    () => `one plan is carried out under the lease of ${partition}, epoch ${epoch}`,
  )
}

/** Another partition got the host. */
const checkTaken = (before: Lease, next: Lease, { now }: Surroundings): void => {
  assert(
    next.partition !== before.partition,
    () => `a partition has one lease of a host, and ${before.partition} would have two`,
  )
  const expired = before.expiresAt <= now
  assert(
    expired || !before.executing,
    () => `a lease is not taken from ${before.partition}, which executes, by ${next.partition}`,
  )
  assert(
    expired || compareRank(next.rank, before.rank) > 0,
    () => `a lease is taken by a higher rank only: ${next.partition} is not above ${before.partition}`,
  )
}
