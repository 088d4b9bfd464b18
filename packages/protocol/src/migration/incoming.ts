/**
 * One migration as its *destination* sees it: a promise in the ledger, a copy that may arrive paused, and rule R2:
 * the copy runs only after the source has positively let go.
 */

import { type ActionResult, labelsOf, noHabit, nothing, unreachable } from '@drover/placement'
import { limits } from '../data/config.ts'
import type { ActionId, HostId, Instant, PartitionId, PeerUri, VmId } from '../data/ids.ts'
import type { ObservedVm, OpenAction } from '../data/io.ts'
import type { Admit, Cancelled, HandOver, Presence } from '../data/message.ts'
import type { VmSnapshot } from '../data/snapshot.ts'
import type { Promised } from '../snapshot/ledger.ts'
import { type Desk, earliestOf } from '../step-context.ts'
import type { ClosedActions } from './ended.ts'
import {
  type Answers,
  answersOf,
  endOf,
  heardHere,
  heardThere,
  isOvertaken,
  isWhole,
  nextRound,
  notAsked,
  type Rounds,
  restarted,
} from './question-rounds.ts'
import { judgeDestination } from './resolve-unknown.ts'

export interface Arrival extends Promised {
  readonly partition: PartitionId
  /** Our lease's epoch. */
  readonly epoch: number
  readonly from: HostId
  readonly sourceUri: string
  readonly snapshot: VmSnapshot
  readonly cooldownMs: number
  readonly since: Instant
  readonly nextAt: Instant
  /** What both ends answer since the promise should have been used. */
  readonly rounds: Rounds
  /** The source has said that it has let go. */
  readonly letGo: boolean
  /** Ours is being resumed. */
  readonly taking: boolean
  /** Found here without a record; an old word may have been said again, so only the source's answer to our question counts. */
  readonly adopted: boolean
}

export interface Arrivals {
  readonly all: ReadonlyMap<ActionId, Arrival>
  /** The caller has checked lease, ledger and rules; from here on the promise stands. */
  admit(from: HostId, message: Admit, uri: string): void
  restore(open: OpenAction): void
  /** False: nothing is known here of this action, or it was not expected any more. */
  handOver(from: HostId, message: HandOver): boolean
  /** A copy is here that a hand-over speaks of, and no record: asks its source. */
  adopt(from: HostId, message: HandOver, known: Pick<ObservedVm, 'name' | 'labels'>): void
  cancelled(from: HostId, message: Cancelled): void
  inspected(action: ActionId, round: number, at: 'here' | 'there', presence: Presence | null): void
  resumed(action: ActionId, at: 'here' | 'there', ok: boolean, detail: string): void
  whereabouts(action: ActionId, from: HostId, round: number, presence: Presence | null): void
  /** The other agent asks about it, so it lives. */
  askedBy(action: ActionId, from: HostId): void
  /** Our hypervisor answers again: what it could not be asked is asked now. */
  lookAgain(): void
  /** The source's agent is gone (a hint): ask its hypervisor soon. */
  nudge(from: HostId): void
  tick(): void
  nextAt(): Instant | null
}

export interface ArrivalHooks {
  /** It runs here now. */
  arrived(arrival: Arrival): void
  /** The promise is over, either way. */
  ended(arrival: Arrival): void
  /** The URI of the other end, if it may be opened from here; else it is said, and null. */
  reach(peer: HostId, uri: string, vm: VmId): PeerUri | null
}

