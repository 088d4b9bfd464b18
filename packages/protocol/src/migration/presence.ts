/**
 * Answers a peer that asks where the VM of an unfinished action is: from our own records as long as they know more than
 * the hypervisor, else from the hypervisor (S12).
 */

import type { ClosedActions } from '../actions/closed-actions.ts'
import { limits } from '../data/config.ts'
import type { ActionId, HostId } from '../data/ids.ts'
import type { Presence, WhereIs } from '../data/message.ts'
import type { StepContext } from '../step-context.ts'
import type { Duties } from './duties.ts'
import type { OutgoingMigrations } from './outgoing.ts'
import { ifUnrecorded } from './outgoing-table.ts'

export interface PresenceAnswers {
  asked(from: HostId, message: WhereIs): void
  /** Our hypervisor has answered; null = it did not. */
  inspected(round: number, presence: Presence | null): void
}

export const createPresenceAnswers = (
  context: StepContext,
  outgoing: OutgoingMigrations,
  closed: ClosedActions,
  duties: Duties,
): PresenceAnswers => {
  /** Each question is answered by a look that began after it came, so each has its own. Oldest first. */
  const waiting = new Map<number, { readonly to: HostId; readonly message: WhereIs }>()

  const answer = (to: HostId, message: WhereIs, presence: Presence | 'silent'): void => {
    const { partition, epoch, action, vm, round } = message
    context.send(to, { kind: 'whereabouts', partition, epoch, action, vm, round, presence })
  }

  /** What our records know beyond the hypervisor: the VM that it calls running may still leave. */
  const corrected = (action: ActionId, presence: Presence): Presence =>
    presence === 'running' && outgoing.all.get(action)?.phase === 'settling' ? 'outgoing' : presence

  return {
    asked(from, message) {
      const { partition, epoch, action, vm } = message
      const about = { partition, epoch, action, vm }
      // It asks again: what is said here must hold after a crash, too.
      if (context.isOwed(action)) return
      const left = closed.resultOf('departure', action)
      if (left?.kind === 'done') {
        const duty = duties.of(action)
        const [demand, autostart] = [duty?.demand ?? null, duty?.autostart ?? false]
        return context.send(from, { kind: 'hand-over', ...about, round: message.round, demand, autostart })
      }
      if (left !== null) return context.send(from, { kind: 'cancelled', ...about })
      if (closed.resultOf('arrival', action)?.kind === 'done')
        return context.send(from, { kind: 'took-over', ...about })
      const migration = outgoing.all.get(action)
      if (migration?.phase === 'asking' || migration?.phase === 'moving')
        return answer(from, message, 'outgoing')
      if (migration?.phase === 'handing')
        return context.send(from, {
          kind: 'hand-over',
          ...about,
          round: message.round,
          ...ifUnrecorded(migration),
        })
      const round = context.nextRound()
      waiting.set(round, { to: from, message })
      for (const oldest of waiting.keys()) if (waiting.size > limits.unclaimedMax) waiting.delete(oldest)
      context.emit({ kind: 'inspect', action, round, vm, at: null })
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
