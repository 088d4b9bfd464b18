/**
 * An action that is not open here, and of which the other end speaks: our journal was lost, or a promise was taken for unused and
 * the copy has come after all. A destination takes up the copy that is handed over to it: nothing else would ever let it run. A
 * source takes up the migration that its hypervisor carries out: nothing else would ever end it. Either asks the other end
 * itself, since an old message may have been repeated. And the word of a peer is not enough: nothing is taken up unless records of
 * this host are lost, or one names that peer as the source (ADR 27).
 */

import { boundTo } from '../data/bound-to.ts'
import { limits } from '../data/config.ts'
import { backOffMs } from '../data/exponential-back-off.ts'
import type { ActionId, HostId, Instant, VmId } from '../data/ids.ts'
import type { HandOver, Presence, Whereabouts, WhereIs } from '../data/message.ts'
import type { HostState, KnownVm } from '../snapshot/host.ts'
import type { StepContext } from '../step-context.ts'
import { createPeerLooks } from './peer-looks.ts'
import { nowhere } from './question-rounds.ts'

export interface Adoption {
  handedOver(from: HostId, message: HandOver): void
  /** Our hypervisor has answered; null = it did not. */
  inspected(round: number, presence: Presence | null): void
  /** This host says that the VM is to come to it from here. */
  askedBy(from: HostId, message: WhereIs): void
  /** What this host handed over was taken up, and runs here or does not. */
  ended(from: HostId, vm: VmId, ran: boolean): void
  /** It has answered what we asked it. */
  whereabouts(from: HostId, message: Whereabouts): void
}

export interface AdoptionHooks {
  /** An open action is about this VM. */
  inMotion(vm: VmId): boolean
  /** How this action ended is known here. */
  isClosed(action: ActionId): boolean
  /** Records of an earlier life of this host may be lost. */
  mayLack(): boolean
  /** The other end of this arrival, as its record says; undefined = it is open, or there is no record of it. */
  arrivedFrom(action: ActionId): HostId | undefined
  /** Our hypervisor moves this VM away, and has done so since records may have been lost. */
  isSent(vm: VmId): boolean
  adopt(from: HostId, message: HandOver, known: KnownVm): void
  /** It runs here already, and is to start with this host. */
  owesAutostart(message: HandOver): void
  /** It runs here by this action, or has run. */
  arrived(from: HostId, message: HandOver): void
  /** The VM leaves here for this host by this action. */
  takeUp(to: HostId, message: Whereabouts, known: KnownVm): void
}

export const createAdoption = (context: StepContext, host: HostState, hooks: AdoptionHooks): Adoption => {
  const waiting = new Map<number, { readonly to: HostId; readonly message: HandOver }>()
  /** The last question to the destination of each action that a peer asked about. Oldest first. */
  const asked = new Map<ActionId, { readonly round: number; readonly at: Instant }>()

  const looks = createPeerLooks(context)
  /** How often in a row what a peer has handed over came to nothing, and until when it is not taken up again. Oldest first. */
  const failures = new Map<string, { readonly count: number; readonly until: Instant }>()
  const keyOf = (from: HostId, vm: VmId): string => `${from} ${vm}`

  /** There may have been a record of it here; or there is, and it names this peer. */
  const mayBeOurs = (from: HostId, action: ActionId): boolean =>
    hooks.mayLack() || hooks.arrivedFrom(action) === from

  const isUnclaimed = ({ action, vm }: WhereIs | Whereabouts): boolean =>
    hooks.isSent(vm) && !hooks.inMotion(vm) && !hooks.isClosed(action)

  return {
    handedOver(from, message) {
      const { action, vm, demand } = message
      // It will be said again when that action is over. A partition for which this host works is no reason to wait: what is taken up here
      // ends a pause, and moves nothing.
      if (hooks.inMotion(vm)) return
      const known = host.vms.get(vm)
      // Only a pause that a migration made is ended: the VM may have run since, and its owner have paused it.
      const isPaused = known?.pausedBy === 'migration' && demand !== null
      if (isPaused && mayBeOurs(from, action)) {
        if ((failures.get(keyOf(from, vm))?.until ?? 0) <= context.now()) hooks.adopt(from, message, known)
        return
      }
      if (!looks.may(from)) return
      const round = context.nextRound()
      waiting.set(round, { to: from, message })
      boundTo(limits.unclaimedMax, waiting)
      context.emit({ kind: 'inspect', action, round, vm, at: null })
    },

    inspected(round, presence) {
      const handed = waiting.get(round)
      if (handed === undefined) return
      waiting.delete(round)
      const { partition, epoch, action, vm } = handed.message
      const about = { partition, epoch, action, vm }
      const isOurs = mayBeOurs(handed.to, action)
      if (isOurs && handed.message.autostart && (presence === 'running' || presence === 'held'))
        hooks.owesAutostart(handed.message)
      if (presence === 'running' || presence === 'held' || presence === 'outgoing') {
        if (isOurs) hooks.arrived(handed.to, handed.message)
        context.send(handed.to, { kind: 'took-over', ...about })
      }
      if (nowhere(presence)) context.send(handed.to, { kind: 'forgotten', ...about })
    },

    askedBy(from, message) {
      const { partition, epoch, action, vm } = message
      if (!isUnclaimed(message)) return
      // Two hosts that look at old samples would ask each other without end.
      if (context.now() - (asked.get(action)?.at ?? -limits.settlePollMs) < limits.settlePollMs) return
      const round = context.nextRound()
      asked.delete(action)
      asked.set(action, { round, at: context.now() })
      boundTo(limits.unclaimedMax, asked)
      context.send(from, { kind: 'where-is', partition, epoch, action, vm, round })
    },

    ended(from, vm, ran) {
      const key = keyOf(from, vm)
      const count = (failures.get(key)?.count ?? 0) + 1
      failures.delete(key)
      if (ran) return
      // The first one may have met a hypervisor that hung.
      const pauseMs = count === 1 ? 0 : backOffMs(count - 1, limits.adoptAgainMsMin, limits.adoptAgainMsMax)
      failures.set(key, { count, until: context.now() + pauseMs })
      boundTo(limits.unclaimedMax, failures)
    },

    whereabouts(from, message) {
      const { action, vm, round, presence } = message
      if (asked.get(action)?.round !== round) return
      asked.delete(action)
      const known = host.vms.get(vm)
      // Sent from here and received there: no job of others to another host, which nothing here may break off.
      if (presence === 'incoming' && known !== undefined && isUnclaimed(message))
        hooks.takeUp(from, message, known)
    },
  }
}
