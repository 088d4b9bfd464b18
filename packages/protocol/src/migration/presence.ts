/**
 * Answers a peer that asks where the VM of an unfinished action is: from our own records as long as they know more than
 * the hypervisor, else from the hypervisor (S12). Our records are for the other end of the action; any other peer hears only where the
 * VM is by our hypervisor, and may ask so often.
 */

import type { ClosedActions } from '../actions/closed-actions.ts'
import { boundTo } from '../data/bound-to.ts'
import { limits } from '../data/config.ts'
import type { ActionId, HostId } from '../data/ids.ts'
import type { Presence, WhereIs } from '../data/message.ts'
import type { StepContext } from '../step-context.ts'
import type { Duties } from './duties.ts'
import type { OutgoingMigrations } from './outgoing.ts'
import { ifUnrecorded } from './outgoing-table.ts'
import { createPeerLooks } from './peer-looks.ts'

export interface PresenceAnswers {
  asked(from: HostId, message: WhereIs): void
  /** Our hypervisor has answered; null = it did not. */
  inspected(round: number, presence: Presence | null): void
}

interface Question {
  readonly to: HostId
  readonly message: WhereIs
}

export const createPresenceAnswers = (
  context: StepContext,
  isOtherEnd: (action: ActionId, from: HostId) => boolean,
  outgoing: OutgoingMigrations,
  closed: ClosedActions,
  duties: Duties,
): PresenceAnswers => {
  /** Each question is answered by a look that began after it came, so each has its own. Oldest first. */
  const waiting = { end: new Map<number, Question>(), third: new Map<number, Question>() }
  const looks = createPeerLooks(context)

  /** `third`: of a host that is no end of the action, or of an action of which there is no record. Its questions drop no others. */
  const look = (by: keyof typeof waiting, to: HostId, message: WhereIs): void => {
    const round = context.nextRound()
    const asked = waiting[by]
    asked.set(round, { to, message })
    boundTo(limits.unclaimedMax, asked)
    context.emit({ kind: 'inspect', action: message.action, round, vm: message.vm, at: null })
  }

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
      if (!isOtherEnd(action, from)) return looks.may(from) ? look('third', from, message) : undefined
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
      look('end', from, message)
    },

    inspected(round, presence) {
      const question = waiting.end.get(round) ?? waiting.third.get(round)
      if (question === undefined) return
      waiting.end.delete(round)
      waiting.third.delete(round)
      const { to, message } = question
      answer(to, message, presence === null ? 'silent' : corrected(message.action, presence))
    },
  }
}
