/**
 * One migration as its *source* runs it: ask the destination to admit the VM, let the hypervisor move it; how it ends
 * is `outgoing-end.ts`. The source serialises all migrations of its VMs (S8).
 */

import { type ActionResult, assertNever, type Migrate } from '@drover/placement'
import { calledOff } from '../actions/called-off.ts'
import type { ClosedActions } from '../actions/closed-actions.ts'
import { limits, linkMiBpsOf } from '../data/config.ts'
import { type ActionId, type HostId, type Instant, leaderOf, type PeerUri } from '../data/ids.ts'
import type { OpenMigration, OutgoingJob } from '../data/io.ts'
import type { Admitted, Begin, Presence, TookOver } from '../data/message.ts'
import { type AnyCode, codeFrom, type ReasonCode } from '../data/reasons.ts'
import type { VmSnapshot } from '../data/snapshot.ts'
import { earliestOf, type StepContext } from '../step-context.ts'
import type { Duties } from './duties.ts'
import { lateAdmission } from './late-admission.ts'
import { checkBegins } from './migration-invariants.ts'
import { jobOf } from './migration-job.ts'
import {
  again,
  askedBy,
  forgotten,
  handOver,
  inspected,
  lookAgain,
  poll,
  resumed,
  roundEnds,
  tookOver,
  whereabouts,
} from './outgoing-end.ts'
import { breakOff, jobsTold, supervise } from './outgoing-supervision.ts'
import {
  about,
  end,
  type OutgoingHooks,
  type OutgoingMigration,
  type OutgoingState,
  outgoingTo,
  put,
  refuse,
  seenHere,
} from './outgoing-table.ts'
import { notAsked } from './question-rounds.ts'

export interface OutgoingMigrations {
  readonly all: ReadonlyMap<ActionId, OutgoingMigration>
  begin(
    leader: HostId,
    message: Begin,
    migrate: Migrate,
    toEpoch: number,
    vm: VmSnapshot,
    paused: boolean,
    autostart: boolean,
    uri: string,
  ): void
  restore(open: OpenMigration): void
  /** It runs here without a record: settled from now on as one of which only the record is left. */
  takeUp(open: OpenMigration): void
  /** Its leader wants no more of it: what has not begun never will. */
  withdraw(action: ActionId, from: HostId): void
  /** This agent is to end: none that has not begun begins. */
  leave(): void
  /** Those that run are to stop. */
  breakOff(code: ReasonCode): void
  /** What the hypervisor says of the migrations that leave. */
  told(jobs: readonly OutgoingJob[], askedAt: Instant): void
  admitted(from: HostId, message: Admitted): void
  notAdmitted(action: ActionId, from: HostId, code: AnyCode): void
  finished(action: ActionId, result: ActionResult): void
  tookOver(from: HostId, message: TookOver): void
  /** The destination has no VM of this action, and waits for none. */
  forgotten(action: ActionId, from: HostId): void
  inspected(action: ActionId, round: number, at: 'here' | 'there', presence: Presence | null): void
  resumed(action: ActionId, at: 'here' | 'there', ok: boolean): void
  whereabouts(action: ActionId, from: HostId, round: number, presence: Presence | null): void
  /** The other agent asks about it, so it lives. */
  askedBy(action: ActionId, from: HostId): void
  /** Our hypervisor answers again: what it could not be asked is asked now. */
  lookAgain(): void
  tick(): void
  nextAt(): Instant | null
}

/** Of an outgoing migration about which no question was asked yet. */
const nothingKnown = { uncertain: false, rounds: notAsked, takenOver: false, tries: 0, resuming: false }

export const createOutgoing = (
  context: StepContext,
  closed: ClosedActions,
  duties: Duties,
  hooks: OutgoingHooks,
): OutgoingMigrations => {
  const all = new Map<ActionId, OutgoingMigration>()
  const state: OutgoingState = { context, closed, duties, hooks, all, settled: new Set() }
  return {
    all,
    begin: (...asked) => begin(state, ...asked),
    restore: (open) => void put(state, restored(context, open)),
    takeUp(open) {
      put(state, seenHere(restored(context, open), context.now()))
      context.emit({ kind: 'persist', record: { kind: 'opened', open } })
    },
    withdraw(action, from) {
      const migration = all.get(action)
      if (migration?.phase === 'asking' && leaderOf(migration.partition) === from)
        refuse(state, migration, calledOff.code, calledOff.detail)
    },
    leave() {
      for (const migration of [...all.values()])
        if (migration.phase === 'asking')
          refuse(state, migration, 'host.leaving', 'this agent is being stopped')
    },
    breakOff: (code) => breakOff(state, code),
    told: (jobs, askedAt) => jobsTold(state, jobs, askedAt),
    admitted: (from, message) => admitted(state, from, message),
    notAdmitted(action, from, code) {
      const migration = outgoingTo(state, action, from, 'asking')
      if (migration !== null)
        end(state, migration, { kind: 'refused', code, detail: 'the destination did not admit it' })
    },
    finished: (action, result) => finished(state, action, result),
    tookOver: (from, message) => tookOver(state, from, message),
    forgotten: (action, from) => forgotten(state, action, from),
    inspected: (...said) => inspected(state, ...said),
    resumed: (...said) => resumed(state, ...said),
    whereabouts: (...said) => whereabouts(state, ...said),
    askedBy: (action, from) => askedBy(state, action, from),
    lookAgain: () => lookAgain(state),
    tick() {
      if (all.size > 0)
        for (const migration of [...all.values()])
          if (migration.nextAt <= context.now()) due(state, migration)
    },
    nextAt: () => earliestOf(all.values(), (one) => one.nextAt),
  }
}

