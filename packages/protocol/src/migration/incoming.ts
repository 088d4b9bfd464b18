/**
 * One migration as its *destination* sees it: a promise in the ledger, a copy that may arrive paused, and rule R2:
 * the copy runs only after the source has positively let go.
 */

import { type ActionResult, assertNever, labelsOf, noDemandStats, nothing } from '@drover/placement'
import type { ClosedActions } from '../actions/closed-actions.ts'
import { limits } from '../data/config.ts'
import type { ActionId, HostId, Instant, PartitionId, PeerUri, VmId } from '../data/ids.ts'
import type { ObservedVm, OpenMigration } from '../data/io.ts'
import type { Admit, Cancelled, HandOver, Presence } from '../data/message.ts'
import type { ReasonCode } from '../data/reasons.ts'
import type { VmSnapshot } from '../data/snapshot.ts'
import type { Promised } from '../snapshot/ledger.ts'
import { earliestOf, type StepContext } from '../step-context.ts'
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

export interface IncomingMigration extends Promised {
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

export interface IncomingMigrations {
  readonly all: ReadonlyMap<ActionId, IncomingMigration>
  /** The caller has checked lease, ledger and rules; from here on the promise stands. */
  admit(from: HostId, message: Admit, uri: string): void
  restore(open: OpenMigration): void
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

export interface IncomingHooks {
  /** It runs here now. */
  arrived(migration: IncomingMigration): void
  /** The promise is over, either way. */
  ended(migration: IncomingMigration): void
  /** The URI of the other end, if it may be opened from here; else it is said, and null. */
  reach(peer: HostId, uri: string, vm: VmId): PeerUri | null
}

export const createIncoming = (
  context: StepContext,
  closed: ClosedActions,
  hooks: IncomingHooks,
): IncomingMigrations => {
  const all = new Map<ActionId, IncomingMigration>()

  const put = (migration: IncomingMigration): IncomingMigration => {
    all.set(migration.action, migration)
    return migration
  }

  const about = (migration: IncomingMigration) => ({
    partition: migration.partition,
    epoch: migration.epoch,
    action: migration.action,
  })

  /** `refused`: why the VM did not come; null = it runs here. */
  const close = (migration: IncomingMigration, refused: ReasonCode | null): void => {
    all.delete(migration.action)
    const result: ActionResult = refused === null ? { kind: 'done' } : { kind: 'refused', code: refused }
    const record = { action: migration.action, vm: migration.vm, end: 'arrival', result } as const
    closed.remember(record)
    context.emit({ kind: 'persist', record: { kind: 'closed', ...record, duty: null } })
    hooks.ended(migration)
  }

  const sayForgotten = (
    to: HostId,
    { partition, epoch, action }: IncomingMigration | Cancelled,
    vm: VmId,
  ): void => context.send(to, { kind: 'forgotten', partition, epoch, action, vm })

  /** Its source has let it go, and it is not active here: it was stopped, or went down with this host. */
  const lose = (migration: IncomingMigration): void => {
    context.warn(
      'vm.lost',
      `VM ${migration.vm} was handed over by ${migration.from} and is not active here`,
      migration.vm,
    )
    close(migration, 'vm.gone')
    sayForgotten(migration.from, migration, migration.vm)
  }

  const takeOver = (migration: IncomingMigration): void => {
    if (migration.taking) return
    put({ ...migration, taking: true, nextAt: context.now() + limits.settlePollMs })
    context.emit({ kind: 'resume', action: migration.action, vm: migration.vm, at: null })
  }

  const expired = (migration: IncomingMigration): boolean =>
    context.now() - migration.since >= limits.lateStartMs

  const judge = (migration: IncomingMigration): void => {
    const { here, there } = migration.rounds
    if (migration.adopted && !migration.letGo) {
      // Its source says nothing, or does not know of it: it will be handed over again, or an operator sees it.
      if (expired(migration)) close(migration, 'migration.failed')
      return
    }
    const answers = answersOf(migration.rounds, context.now())
    const source: Answers = migration.letGo ? { ...answers, there: 'absent' } : answers
    const verdict = judgeDestination(source, expired(migration))
    switch (verdict.kind) {
      case 'wait':
        if (verdict.warning !== null)
          context.warn(
            verdict.warning,
            `VM ${migration.vm} of ${migration.action}: ${here ?? 'no answer'} here, ${there ?? 'no answer'} at its source ${migration.from}`,
            migration.vm,
          )
        return
      case 'take-over':
        return takeOver(migration)
      case 'forget':
        if (migration.letGo) return lose(migration)
        if (verdict.warning !== null)
          context.warn(
            verdict.warning,
            `VM ${migration.vm} runs on ${migration.from}; a paused copy is left here`,
            migration.vm,
          )
        return close(migration, 'migration.failed')
      default:
        return assertNever(verdict)
    }
  }

  const poll = (migration: IncomingMigration): void => {
    const { action, vm, sourceUri } = migration
    const round = context.nextRound()
    context.emit({ kind: 'inspect', action, round, vm, at: null })
    context.send(migration.from, { kind: 'where-is', ...about(migration), vm, round })
    const at = migration.rounds.silence >= 1 ? hooks.reach(migration.from, sourceUri, vm) : null
    if (at !== null) context.emit({ kind: 'inspect', action, round, vm, at })
    const rounds = nextRound(migration.rounds, round, context.now())
    put({ ...migration, rounds, taking: false, nextAt: endOf(rounds) })
  }

  /** A verdict needs both answers; only the end of the round makes one of silence. */
  const learn = (migration: IncomingMigration, rounds: Rounds): void => {
    const next = put({ ...migration, rounds, nextAt: endOf(rounds) })
    if (isWhole(rounds) || (next.letGo && rounds.here !== null)) judge(next)
  }

  const roundEnds = (migration: IncomingMigration): void => {
    if (!migration.taking && migration.rounds.number !== null && !isWhole(migration.rounds)) judge(migration)
    const still = all.get(migration.action)
    if (still !== undefined && still.nextAt <= context.now()) poll(still)
  }

  /** The incoming migration of which this round asks, unless it is being taken over. */
  const asking = (action: ActionId, round: number): IncomingMigration | null => {
    const migration = all.get(action)
    return migration !== undefined && !migration.taking && migration.rounds.number === round
      ? migration
      : null
  }

  /** an incoming migration of which only the record is left. */
  const revive = (open: OpenMigration, adopted: boolean): void => {
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
        demandStats: noDemandStats,
        cooldownMs: 0,
        movedFrom: null,
        ...labelsOf(open),
      },
      cooldownMs: context.policy.cooldownMs,
      since: context.now(),
      nextAt: context.now(),
      rounds: notAsked,
      letGo: false,
      taking: false,
      adopted,
    })
  }

  return {
    all,

    admit(from, message, uri) {
      const migration = put({
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
        since: context.now(),
        nextAt: context.now() + limits.admitValidMs,
        rounds: notAsked,
        letGo: false,
        taking: false,
        adopted: false,
      })
      context.emit({
        kind: 'persist',
        record: {
          kind: 'opened',
          open: {
            kind: 'arrival',
            action: migration.action,
            partition: migration.partition,
            epoch: migration.epoch,
            peerEpoch: 0,
            vm: migration.vm,
            name: message.vm.name,
            peer: from,
            peerUri: message.sourceUri,
            demand: migration.demand,
            paused: message.paused,
            ...labelsOf(migration),
          },
        },
      })
      context.send(from, { kind: 'admitted', ...about(migration), uri, validMs: limits.admitValidMs })
    },

    restore: (open) => revive(open, false),

    handOver(from, message) {
      const { partition, epoch, action, vm, round, demand } = message
      const migration = all.get(action)
      if (migration === undefined) {
        // Said again because our answer was lost.
        const known = closed.resultOf('arrival', action)?.kind === 'done'
        if (known) context.send(from, { kind: 'took-over', partition, epoch, action, vm })
        return known
      }
      if (migration.from !== from || migration.letGo) return true
      if (migration.adopted && (round !== migration.rounds.number || demand === null)) return true
      takeOver(put({ ...migration, letGo: true }))
      return true
    },

    adopt(from, { partition, epoch, action, vm, demand }, known) {
      const open: OpenMigration = {
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
      context.emit({ kind: 'persist', record: { kind: 'opened', open } })
    },

    cancelled(from, message) {
      const migration = all.get(message.action)
      if (migration !== undefined) {
        if (migration.from !== from || migration.taking) return
        close(migration, 'migration.cancelled')
      }
      sayForgotten(from, message, message.vm)
    },

    lookAgain() {
      for (const migration of [...all.values()])
        if (!migration.taking && migration.rounds.number !== null && migration.rounds.here === null)
          poll(migration)
    },

    inspected(action, round, at, presence) {
      const migration = asking(action, round)
      if (migration === null || presence === null) return
      if (at === 'here') learn(migration, heardHere(migration.rounds, presence, context.now()))
      else learn(migration, heardThere(migration.rounds, presence, 'hypervisor'))
    },

    resumed(action, at, ok, detail) {
      const migration = all.get(action)
      if (migration === undefined || at !== 'here') return
      if (!ok) {
        context.warn(
          'resume.failed',
          `VM ${migration.vm} waits paused here, resume failed: ${detail}`,
          migration.vm,
        )
        put({ ...migration, taking: false, nextAt: context.now() + limits.settlePollMs })
        return
      }
      close(migration, null)
      hooks.arrived(migration)
      context.send(migration.from, { kind: 'took-over', ...about(migration), vm: migration.vm })
    },

    whereabouts(action, from, round, presence) {
      const migration = asking(action, round)
      if (migration !== null && migration.from === from && presence !== null)
        learn(migration, heardThere(migration.rounds, presence, 'agent'))
    },

    askedBy(action, from) {
      const migration = all.get(action)
      if (migration?.from === from && !migration.taking && isOvertaken(migration.rounds, context.now()))
        poll(migration)
    },

    nudge(from) {
      for (const migration of [...all.values()])
        if (migration.from === from && !migration.taking) poll({ ...migration, rounds: restarted() })
    },

    tick() {
      if (all.size > 0)
        for (const migration of [...all.values()]) if (migration.nextAt <= context.now()) roundEnds(migration)
    },

    nextAt: () => earliestOf(all.values(), (one) => one.nextAt),
  }
}
