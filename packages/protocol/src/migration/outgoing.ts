/**
 * One migration as its *source* runs it: ask the destination to admit the VM, let the hypervisor move it; how it ends
 * is `outgoing-end.ts`. The source serialises all motions of its VMs (S8).
 */
import { type ActionResult, type Migrate, unreachable } from '@drover/placement'
import { limits, linkMiBpsOf } from '../data/config.ts'
import { type ActionId, type HostId, type Instant, leaderOf } from '../data/ids.ts'
import type { OpenAction, OutgoingJob } from '../data/io.ts'
import type { Admitted, Begin } from '../data/message.ts'
import type { VmSnapshot } from '../data/snapshot.ts'
import { type Desk, earliestOf } from '../step-context.ts'
import type { Duties } from './duties.ts'
import type { ClosedActions } from './ended.ts'
import { jobOf } from './migration-job.ts'
import { createDepartureEnd, type DepartureEnd } from './outgoing-end.ts'
import { createDepartureWatch } from './outgoing-supervision.ts'
import { about, createDepartureTable, type Departure, type DepartureHooks } from './outgoing-table.ts'
import { notAsked } from './question-rounds.ts'

export interface Departures
  extends Pick<
    DepartureEnd,
    'tookOver' | 'forgotten' | 'inspected' | 'resumed' | 'whereabouts' | 'askedBy' | 'lookAgain'
  > {
  readonly all: ReadonlyMap<ActionId, Departure>
  begin(
    leader: HostId,
    message: Begin,
    migrate: Migrate,
    toEpoch: number,
    vm: VmSnapshot,
    paused: boolean,
    uri: string,
  ): void
  restore(open: OpenAction): void
  /** Its leader wants no more of it: what has not begun never will. */
  withdraw(action: ActionId, from: HostId): void
  /** This agent is to end: none that has not begun begins. */
  leave(): void
  /** Those that run are to stop. */
  breakOff(code: string): void
  /** What the hypervisor says of the migrations that leave. */
  told(jobs: readonly OutgoingJob[]): void
  admitted(from: HostId, message: Admitted): void
  notAdmitted(action: ActionId, from: HostId, code: string): void
  finished(action: ActionId, result: ActionResult): void
  tick(): void
  nextAt(): Instant | null
}

/** How an action ends that was withdrawn before it began. */
export const calledOff = {
  code: 'operator.called_off',
  detail: 'its leader withdrew it before it began',
}

/** Of a departure about which no question was asked yet. */
const nothingKnown = { rounds: notAsked, takenOver: false, tries: 0, resuming: false }

export const createDepartures = (
  desk: Desk,
  closed: ClosedActions,
  duties: Duties,
  hooks: DepartureHooks,
): Departures => {
  const table = createDepartureTable(desk, closed, duties, hooks)
  const { all, put, mine, end, refuse } = table
  const watch = createDepartureWatch(desk, table)
  const ending = createDepartureEnd(desk, table, watch, hooks)
  const { handOver, poll, again, roundEnds } = ending

  const tickOne = (departure: Departure): void => {
    if (departure.nextAt > desk.now()) return
    switch (departure.phase) {
      case 'asking':
        // Nothing has begun: not admitted in time is a refusal, not a doubt.
        return refuse(departure, 'host.unreachable', 'the destination did not answer in time', false)
      case 'moving':
        return watch.look(departure)
      case 'handing':
        return again(departure)
      case 'settling':
        return roundEnds(departure)
      default:
        return unreachable(departure.phase)
    }
  }

  return {
    all,
    told: watch.told,
    breakOff: watch.breakOff,

    leave() {
      for (const departure of [...all.values()])
        if (departure.phase === 'asking')
          refuse(departure, 'host.leaving', 'this agent is being stopped', false)
    },

    tookOver: ending.tookOver,
    forgotten: ending.forgotten,
    lookAgain: ending.lookAgain,
    inspected: ending.inspected,
    resumed: ending.resumed,
    whereabouts: ending.whereabouts,
    askedBy: ending.askedBy,

    begin(leader, message, migrate, toEpoch, vm, paused, sourceUri) {
      const departure = put({
        action: migrate.id,
        partition: message.partition,
        leader,
        epoch: message.epoch,
        toEpoch,
        vm: migrate.vm,
        to: migrate.to,
        demand: vm.demand,
        paused,
        since: desk.now(),
        phase: 'asking',
        uri: null,
        nextAt: desk.now() + limits.admitMs,
        job: jobOf(desk.now(), vm.demand.memoryMiB, vm.dirtyMiBps),
        ...nothingKnown,
      })
      desk.send(migrate.to, {
        kind: 'admit',
        ...about(departure),
        migrate,
        vm,
        paused,
        sourceUri,
        cooldownMs: desk.policy.cooldownMs,
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
        since: desk.now(),
        phase: 'settling',
        uri: open.peerUri,
        nextAt: desk.now(),
        // How fast it rewrites memory is forgotten: as long as it may take at all.
        job: jobOf(desk.now(), open.demand.memoryMiB, linkMiBpsOf(desk.policy)),
        ...nothingKnown,
      })
    },

    withdraw(action, from) {
      const departure = all.get(action)
      if (departure?.phase === 'asking' && leaderOf(departure.partition) === from)
        refuse(departure, calledOff.code, calledOff.detail, false)
    },

    admitted(from, message) {
      const departure = mine(message.action, from, 'asking')
      if (departure === null) return
      // Counted from the asking, so that the destination's promise outlives every start on it.
      if (desk.now() - departure.since >= message.validMs)
        return refuse(departure, 'host.unreachable', 'the admission came too late to use', false)
      // Much may have been said while it was asked for: an operator's brake, or of the VM that it must stay.
      const hindrance = hooks.hindrance(departure.vm)
      if (hindrance !== null) return refuse(departure, hindrance, 'it may no longer begin', false)
      const uri = hooks.reach(from, message.uri, departure.vm)
      if (uri === null)
        return refuse(departure, 'peer.uri_refused', 'the destination names a URI that is not opened', false)
      const moving = put({ ...departure, phase: 'moving', uri, nextAt: desk.now() })
      desk.emit({
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
      desk.emit({
        kind: 'perform',
        action: moving.action,
        vm: moving.vm,
        to: moving.to,
        uri,
        paused: moving.paused,
        bandwidthMiBps: desk.policy.bandwidthMiBps,
        autoConverge: desk.policy.autoConverge,
      })
      hooks.started(moving.action)
    },

    notAdmitted(action, from, code) {
      const departure = mine(action, from, 'asking')
      if (departure !== null)
        end(departure, { kind: 'refused', code, detail: 'the destination did not admit it' }, false)
    },

    finished(action, result) {
      const departure = all.get(action)
      if (departure === undefined || departure.phase !== 'moving') return
      switch (result.kind) {
        case 'done':
          return handOver(departure)
        case 'refused':
          return refuse(departure, departure.job.stopping?.code ?? result.code, result.detail ?? '', true)
        case 'unknown':
          desk.warn(
            'migration.unknown',
            `migration of ${departure.vm} ended in doubt: ${result.detail ?? result.code}`,
            departure.vm,
          )
          return poll({ ...departure, phase: 'settling' })
        default:
          return unreachable(result)
      }
    },

    tick() {
      if (all.size > 0) for (const departure of [...all.values()]) tickOne(departure)
    },

    nextAt: () => earliestOf(all.values(), (one) => one.nextAt),
  }
}
