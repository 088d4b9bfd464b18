/** A leader asks for this host: it gets a lease with a new epoch, or only a snapshot, or hears why not. */

import { assert, assertNever, dimensions } from '@drover/placement'
import { fitsInBytes } from '../codec.ts'
import { limits } from '../data/config.ts'
import { type HostId, leaderOf, type PartitionId } from '../data/ids.ts'
import type { Reserve } from '../data/message.ts'
import type { AnyCode } from '../data/reasons.ts'
import type { HostSnapshot } from '../data/snapshot.ts'
import { judgeReserve, type Verdict } from './judge-reserve.ts'
import { changeLease, type LeaseState } from './lease-state.ts'

export const onReserve = (state: LeaseState, from: HostId, message: Reserve): void => {
  const { context, hooks } = state
  const { partition, intent, rank } = message
  const decline = (code: AnyCode) => context.send(from, { kind: 'declined', partition, epoch: 0, code })
  // An agent of this program never says so: it would not be clear which of the two competes for this host, or which host leads it.
  if (rank.partition !== partition || leaderOf(partition) !== from) return decline('wire.garbage')
  // No overload weighs more (`severityOf`).
  if (rank.severity > dimensions.length * limits.excessPermilleMax) return decline('wire.garbage')
  const code = hooks.unable(intent, from)
  if (code !== null) return decline(code)
  const snapshot = hooks.snapshot()
  if (snapshot === null) return decline('hypervisor.unreachable')
  if (!fitsInBytes(snapshot, limits.problemBytesMax)) return decline('limit.size')
  // A look takes no lease: nothing can be executed on epoch 0.
  if (intent === 'observe') return sayGranted(state, from, partition, 0, snapshot)
  if (!mayLead(state, from, message)) return decline('partition.in_vain')
  const verdict = verdictOn(state, from, message)
  switch (verdict.kind) {
    case 'again':
      // What its plan is held to is what it was told first.
      return sayGranted(state, from, partition, verdict.lease.epoch, verdict.lease.snapshot)
    case 'busy':
      return context.send(from, {
        kind: 'busy',
        partition,
        epoch: 0,
        holder: verdict.holder.partition,
        rank: verdict.holder.rank,
        retryMs: Math.max(0, verdict.holder.expiresAt - context.now()),
      })
    case 'wound': {
      const { partition: loser, leader, epoch } = verdict.loser
      context.send(leader, { kind: 'revoked', partition: loser, epoch, code: 'wounded' })
      return grant(state, from, message, snapshot)
    }
    case 'grant':
      // After a restart: an action of before is not settled yet, and holds the host without a lease (S5).
      if (hooks.busy()) return decline('vm.job_active')
      return grant(state, from, message, snapshot)
    default:
      return assertNever(verdict)
  }
}

/** A leader that is known to hold this host in vain waits. The lease that it has is said again. */
const mayLead = ({ context, lease, credit }: LeaseState, from: HostId, { partition }: Reserve): boolean =>
  from === context.self || lease?.partition === partition || credit.has(from, context.now())

/** An overload that its host does not show takes no host from another leader. */
const verdictOn = ({ context, hooks, lease }: LeaseState, from: HostId, { rank }: Reserve): Verdict => {
  const verdict = judgeReserve(lease, rank, context.now(), hooks.busy())
  if (verdict.kind !== 'wound' || rank.severity === 0 || from === context.self) return verdict
  const shown = hooks.severity(from)
  return rank.severity <= 2 * shown + limits.severitySlackPermille
    ? verdict
    : { kind: 'busy', holder: verdict.loser }
}

const grant = (state: LeaseState, from: HostId, message: Reserve, snapshot: HostSnapshot): void => {
  const { context } = state
  const { partition, rank, reason, incarnation } = message
  const epoch = state.epoch + 1
  assert(Number.isSafeInteger(epoch), () => `epochs of ${context.self} can be counted: ${epoch} cannot`)
  state.epoch = epoch
  changeLease(state, {
    partition,
    epoch,
    leader: from,
    leaderIncarnation: incarnation,
    rank,
    reason,
    expiresAt: context.now() + limits.leaseMs,
    grantedAt: context.now(),
    endsAt: context.now() + limits.leasePlanlessMsMax,
    used: false,
    snapshot,
    incarnations: new Map(snapshot.vms.map((vm) => [vm.vm, vm.incarnation])),
    assigned: null,
    executing: false,
  })
  // Durable before it leaves: no epoch is ever given twice, across any crash (S6).
  context.emit({ kind: 'persist', record: { kind: 'epoch', epoch } })
  sayGranted(state, from, partition, epoch, snapshot)
}

const sayGranted = (
  { context }: LeaseState,
  to: HostId,
  partition: PartitionId,
  epoch: number,
  snapshot: HostSnapshot,
): void => {
  assert(
    snapshot.host === context.self,
    () => `${context.self} grants with a snapshot of itself, and not of ${snapshot.host}`,
  )
  context.send(to, { kind: 'granted', partition, epoch, leaseMs: limits.leaseMs, snapshot })
}
