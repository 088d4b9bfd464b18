/**
 * Answers a peer that asks where the VM of an unfinished action is: from our own records as long as they know more than
 * the hypervisor, else from the hypervisor (S12).
 */
import type { Desk } from '../desk.ts'
import type { ActionId, HostId } from '../ids.ts'
import type { Presence, WhereIs } from '../message.ts'
import type { ClosedActions } from './closed.ts'
import type { Departures } from './departure.ts'

/** Questions that wait for the hypervisor. Against a flood of them. */
const questionsMax = 64

export interface Whereabouts {
  asked(from: HostId, message: WhereIs): void
  /** Our hypervisor has answered; null = it did not. */
  inspected(action: ActionId, presence: Presence | null): void
}

export const createWhereabouts = (desk: Desk, departures: Departures, closed: ClosedActions): Whereabouts => {
  const waiting = new Map<ActionId, readonly { readonly to: HostId; readonly message: WhereIs }[]>()

  const answer = (to: HostId, message: WhereIs, presence: Presence | 'silent'): void => {
    const { partition, epoch, action, vm } = message
    desk.send(to, { kind: 'whereabouts', partition, epoch, action, vm, presence })
  }

  return {
    asked(from, message) {
      const { partition, epoch, action, vm } = message
      const about = { partition, epoch, action, vm }
      const left = closed.resultOf('departure', action)
      if (left !== null)
        return desk.send(from, { kind: left.kind === 'done' ? 'hand-over' : 'cancelled', ...about })
      if (closed.resultOf('arrival', action)?.kind === 'done')
        return desk.send(from, { kind: 'took-over', ...about })
      const departure = departures.all.get(action)
      if (departure?.phase === 'asking' || departure?.phase === 'moving')
        return answer(from, message, 'outgoing')
      if (departure?.phase === 'handing') return answer(from, message, 'absent')
      if (waiting.size >= questionsMax) return
      waiting.set(action, [...(waiting.get(action) ?? []).slice(-3), { to: from, message }])
      desk.emit({ kind: 'inspect', action, vm, at: null })
    },

    inspected(action, presence) {
      for (const { to, message } of waiting.get(action) ?? []) answer(to, message, presence ?? 'silent')
      waiting.delete(action)
    },
  }
}
