/**
 * One migration as its *source* runs it: ask the destination to admit the VM, let the hypervisor move it; how it ends
 * is `outgoing-end.ts`. The source serialises all migrations of its VMs (S8).
 */

import { type ActionResult, assertNever, type Migrate } from '@drover/placement'
import { calledOff } from '../actions/called-off.ts'
import type { ClosedActions } from '../actions/closed-actions.ts'
import { limits, linkMiBpsOf } from '../data/config.ts'
import { type ActionId, type HostId, type Instant, leaderOf } from '../data/ids.ts'
import type { OpenMigration, OutgoingJob } from '../data/io.ts'
import type { Admitted, Begin } from '../data/message.ts'
import { type AnyCode, codeFrom, type ReasonCode } from '../data/reasons.ts'
import type { VmSnapshot } from '../data/snapshot.ts'
import { earliestOf, type StepContext } from '../step-context.ts'
import type { Duties } from './duties.ts'
import { jobOf } from './migration-job.ts'
import { createOutgoingEnd, type OutgoingEnd } from './outgoing-end.ts'
import { createOutgoingSupervision } from './outgoing-supervision.ts'
import { about, createOutgoingTable, type OutgoingHooks, type OutgoingMigration } from './outgoing-table.ts'
import { notAsked } from './question-rounds.ts'

export interface OutgoingMigrations
  extends Pick<
    OutgoingEnd,
    'tookOver' | 'forgotten' | 'inspected' | 'resumed' | 'whereabouts' | 'askedBy' | 'lookAgain'
  > {
  readonly all: ReadonlyMap<ActionId, OutgoingMigration>
  begin(
    leader: HostId,
    message: Begin,
    migrate: Migrate,
    toEpoch: number,
    vm: VmSnapshot,
    paused: boolean,
    uri: string,
  ): void
  restore(open: OpenMigration): void
  /** Its leader wants no more of it: what has not begun never will. */
  withdraw(action: ActionId, from: HostId): void
  /** This agent is to end: none that has not begun begins. */
  leave(): void
  /** Those that run are to stop. */
  breakOff(code: ReasonCode): void
  /** What the hypervisor says of the migrations that leave. */
  told(jobs: readonly OutgoingJob[]): void
  admitted(from: HostId, message: Admitted): void
  notAdmitted(action: ActionId, from: HostId, code: AnyCode): void
  finished(action: ActionId, result: ActionResult): void
  tick(): void
  nextAt(): Instant | null
}

/** Of an outgoing migration about which no question was asked yet. */
const nothingKnown = { rounds: notAsked, takenOver: false, tries: 0, resuming: false }

