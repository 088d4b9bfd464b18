/**
 * A hand-over for an action that is not open here: the journal was lost, or the promise was taken for unused, and the copy
 * has come after all. Nothing else would ever let it run.
 */

import { limits } from '../data/config.ts'
import type { HostId, PartitionId, VmId } from '../data/ids.ts'
import type { HandOver, Presence } from '../data/message.ts'
import type { HostState, KnownVm } from '../snapshot/host.ts'
import type { StepContext } from '../step-context.ts'

export interface Adoption {
  handedOver(from: HostId, message: HandOver): void
  /** Our hypervisor has answered; null = it did not. */
  inspected(round: number, presence: Presence | null): void
}

export interface AdoptionHooks {
  /** An open action is about this VM. */
  inMotion(vm: VmId): boolean
  /** This host works for another partition (S4). */
  leasedElsewhere(partition: PartitionId): boolean
  adopt(from: HostId, message: HandOver, known: KnownVm): void
}

export const createAdoption = (context: StepContext, host: HostState, hooks: AdoptionHooks): Adoption => {
  const waiting = new Map<number, { readonly to: HostId; readonly message: HandOver }>()

  return {
    handedOver(from, message) {
      const { partition, action, vm, demand } = message
      // It will be said again when that action, or that partition, is over.
      if (hooks.inMotion(vm) || hooks.leasedElsewhere(partition)) return
      const known = host.vms.get(vm)
      // Only a pause that a migration made is ended: the VM may have run since, and its owner have paused it.
      if (known?.pausedBy === 'migration' && demand !== null) return hooks.adopt(from, message, known)
      const round = context.nextRound()
      waiting.set(round, { to: from, message })
      for (const oldest of waiting.keys()) if (waiting.size > limits.unclaimedMax) waiting.delete(oldest)
      context.emit({ kind: 'inspect', action, round, vm, at: null })
    },

    inspected(round, presence) {
      const asked = waiting.get(round)
      if (asked === undefined) return
      waiting.delete(round)
      const { partition, epoch, action, vm } = asked.message
      const about = { partition, epoch, action, vm }
      if (presence === 'running' || presence === 'outgoing')
        context.send(asked.to, { kind: 'took-over', ...about })
      if (presence === 'absent' || presence === 'shut' || presence === 'saved')
        context.send(asked.to, { kind: 'forgotten', ...about })
    },
  }
}