export const createArrivals = (desk: Desk, closed: ClosedActions, hooks: ArrivalHooks): Arrivals => {
  const all = new Map<ActionId, Arrival>()

  const put = (arrival: Arrival): Arrival => {
    all.set(arrival.action, arrival)
    return arrival
  }

  const about = (arrival: Arrival) => ({
    partition: arrival.partition,
    epoch: arrival.epoch,
    action: arrival.action,
  })

  const close = (arrival: Arrival, done: boolean, code: string): void => {
    all.delete(arrival.action)
    const result: ActionResult = done ? { kind: 'done' } : { kind: 'refused', code }
    const record = { action: arrival.action, vm: arrival.vm, end: 'arrival', result } as const
    closed.remember(record)
    desk.emit({ kind: 'persist', record: { kind: 'closed', ...record, duty: null } })
    hooks.ended(arrival)
  }

  const sayForgotten = (to: HostId, { partition, epoch, action }: Arrival | Cancelled, vm: VmId): void =>
    desk.send(to, { kind: 'forgotten', partition, epoch, action, vm })

  /** Its source has let it go, and it is not active here: it was stopped, or went down with this host. */
  const lose = (arrival: Arrival): void => {
    desk.warn(
      'vm.lost',
      `VM ${arrival.vm} was handed over by ${arrival.from} and is not active here`,
      arrival.vm,
    )
    close(arrival, false, 'vm.gone')
    sayForgotten(arrival.from, arrival, arrival.vm)
  }

  const takeOver = (arrival: Arrival): void => {
    if (arrival.taking) return
    put({ ...arrival, taking: true, nextAt: desk.now() + limits.settlePollMs })
    desk.emit({ kind: 'resume', action: arrival.action, vm: arrival.vm, at: null })
  }

  const expired = (arrival: Arrival): boolean => desk.now() - arrival.since >= limits.lateStartMs

  const judge = (arrival: Arrival): void => {
    const { here, there } = arrival.rounds
    if (arrival.adopted && !arrival.letGo) {
      // Its source says nothing, or does not know of it: it will be handed over again, or an operator sees it.
      if (expired(arrival)) close(arrival, false, 'migration.failed')
      return
    }
    const answers = answersOf(arrival.rounds, desk.now())
    const source: Answers = arrival.letGo ? { ...answers, there: 'absent' } : answers
    const verdict = judgeDestination(source, expired(arrival))
    switch (verdict.kind) {
      case 'wait':
        if (verdict.warning !== null)
          desk.warn(
            verdict.warning,
            `VM ${arrival.vm} of ${arrival.action}: ${here ?? 'no answer'} here, ${there ?? 'no answer'} at its source ${arrival.from}`,
            arrival.vm,
          )
        return
      case 'take-over':
        return takeOver(arrival)
      case 'forget':
        if (arrival.letGo) return lose(arrival)
        if (verdict.warning !== null)
          desk.warn(
            verdict.warning,
            `VM ${arrival.vm} runs on ${arrival.from}; a paused copy is left here`,
            arrival.vm,
          )
        return close(arrival, false, 'migration.failed')
      default:
        return unreachable(verdict)
    }
  }

  const poll = (arrival: Arrival): void => {
    const { action, vm, sourceUri } = arrival
    const round = desk.nextRound()
    desk.emit({ kind: 'inspect', action, round, vm, at: null })
    desk.send(arrival.from, { kind: 'where-is', ...about(arrival), vm, round })
    const at = arrival.rounds.silence >= 1 ? hooks.reach(arrival.from, sourceUri, vm) : null
    if (at !== null) desk.emit({ kind: 'inspect', action, round, vm, at })
    const rounds = nextRound(arrival.rounds, round, desk.now())
    put({ ...arrival, rounds, taking: false, nextAt: endOf(rounds) })
  }

  /** A verdict needs both answers; only the end of the round makes one of silence. */
  const learn = (arrival: Arrival, rounds: Rounds): void => {
    const next = put({ ...arrival, rounds, nextAt: endOf(rounds) })
    if (isWhole(rounds) || (next.letGo && rounds.here !== null)) judge(next)
  }

  const roundEnds = (arrival: Arrival): void => {
    if (!arrival.taking && arrival.rounds.number !== null && !isWhole(arrival.rounds)) judge(arrival)
    const still = all.get(arrival.action)
    if (still !== undefined && still.nextAt <= desk.now()) poll(still)
  }

  /** The arrival of which this round asks, unless it is being taken over. */
  const asking = (action: ActionId, round: number): Arrival | null => {
    const arrival = all.get(action)
    return arrival !== undefined && !arrival.taking && arrival.rounds.number === round ? arrival : null
  }

  /** An arrival of which only the record is left. */
  const revive = (open: OpenAction, adopted: boolean): void => {
    put({
      action: open.action,
      vm: open.vm,
      demand: open.demand,
      ...labelsOf(open),
      partition: open.partition,
      epoch: open.epoch,
      from: open.peer,
      sourceUri: open.peerUri,
      snapshot: {
        vm: open.vm,
        name: open.name,
        state: 'running',
        incarnation: '',
        demand: open.demand,
        dirtyMiBps: 0,
        fixed: null,
        habit: noHabit,
        cooldownMs: 0,
        movedFrom: null,
        ...labelsOf(open),
      },
      cooldownMs: desk.policy.cooldownMs,
      since: desk.now(),
      nextAt: desk.now(),
      rounds: notAsked,
      letGo: false,
      taking: false,
      adopted,
    })
  }

  return {
    all,

    admit(from, message, uri) {
      const arrival = put({
        action: message.action,
        vm: message.migrate.vm,
        demand: message.vm.demand,
        ...labelsOf(message.vm),
        partition: message.partition,
        epoch: message.epoch,
        from,
        sourceUri: message.sourceUri,
        snapshot: message.vm,
        cooldownMs: message.cooldownMs,
        since: desk.now(),
        nextAt: desk.now() + limits.admitValidMs,
        rounds: notAsked,
        letGo: false,
        taking: false,
        adopted: false,
      })
      desk.emit({
        kind: 'persist',
        record: {
          kind: 'opened',
          open: {
            kind: 'arrival',
            action: arrival.action,
            partition: arrival.partition,
            epoch: arrival.epoch,
            peerEpoch: 0,
            vm: arrival.vm,
            name: message.vm.name,
            peer: from,
            peerUri: message.sourceUri,
            demand: arrival.demand,
            paused: message.paused,
            ...labelsOf(arrival),
          },
        },
      })
      desk.send(from, { kind: 'admitted', ...about(arrival), uri, validMs: limits.admitValidMs })
    },

    restore: (open) => revive(open, false),

    handOver(from, message) {
      const { partition, epoch, action, vm, round, demand } = message
      const arrival = all.get(action)
      if (arrival === undefined) {
        // Said again because our answer was lost.
        const known = closed.resultOf('arrival', action)?.kind === 'done'
        if (known) desk.send(from, { kind: 'took-over', partition, epoch, action, vm })
        return known
      }
      if (arrival.from !== from || arrival.letGo) return true
      if (arrival.adopted && (round !== arrival.rounds.number || demand === null)) return true
      takeOver(put({ ...arrival, letGo: true }))
      return true
    },

    adopt(from, { partition, epoch, action, vm, demand }, known) {
      const open: OpenAction = {
        kind: 'arrival',
        action,
        partition,
        epoch,
        peerEpoch: 0,
        vm,
        name: known.name,
        peer: from,
        peerUri: '',
        demand: demand ?? nothing,
        ...labelsOf(known),
        paused: true,
      }
      revive(open, true)
      desk.emit({ kind: 'persist', record: { kind: 'opened', open } })
    },

    cancelled(from, message) {
      const arrival = all.get(message.action)
      if (arrival !== undefined) {
        if (arrival.from !== from || arrival.taking) return
        close(arrival, false, 'cancelled')
      }
      sayForgotten(from, message, message.vm)
    },

    lookAgain() {
      for (const arrival of [...all.values()])
        if (!arrival.taking && arrival.rounds.number !== null && arrival.rounds.here === null) poll(arrival)
    },

    inspected(action, round, at, presence) {
      const arrival = asking(action, round)
      if (arrival === null || presence === null) return
      if (at === 'here') learn(arrival, heardHere(arrival.rounds, presence, desk.now()))
      else learn(arrival, heardThere(arrival.rounds, presence, 'hypervisor'))
    },

    resumed(action, at, ok, detail) {
      const arrival = all.get(action)
      if (arrival === undefined || at !== 'here') return
      if (!ok) {
        desk.warn('resume.failed', `VM ${arrival.vm} waits paused here, resume failed: ${detail}`, arrival.vm)
        put({ ...arrival, taking: false, nextAt: desk.now() + limits.settlePollMs })
        return
      }
      close(arrival, true, '')
      hooks.arrived(arrival)
      desk.send(arrival.from, { kind: 'took-over', ...about(arrival), vm: arrival.vm })
    },

    whereabouts(action, from, round, presence) {
      const arrival = asking(action, round)
      if (arrival !== null && arrival.from === from && presence !== null)
        learn(arrival, heardThere(arrival.rounds, presence, 'agent'))
    },

    askedBy(action, from) {
      const arrival = all.get(action)
      if (arrival?.from === from && !arrival.taking && isOvertaken(arrival.rounds, desk.now())) poll(arrival)
    },

    nudge(from) {
      for (const arrival of [...all.values()])
        if (arrival.from === from && !arrival.taking) poll({ ...arrival, rounds: restarted() })
    },

    tick() {
      if (all.size > 0)
        for (const arrival of [...all.values()]) if (arrival.nextAt <= desk.now()) roundEnds(arrival)
    },

    nextAt: () => earliestOf(all.values(), (one) => one.nextAt),
  }
}