const begin = (
  state: OutgoingState,
  ...[leader, message, migrate, toEpoch, vm, paused, autostart, sourceUri]: Parameters<
    OutgoingMigrations['begin']
  >
): void => {
  const { context } = state
  checkBegins(state.all, migrate.id, migrate.vm, context.policy.migrationsOutMax)
  const migration = put(state, {
    action: migrate.id,
    partition: message.partition,
    leader,
    epoch: message.epoch,
    toEpoch,
    vm: migrate.vm,
    vmIncarnation: vm.incarnation,
    to: migrate.to,
    demand: vm.demand,
    paused,
    autostart,
    since: context.now(),
    phase: 'asking',
    uri: null,
    seenHereAt: context.now(),
    unreadThere: 0,
    nextAt: context.now() + limits.admitMs,
    job: jobOf(context.now(), vm.demand.memoryMiB, vm.dirtyMiBps),
    ...nothingKnown,
  })
  const { cooldownMs } = context.policy
  const facts = { paused, autostart, sourceUri, cooldownMs }
  context.send(migrate.to, { kind: 'admit', ...about(migration), migrate, vm, ...facts })
}

/** Of which only the record is left: it may have moved, or not, or be moving. */
const restored = (context: StepContext, open: OpenMigration): OutgoingMigration => ({
  action: open.action,
  partition: open.partition,
  leader: null,
  epoch: open.epoch,
  toEpoch: open.peerEpoch,
  vm: open.vm,
  vmIncarnation: '',
  to: open.peer,
  demand: open.demand,
  paused: open.paused,
  autostart: open.autostart ?? false,
  since: context.now(),
  phase: 'settling',
  uri: open.peerUri,
  seenHereAt: null,
  unreadThere: 1,
  nextAt: context.now(),
  // It has no more time than when it was begun. Where it is not known how fast it rewrites memory: as long as it may take at all.
  job: jobOf(
    context.now() - (open.ageMs ?? 0),
    open.demand.memoryMiB,
    open.dirtyMiBps ?? linkMiBpsOf(context.policy),
  ),
  ...nothingKnown,
  uncertain: open.uncertain ?? false,
})

const admitted = (state: OutgoingState, from: HostId, message: Admitted): void => {
  const { context, hooks } = state
  const migration = outgoingTo(state, message.action, from, 'asking')
  if (migration === null) return
  // Counted from the asking, so that the destination's promise outlives every start on it.
  if (context.now() - migration.since >= message.validMs)
    return refuse(state, migration, lateAdmission.code, lateAdmission.detail)
  // Much may have been said while it was asked for: an operator's brake, or of the VM that it must stay, or was started anew.
  const hindrance = hooks.hindrance(migration)
  if (hindrance !== null) return refuse(state, migration, hindrance, 'it may no longer begin')
  const uri = hooks.reach(from, message.uri, migration.vm, true)
  if (uri === null)
    return refuse(state, migration, 'peer.uri_refused', 'the destination names a URI that is not opened')
  const moving = put(state, { ...migration, phase: 'moving', uri, nextAt: context.now() })
  context.emit({ kind: 'persist', record: { kind: 'opened', open: openOf(moving, uri) } })
  const { action, vm, to, paused } = moving
  const { bandwidthMiBps, autoConverge } = context.policy
  const notAfter = migration.since + message.validMs
  const operation = { kind: 'migrate', vm, to, uri, paused, bandwidthMiBps, autoConverge, notAfter } as const
  context.emit({ kind: 'perform', action, operation })
  hooks.started(action)
}

/** As the journal keeps it. */
const openOf = (moving: OutgoingMigration, uri: PeerUri): OpenMigration => ({
  kind: 'departure',
  action: moving.action,
  partition: moving.partition,
  epoch: moving.epoch,
  peerEpoch: moving.toEpoch,
  vm: moving.vm,
  name: '',
  peer: moving.to,
  peerUri: uri,
  demand: moving.demand,
  paused: moving.paused,
  dirtyMiBps: moving.job.dirtyMiBps,
  autostart: moving.autostart,
})

const finished = (state: OutgoingState, action: ActionId, result: ActionResult): void => {
  const migration = state.all.get(action)
  if (migration === undefined || migration.phase !== 'moving') return
  switch (result.kind) {
    case 'done':
      return handOver(state, migration)
    case 'refused': {
      const code = migration.job.stopping?.code ?? codeFrom(result.code)
      // A connection that broke in the end may have left a copy there, which waits to be let run until it hears this.
      return refuse(state, migration, code, result.detail ?? '', migration.paused)
    }
    case 'unknown':
      state.context.warn(
        'migration.unknown',
        `migration of ${migration.vm} ended in doubt: ${result.detail ?? result.code}`,
        migration.vm,
      )
      return poll(state, { ...migration, phase: 'settling' })
    default:
      return assertNever(result)
  }
}

/** Its time has come. */
const due = (state: OutgoingState, migration: OutgoingMigration): void => {
  switch (migration.phase) {
    case 'asking':
      // Nothing has begun: not admitted in time is a refusal, not a doubt.
      return refuse(state, migration, 'host.unreachable', 'the destination did not answer in time')
    case 'moving':
      return supervise(state, migration)
    case 'handing':
      return again(state, migration)
    case 'settling':
      return roundEnds(state, migration)
    default:
      return assertNever(migration.phase)
  }
}
