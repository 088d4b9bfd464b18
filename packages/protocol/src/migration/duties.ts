/**
 * What this host still has to say of outgoing migrations that are over. A destination that is silent holds no host, but a VM may wait
 * there for a word: it is said until it is confirmed, however long that takes, by whichever life of this agent.
 */

import type { ActionResult } from '@drover/placement'
import { limits } from '../data/config.ts'
import type { ActionId, HostId, Instant, PeerUri, VmId } from '../data/ids.ts'
import type { Duty } from '../data/io.ts'
import type { Presence } from '../data/message.ts'
import type { DutyView } from '../data/view.ts'
import { earliestOf, type StepContext } from '../step-context.ts'
import { checkDuty } from './migration-invariants.ts'

export interface Duties {
  none(): boolean
  of(action: ActionId): Duty | null
  /** A new one, which has just been said for the first time. It is in the journal with the end of its action. */
  take(duty: Duty): void
  restore(duties: readonly Duty[]): void
  /** This peer speaks. True when it is to be told something sooner for that. */
  heard(peer: HostId): boolean
  /** It has heard the word, and says so. */
  confirmed(action: ActionId, peer: HostId): void
  /** What its hypervisor answers for it: that a VM which stayed has no copy there says as much. */
  inspected(action: ActionId, round: number, presence: Presence | null): void
  /** Which of the VMs that left run here again: no destination waits for them any more. */
  sampled(runsHere: (vm: VmId) => boolean): void
  tick(): void
  nextAt(): Instant | null
  view(now: Instant): readonly DutyView[]
}

interface Kept {
  readonly duty: Duty
  readonly since: Instant
  readonly saidAt: Instant
  readonly nextAt: Instant
  /** The last question to the peer's hypervisor; null = none was asked. */
  readonly round: number | null
}

/** What a leader is told as long as the destination has confirmed nothing. */
export const unconfirmed: ActionResult = {
  kind: 'unknown',
  code: 'host.unreachable',
  detail: 'gone from here; the destination is silent',
}

/**
 * `stays`: gets the VMs that stay here until the host that may have a copy of them has confirmed to forget it, or that host's
 * hypervisor, for which `reach` has a URI, has said that it has none.
 */
export const createDuties = (
  context: StepContext,
  stays: Set<VmId> = new Set(),
  reach: (peer: HostId, vm: VmId) => PeerUri | null = () => null,
): Duties => {
  const all = new Map<ActionId, Kept>()

  const noteStays = (): void => {
    stays.clear()
    for (const { duty } of all.values()) if (duty.word === 'cancelled') stays.add(duty.vm)
  }

  const discharge = (action: ActionId): void => {
    if (!all.delete(action)) return
    noteStays()
    context.emit({ kind: 'persist', record: { kind: 'discharged', action } })
  }

  const keep = (duty: Duty, nextAt: Instant): void => {
    checkDuty(duty, all)
    all.set(duty.action, { duty, since: context.now(), saidAt: context.now(), nextAt, round: null })
    noteStays()
    for (const [oldest, { duty: given }] of all) {
      if (all.size <= limits.dutiesMax) return
      context.warn(
        'vm.unconfirmed',
        `too many hosts are silent: ${given.peer} will not be told again what became of VM ${given.vm}`,
        given.vm,
      )
      discharge(oldest)
    }
  }

  const say = (kept: Kept): void => {
    if (context.isOwed(kept.duty.action))
      return void all.set(kept.duty.action, { ...kept, nextAt: context.now() + limits.dutyMsMin })
    const { partition, epoch, action, vm, peer, word, demand, autostart = false } = kept.duty
    const about = { partition, epoch, action, vm }
    if (word === 'hand-over') context.send(peer, { kind: word, ...about, round: 0, demand, autostart })
    else context.send(peer, { kind: word, ...about })
    const round = word === 'cancelled' ? ask(kept.duty) : null
    all.set(action, { ...kept, saidAt: context.now(), nextAt: context.now() + limits.dutyMsMax, round })
  }

  /** Its agent may be gone for good while its hypervisor answers. */
  const ask = ({ action, vm, peer }: Duty): number | null => {
    const at = reach(peer, vm)
    if (at === null) return null
    const round = context.nextRound()
    context.emit({ kind: 'inspect', action, round, vm, at })
    return round
  }

  return {
    none: () => all.size === 0,
    of: (action) => all.get(action)?.duty ?? null,
    take: (duty) => keep(duty, context.now() + limits.dutyMsMin),
    restore(duties) {
      for (const duty of duties) keep(duty, context.now())
    },
    heard(peer) {
      let sooner = false
      for (const kept of all.values()) {
        const soon = kept.saidAt + limits.dutyMsMin
        if (kept.duty.peer !== peer || kept.nextAt <= soon) continue
        all.set(kept.duty.action, { ...kept, nextAt: soon })
        sooner = true
      }
      return sooner
    },
    confirmed(action, peer) {
      if (all.get(action)?.duty.peer === peer) discharge(action)
    },
    inspected(action, round, presence) {
      // Its migration is over, so none is still to come.
      if (presence === 'absent' && all.get(action)?.round === round) discharge(action)
    },
    sampled(runsHere) {
      if (all.size === 0) return
      for (const { duty } of [...all.values()])
        if (duty.word === 'hand-over' && runsHere(duty.vm)) discharge(duty.action)
    },
    tick() {
      if (all.size > 0) for (const kept of [...all.values()]) if (kept.nextAt <= context.now()) say(kept)
    },
    nextAt: () => earliestOf(all.values(), (one) => one.nextAt),
    view: (now) =>
      [...all.values()].map(({ duty: { action, vm, peer, word }, since }) => ({
        action,
        vm,
        peer,
        word,
        sinceMs: now - since,
      })),
  }
}
