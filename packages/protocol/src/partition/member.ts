/**
 * The member side of partitions: grants, keeps, renews and ends this host's one lease, and takes in the plan that it
 * is to carry out. Only the member decides about its lease; leaders ask (S4, S5, S6).
 */

import { limits } from '../data/config.ts'
import type { Decision } from '../data/decision.ts'
import type { HostId, Instant, PartitionId } from '../data/ids.ts'
import { isCurrent, type Lease } from '../data/lease.ts'
import type { Assign, Recorded, Release, Renew, Reserve } from '../data/message.ts'
import type { HostSnapshot } from '../data/snapshot.ts'
import type { PeerView } from '../data/view.ts'
import type { StepContext } from '../step-context.ts'
import { judgeReserve, renewed } from './judge-reserve.ts'
import { planFault } from './plan-fault.ts'

export interface MemberHooks {
  /** Why this host may not join a partition that wants a lease (or only a look), or null. */
  unable(intent: 'lease' | 'observe', leader: HostId): string | null
  /** An action of ours is under way: the lease is held, whatever its expiry says. */
  busy(): boolean
  snapshot(): HostSnapshot | null
  report(decision: Decision): void
}

export interface MemberSide {
  readonly lease: Lease | null
  reserve(from: HostId, message: Reserve): void
  renew(from: HostId, message: Renew): void
  release(from: HostId, message: Release): void
  assign(from: HostId, message: Assign): void
  recorded(message: Recorded): void
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
  let lease: Lease | null = null
  let epoch = epochBefore

  const grant = (from: HostId, message: Reserve, snapshot: HostSnapshot): void => {
    epoch += 1
    lease = {
      partition: message.partition,
      epoch,
      leader: from,
      leaderIncarnation: message.incarnation,
      rank: message.rank,
      expiresAt: context.now() + limits.leaseMs,
      incarnations: new Map(snapshot.vms.map((vm) => [vm.vm, vm.incarnation])),
      assigned: null,
      executing: false,
    }
    // Durable before it leaves: no epoch is ever given twice, across any crash (S6).
    context.emit({ kind: 'persist', record: { kind: 'epoch', epoch } })
    sayGranted(from, message.partition, epoch, snapshot)
  }

  const sayGranted = (to: HostId, partition: PartitionId, of: number, snapshot: HostSnapshot): void =>
    context.send(to, { kind: 'granted', partition, epoch: of, leaseMs: limits.leaseMs, snapshot })

  const decline = (to: HostId, partition: PartitionId, code: string): void =>
    context.send(to, { kind: 'declined', partition, epoch: 0, code })

  const current = (from: HostId, message: { partition: PartitionId; epoch: number }): Lease | null =>
    isCurrent(lease, message.partition, message.epoch) && lease.leader === from ? lease : null

  return {
    get lease() {
      return lease
    },

    reserve(from, message) {
      const code = hooks.unable(message.intent, from)
      if (code !== null) return decline(from, message.partition, code)
      const snapshot = hooks.snapshot()
      if (snapshot === null) return decline(from, message.partition, 'hypervisor.unreachable')
      // A look takes no lease: nothing can be executed on epoch 0.
      if (message.intent === 'observe') return sayGranted(from, message.partition, 0, snapshot)
      const verdict = judgeReserve(lease, message.rank, context.now(), hooks.busy())
      switch (verdict.kind) {
        case 'again':
          return sayGranted(from, message.partition, verdict.lease.epoch, snapshot)
        case 'busy':
          return context.send(from, {
            kind: 'busy',
            partition: message.partition,
            epoch: 0,
            holder: verdict.holder.partition,
            rank: verdict.holder.rank,
            retryMs: Math.max(0, verdict.holder.expiresAt - context.now()),
          })
        case 'wound': {
          const { partition, leader, epoch: lost } = verdict.loser
          lease = null
          context.send(leader, { kind: 'revoked', partition, epoch: lost, code: 'wounded' })
          return grant(from, message, snapshot)
        }
        case 'grant':
          // After a restart: an action of before is not settled yet, and holds the host without a lease (S5).
          if (hooks.busy()) return decline(from, message.partition, 'vm.job_active')
          return grant(from, message, snapshot)
      }
    },

    renew(from, message) {
      const held = current(from, message)
      if (held !== null) lease = renewed(held, context.now())
      else
        context.send(from, {
          kind: 'revoked',
          partition: message.partition,
          epoch: message.epoch,
          code: 'unknown',
        })
    },

    release(from, message) {
      // Epoch 0: the leader gave up before it heard our grant. The partition's id is never used twice.
      const held =
        message.epoch === 0 && lease?.partition === message.partition ? lease : current(from, message)
      if (held === null || held.leader !== from) return
      // Hold while busy: it ends by itself when the last action does (S5).
      lease = hooks.busy() ? { ...held, expiresAt: context.now() } : null
    },

    assign(from, message) {
      const held = current(from, message)
      if (held === null || held.assigned !== null) return
      // Checked again by every host that is to carry it out: the leader may be wrong, or of another version (S10).
      const unsound = planFault(message.problem, message.plan, message.partition)
      if (unsound !== null)
        context.warn(
          'plan.unsound',
          `the plan of ${message.partition} does not pass the check here: ${unsound}`,
        )
      lease = { ...held, assigned: { assign: message, unsound }, executing: true }
      if (from !== context.self) hooks.report({ ...message.decision, asMember: true })
    },

    recorded(message) {
      hooks.report({ ...message.decision, asMember: true })
    },

    executing() {
      if (lease !== null) lease = { ...lease, executing: true }
    },

    leaderRestarted(leader, incarnation) {
      if (lease !== null && lease.leader === leader && lease.leaderIncarnation < incarnation)
        lease = hooks.busy() ? { ...lease, expiresAt: context.now() } : null
    },

    tick() {
      if (lease !== null && lease.expiresAt <= context.now() && !hooks.busy()) lease = null
    },

    view: () =>
      lease === null
        ? null
        : {
            partition: lease.partition,
            epoch: lease.epoch,
            leader: lease.leader,
            executing: lease.executing,
          },

    nextAt: () => (lease === null || hooks.busy() ? null : lease.expiresAt),
  }
}
