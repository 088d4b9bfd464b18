/**
 * Answers a peer that asks where the VM of an unfinished action is: from our own records as long as they know more than
 * the hypervisor, else from the hypervisor (S12).
 */

import type { ActionId, HostId } from '../data/ids.ts'
import type { Presence, WhereIs } from '../data/message.ts'
import type { Desk } from '../step-context.ts'
import type { Duties } from './duties.ts'
import type { ClosedActions } from './ended.ts'
import type { Departures } from './outgoing.ts'

/** Questions that wait for the hypervisor, the newest ones. Against a flood of them. */
const questionsMax = 64

export interface Whereabouts {
  asked(from: HostId, message: WhereIs): void
  /** Our hypervisor has answered; null = it did not. */
  inspected(round: number, presence: Presence | null): void
}

export const createWhereabouts = (
  desk: Desk,
  departures: Departures,
  closed: ClosedActions,
  duties: Duties,
): Whereabouts => {
  /** Each question is answered by a look that began after it came, so each has its own. Oldest first. */
  const waiting = new Map<number, { readonly to: HostId; readonly message: WhereIs }>()

  const answer = (to: HostId, message: WhereIs, presence: Presence | 'silent'): void => {
    const { partition, epoch, action, vm, round } = message
    desk.send(to, { kind: 'whereabouts', partition, epoch, action, vm, round, presence })
  }

  /** What our records know beyond the hypervisor: the VM that it calls running may still leave. */
  const corrected = (action: ActionId, presence: Presence): Presence =>
    presence === 'running' && departures.all.get(action)?.phase === 'settling' ? 'outgoing' : presence

  return {
    asked(from, message) {
      const { partition, epoch, action, vm } = message
      const about = { partition, epoch, action, vm }
      const left = closed.resultOf('departure', action)
      if (left?.kind === 'done') {
        const demand = duties.of(action)?.demand ?? null
        return desk.send(from, { kind: 'hand-over', ...about, round: message.round, demand })
      }
      if (left !== null) return desk.send(from, { kind: 'cancelled', ...about })
      if (closed.resultOf('arrival', action)?.kind === 'done')
        return desk.send(from, { kind: 'took-over', ...about })
      const departure = departures.all.get(action)
      if (departure?.phase === 'asking' || departure?.phase === 'moving')
        return answer(from, message, 'outgoing')
      if (departure?.phase === 'handing')
        return desk.send(from, {
          kind: 'hand-over',
          ...about,
          round: message.round,
          demand: departure.demand,
        })
      const round = desk.nextRound()
      waiting.set(round, { to: from, message })
      for (const oldest of waiting.keys()) if (waiting.size > questionsMax) waiting.delete(oldest)
      desk.emit({ kind: 'inspect', action, round, vm, at: null })
    },

    inspected(round, presence) {
      const question = waiting.get(round)
      if (question === undefined) return
      waiting.delete(round)
      const { to, message } = question
      answer(to, message, presence === null ? 'silent' : corrected(message.action, presence))
    },
  }
}