export const createOutgoing = (
  context: StepContext,
  closed: ClosedActions,
  duties: Duties,
  hooks: OutgoingHooks,
): OutgoingMigrations => {
  const table = createOutgoingTable(context, closed, duties, hooks)
  const { all, put, mine, end, refuse } = table
  const watch = createOutgoingSupervision(context, table)
  const ending = createOutgoingEnd(context, table, watch, hooks)
  const { handOver, poll, again, roundEnds } = ending

  const tickOne = (migration: OutgoingMigration): void => {
    if (migration.nextAt > context.now()) return
    switch (migration.phase) {
      case 'asking':
        // Nothing has begun: not admitted in time is a refusal, not a doubt.
        return refuse(migration, 'host.unreachable', 'the destination did not answer in time', false)
      case 'moving':
        return watch.look(migration)
      case 'handing':
        return again(migration)
      case 'settling':
        return roundEnds(migration)
      default:
        return assertNever(migration.phase)
    }
  }

  return {
    all,
    told: watch.told,
    breakOff: watch.breakOff,

    leave() {
      for (const migration of [...all.values()])
        if (migration.phase === 'asking')
          refuse(migration, 'host.leaving', 'this agent is being stopped', false)
    },

    tookOver: ending.tookOver,
    forgotten: ending.forgotten,
    lookAgain: ending.lookAgain,
    inspected: ending.inspected,
    resumed: ending.resumed,
    whereabouts: ending.whereabouts,
    askedBy: ending.askedBy,

    begin(leader, message, migrate, toEpoch, vm, paused, sourceUri) {
      const migration = put({
        action: migrate.id,
        partition: message.partition,
        leader,
        epoch: message.epoch,
        toEpoch,
        vm: migrate.vm,
        to: migrate.to,
        demand: vm.demand,
        paused,
        since: context.now(),
        phase: 'asking',
        uri: null,
        nextAt: context.now() + limits.admitMs,
        job: jobOf(context.now(), vm.demand.memoryMiB, vm.dirtyMiBps),
        ...nothingKnown,
      })
      context.send(migrate.to, {
        kind: 'admit',
        ...about(migration),
        migrate,
        vm,
        paused,
        sourceUri,
        cooldownMs: context.policy.cooldownMs,
      })
    },

    restore(open) {
      put({
        action: open.action,
        partition: open.partition,
        leader: null,
        epoch: open.epoch,
        toEpoch: open.peerEpoch,
        vm: open.vm,
        to: open.peer,
        demand: open.demand,
        paused: open.paused,
        since: context.now(),
        phase: 'settling',
        uri: open.peerUri,
        nextAt: context.now(),
        // How fast it rewrites memory is forgotten: as long as it may take at all.
        job: jobOf(context.now(), open.demand.memoryMiB, linkMiBpsOf(context.policy)),
        ...nothingKnown,
      })
    },

    withdraw(action, from) {
      const migration = all.get(action)
      if (migration?.phase === 'asking' && leaderOf(migration.partition) === from)
        refuse(migration, calledOff.code, calledOff.detail, false)
    },

    admitted(from, message) {
      const migration = mine(message.action, from, 'asking')
      if (migration === null) return
      // Counted from the asking, so that the destination's promise outlives every start on it.
      if (context.now() - migration.since >= message.validMs)
        return refuse(migration, 'host.unreachable', 'the admission came too late to use', false)
      // Much may have been said while it was asked for: an operator's brake, or of the VM that it must stay.
      const hindrance = hooks.hindrance(migration.vm)
      if (hindrance !== null) return refuse(migration, hindrance, 'it may no longer begin', false)
      const uri = hooks.reach(from, message.uri, migration.vm)
      if (uri === null)
        return refuse(migration, 'peer.uri_refused', 'the destination names a URI that is not opened', false)
      const moving = put({ ...migration, phase: 'moving', uri, nextAt: context.now() })
      context.emit({
        kind: 'persist',
        record: {
          kind: 'opened',
          open: {
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
          },
        },
      })
      context.emit({
        kind: 'perform',
        action: moving.action,
        operation: {
          kind: 'migrate',
          vm: moving.vm,
          to: moving.to,
          uri,
          paused: moving.paused,
          bandwidthMiBps: context.policy.bandwidthMiBps,
          autoConverge: context.policy.autoConverge,
        },
      })
      hooks.started(moving.action)
    },

    notAdmitted(action, from, code) {
      const migration = mine(action, from, 'asking')
      if (migration !== null)
        end(migration, { kind: 'refused', code, detail: 'the destination did not admit it' }, false)
    },

    finished(action, result) {
      const migration = all.get(action)
      if (migration === undefined || migration.phase !== 'moving') return
      switch (result.kind) {
        case 'done':
          return handOver(migration)
        case 'refused':
          return refuse(
            migration,
            migration.job.stopping?.code ?? codeFrom(result.code),
            result.detail ?? '',
            true,
          )
        case 'unknown':
          context.warn(
            'migration.unknown',
            `migration of ${migration.vm} ended in doubt: ${result.detail ?? result.code}`,
            migration.vm,
          )
          return poll({ ...migration, phase: 'settling' })
        default:
          return assertNever(result)
      }
    },

    tick() {
      if (all.size > 0) for (const migration of [...all.values()]) tickOne(migration)
    },

    nextAt: () => earliestOf(all.values(), (one) => one.nextAt),
  }
}
