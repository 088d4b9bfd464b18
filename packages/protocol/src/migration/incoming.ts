/**
 * One migration as its *destination* sees it: a promise in the ledger, and a copy that may arrive paused; how it ends is
 * `incoming-end.ts`.
 */

import { labelsOf, noDemandStats, nothing } from '@drover/placement'
import type { ClosedActions } from '../actions/closed-actions.ts'
import { limits } from '../data/config.ts'
import type { ActionId, HostId, Instant } from '../data/ids.ts'
import type { ObservedVm, OpenMigration } from '../data/io.ts'
import type { Admit, Cancelled, HandOver, Presence } from '../data/message.ts'
import type { VmSnapshot } from '../data/snapshot.ts'
import { earliestOf, type StepContext } from '../step-context.ts'
import {
  askedBy,
  inspected,
  letGo,
  lookAgain,
  nudge,
  resumed,
  roundEnds,
  saidBefore,
  whereabouts,
} from './incoming-end.ts'
import {
  about,
  close,
  type IncomingHooks,
  type IncomingMigration,
  type IncomingState,
  put,
  sayForgotten,
} from './incoming-table.ts'
import { notAsked } from './question-rounds.ts'

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

export const createIncoming = (
  context: StepContext,
  closed: ClosedActions,
  hooks: IncomingHooks,
): IncomingMigrations => {
  const all = new Map<ActionId, IncomingMigration>()
  const state: IncomingState = { context, closed, hooks, all }
  return {
    all,
    admit: (from, message, uri) => admit(state, from, message, uri),
    restore: (open) => void put(state, revived(context, open, open.uncertain ?? false)),
    handOver: (from, message) => handOver(state, from, message),
    adopt: (from, message, known) => adopt(state, from, message, known),
    cancelled: (from, message) => cancelled(state, from, message),
    inspected: (...said) => inspected(state, ...said),
    resumed: (...said) => resumed(state, ...said),
    whereabouts: (...said) => whereabouts(state, ...said),
    askedBy: (action, from) => askedBy(state, action, from),
    lookAgain: () => lookAgain(state),
    nudge: (from) => nudge(state, from),
    tick() {
      if (all.size > 0)
        for (const migration of [...all.values()])
          if (migration.nextAt <= context.now()) roundEnds(state, migration)
    },
    nextAt: () => earliestOf(all.values(), (one) => one.nextAt),
  }
}

/** Of an incoming migration about which no question was asked yet. */
const nothingKnown = { rounds: notAsked, letGo: false, taking: false }

const admit = (state: IncomingState, from: HostId, message: Admit, uri: string): void => {
  const { context } = state
  const migration = put(state, {
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
    autostart: message.autostart,
    since: context.now(),
    nextAt: context.now() + limits.admitValidMs,
    adopted: false,
    ...nothingKnown,
  })
  context.emit({ kind: 'persist', record: { kind: 'opened', open: openOf(migration, message.paused) } })
  context.send(from, { kind: 'admitted', ...about(migration), uri, validMs: limits.admitValidMs })
}

/** As the journal keeps it. */
const openOf = (migration: IncomingMigration, paused: boolean): OpenMigration => ({
  kind: 'arrival',
  action: migration.action,
  partition: migration.partition,
  epoch: migration.epoch,
  peerEpoch: 0,
  vm: migration.vm,
  name: migration.snapshot.name,
  peer: migration.from,
  peerUri: migration.sourceUri,
  demand: migration.demand,
  paused,
  autostart: migration.autostart,
  ...labelsOf(migration),
})

/** An incoming migration of which only the record is left. */
const revived = (context: StepContext, open: OpenMigration, adopted: boolean): IncomingMigration => ({
  action: open.action,
  vm: open.vm,
  demand: open.demand,
  ...labelsOf(open),
  partition: open.partition,
  epoch: open.epoch,
  from: open.peer,
  sourceUri: open.peerUri,
  snapshot: snapshotOf(open),
  cooldownMs: context.policy.cooldownMs,
  autostart: open.autostart ?? false,
  since: context.now(),
  nextAt: context.now(),
  adopted,
  ...nothingKnown,
})

const snapshotOf = (open: OpenMigration): VmSnapshot => ({
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
})

const handOver = (state: IncomingState, from: HostId, message: HandOver): boolean => {
  const { partition, epoch, action, vm, round, demand } = message
  const migration = state.all.get(action)
  if (migration === undefined) {
    // Said again because our answer was lost.
    const known = state.closed.resultOf('arrival', action)?.kind === 'done'
    if (known && !state.context.isOwed(action))
      state.context.send(from, { kind: 'took-over', partition, epoch, action, vm })
    return known
  }
  if (migration.from !== from || migration.letGo) return true
  if (migration.adopted && round !== migration.rounds.number) return true
  if (migration.adopted && demand === null) saidBefore(state, migration)
  else letGo(state, migration)
  return true
}

const adopt = (
  state: IncomingState,
  from: HostId,
  { partition, epoch, action, vm, demand, autostart }: HandOver,
  known: Pick<ObservedVm, 'name' | 'labels'>,
): void => {
  const { context } = state
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
    autostart,
    uncertain: true,
  }
  put(state, revived(context, open, true))
  context.emit({ kind: 'persist', record: { kind: 'opened', open } })
}

const cancelled = (state: IncomingState, from: HostId, message: Cancelled): void => {
  const migration = state.all.get(message.action)
  if (migration !== undefined) {
    if (migration.from !== from || migration.taking) return
    close(state, migration, 'migration.cancelled')
  }
  sayForgotten(state, from, message, message.vm)
}
