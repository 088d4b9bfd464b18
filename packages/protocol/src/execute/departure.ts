/**
 * One migration as its *source* runs it: ask the destination to admit the VM, let the hypervisor move it, hand it
 * over, settle what is in doubt. The source serialises all motions of its VMs (S8); nothing here ever retries an
 * unknown migration (S12).
 */
import { unreachable } from '../assert.ts'
import { limits } from '../config.ts'
import { type Desk, earliestOf } from '../desk.ts'
import type { ActionId, HostId, Instant, PartitionId, VmId } from '../ids.ts'
import type { OpenAction } from '../io.ts'
import type { Admitted, Begin, Presence } from '../message.ts'
import type { ActionResult, Migrate } from '../plan/plan.ts'
import type { Resources } from '../resources.ts'
import type { VmSnapshot } from '../snapshot/snapshot.ts'
import type { ClosedActions } from './closed.ts'
import { judgeSource } from './settle.ts'

/** `asking`: for admission. `moving`: the hypervisor works. `handing`: gone from here, told the other end. `settling`: in doubt. */
export type DeparturePhase = 'asking' | 'moving' | 'handing' | 'settling'

export interface Departure {
  readonly action: ActionId
  readonly partition: PartitionId
  readonly leader: HostId | null
  /** Our lease's epoch, and the destination's. */
  readonly epoch: number
  readonly toEpoch: number
  readonly vm: VmId
  readonly to: HostId
  readonly demand: Resources
  readonly paused: boolean
  readonly since: Instant
  readonly phase: DeparturePhase
  readonly uri: string | null
  readonly nextAt: Instant
  /** Latest answers while settling, and for how many polls in a row they have been the same. */
  readonly here: Presence | null
  readonly there: Presence | null
  readonly stable: number
  /** Polls that the other agent left unanswered: from the second on its hypervisor is asked directly. */
  readonly silence: number
  /** A resume is under way: not to be doubled. */
  readonly resuming: boolean
}

export interface Departures {
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
  admitted(from: HostId, message: Admitted): void
  notAdmitted(action: ActionId, from: HostId, code: string): void
  finished(action: ActionId, result: ActionResult): void
  tookOver(action: ActionId, from: HostId): void
  inspected(action: ActionId, at: 'here' | 'there', presence: Presence | null): void
  resumed(action: ActionId, at: 'here' | 'there', ok: boolean): void
  whereabouts(action: ActionId, from: HostId, presence: Presence | null): void
  tick(): void
  nextAt(): Instant | null
}

export interface DepartureHooks {
  /** The hypervisor was told to move it. */
  started(action: ActionId): void
  /** It is positively gone from here: credit it now. */
  gone(vm: VmId): void
  ended(departure: Departure, result: ActionResult): void
}

/** Long enough for a polling round trip and a slow hypervisor; then the other end counts as silent for this poll. */
const pollMs = limits.settlePollMs

/** Of a departure that nobody was asked about yet. */
const nothingKnown = { here: null, there: null, stable: 0, silence: 0, resuming: false }

export const createDepartures = (desk: Desk, closed: ClosedActions, hooks: DepartureHooks): Departures => {
  const all = new Map<ActionId, Departure>()

  const put = (departure: Departure): Departure => {
    all.set(departure.action, departure)
    return departure
  }

  /** `told`: what its leader hears, where that differs from what is remembered here. */
  const end = (departure: Departure, result: ActionResult, durable: boolean, told = result): void => {
    all.delete(departure.action)
    const record = { action: departure.action, vm: departure.vm, end: 'departure', result } as const
    closed.remember(record)
    if (durable) desk.emit({ kind: 'persist', record: { kind: 'closed', ...record } })
    hooks.ended(departure, told)
  }

  const about = (departure: Departure) => ({
    partition: departure.partition,
    epoch: departure.toEpoch,
    action: departure.action,
  })

  const refuse = (departure: Departure, code: string, detail: string, durable: boolean): void => {
    desk.send(departure.to, { kind: 'cancelled', ...about(departure), vm: departure.vm })
    end(departure, { kind: 'refused', code, detail }, durable)
  }

  const sayHandOver = (departure: Departure): void =>
    desk.send(departure.to, { kind: 'hand-over', ...about(departure), vm: departure.vm })

  /**
   * Positively gone from here, and the destination is silent. Our part is done, and remembered as done: when the
   * destination asks, it is told to let the VM run. Its leader is told the truth: nobody knows whether it does.
   */
  const letGo = (departure: Departure): void => {
    const { vm, to } = departure
    desk.warn(
      'vm.unconfirmed',
      `VM ${vm} left for ${to}, which does not answer: whether it runs there is not known`,
      vm,
    )
    end(departure, { kind: 'done' }, true, {
      kind: 'unknown',
      code: 'node.unreachable',
      detail: 'gone from here; the destination is silent',
    })
  }

  const handOver = (departure: Departure): void => {
    hooks.gone(departure.vm)
    sayHandOver(
      put({
        ...departure,
        phase: 'handing',
        nextAt: desk.now() + limits.handOverMs,
        silence: 0,
        resuming: false,
      }),
    )
  }

  const poll = (departure: Departure): void => {
    const { action, vm, uri } = departure
    desk.emit({ kind: 'inspect', action, vm, at: null })
    desk.send(departure.to, { kind: 'where-is', ...about(departure), vm })
    // The other agent is silent: its hypervisor may still answer a third party (adr/004).
    if (departure.silence >= 1 && uri !== null) desk.emit({ kind: 'inspect', action, vm, at: uri })
    put({ ...departure, nextAt: desk.now() + pollMs, silence: departure.silence + 1 })
  }

  const settle = (departure: Departure): void => {
    const verdict = judgeSource(departure.here, departure.there, departure.stable)
    switch (verdict.kind) {
      case 'wait':
        if (verdict.warning !== null)
          desk.warn(
            verdict.warning,
            `VM ${departure.vm} after ${departure.action}: ${departure.here ?? 'no answer'} here, ${departure.there ?? 'no answer'} at ${departure.to}`,
            departure.vm,
          )
        return
      case 'stayed':
        return refuse(departure, 'migration.failed', 'the VM still runs on its source', true)
      case 'resume-here':
        if (departure.resuming) return
        put({ ...departure, resuming: true })
        desk.emit({ kind: 'resume', action: departure.action, vm: departure.vm, at: null })
        return
      case 'gone':
        desk.warn('vm.lost', `VM ${departure.vm} is active neither here nor at ${departure.to}`, departure.vm)
        return refuse(departure, 'vm.gone', 'the VM is active at neither end', true)
      case 'give-up':
        desk.warn(
          'vm.stale_copy',
          `VM ${departure.vm} goes on at ${departure.to}; a paused copy is left here`,
          departure.vm,
        )
        end(departure, { kind: 'done' }, true)
        // Should this be lost: whoever asks about a closed action is told the same.
        return sayHandOver(departure)
      case 'hand-over':
        return handOver(departure)
      case 'arrived':
        if (verdict.staleCopy)
          desk.warn(
            'vm.stale_copy',
            `VM ${departure.vm} runs on ${departure.to}; a paused copy is left here`,
            departure.vm,
          )
        else hooks.gone(departure.vm)
        return end(departure, { kind: 'done' }, true)
      default:
        return unreachable(verdict)
    }
  }

  const learn = (
    departure: Departure,
    news: Partial<Pick<Departure, 'here' | 'there' | 'silence'>>,
  ): void => {
    const next = { ...departure, ...news }
    const same = next.here === departure.here && next.there === departure.there
    settle(put({ ...next, stable: same ? departure.stable + 1 : 0 }))
  }

  const mine = (action: ActionId, from: HostId, ...phases: DeparturePhase[]): Departure | null => {
    const departure = all.get(action)
    return departure !== undefined && departure.to === from && phases.includes(departure.phase)
      ? departure
      : null
  }

  const tickOne = (departure: Departure): void => {
    if (departure.nextAt > desk.now()) return
    switch (departure.phase) {
      case 'asking':
        // Nothing has begun: not admitted in time is a refusal, not a doubt.
        return refuse(departure, 'node.unreachable', 'the destination did not answer in time', false)
      case 'moving':
        put({ ...departure, nextAt: Number.MAX_SAFE_INTEGER })
        return
      case 'handing': {
        if (departure.silence >= limits.handOverTriesMax) return letGo(departure)
        sayHandOver(departure)
        const silence = departure.silence + 1
        put({ ...departure, nextAt: desk.now() + pollMs, silence })
        // Its agent may be dead while its hypervisor lives: finish for it; gone from here is our own knowledge.
        if (departure.uri !== null)
          desk.emit({ kind: 'resume', action: departure.action, vm: departure.vm, at: departure.uri })
        return
      }
      case 'settling':
        return poll(departure)
      default:
        return unreachable(departure.phase)
    }
  }

  return {
    all,

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
        ...nothingKnown,
      })
    },

    admitted(from, message) {
      const departure = mine(message.action, from, 'asking')
      if (departure === null) return
      // Counted from the asking, so that the destination's promise outlives every start on it.
      if (desk.now() - departure.since >= message.validMs)
        return refuse(departure, 'node.unreachable', 'the admission came too late to use', false)
      const moving = put({ ...departure, phase: 'moving', uri: message.uri, nextAt: Number.MAX_SAFE_INTEGER })
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
            peerUri: message.uri,
            demand: moving.demand,
            paused: moving.paused,
          },
        },
      })
      desk.emit({
        kind: 'perform',
        action: moving.action,
        vm: moving.vm,
        uri: message.uri,
        paused: moving.paused,
        bandwidthMiBps: desk.policy.bandwidthMiBps,
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
          return refuse(departure, result.code, result.detail ?? '', true)
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

    tookOver(action, from) {
      const departure = mine(action, from, 'handing', 'settling')
      if (departure === null) return
      if (departure.phase === 'settling') return learn(departure, { there: 'running', silence: 0 })
      end(departure, { kind: 'done' }, true)
    },

    inspected(action, at, presence) {
      const departure = all.get(action)
      if (departure === undefined || presence === null) return
      if (departure.phase === 'handing' && at === 'there' && presence === 'running')
        return end(departure, { kind: 'done' }, true)
      if (departure.phase === 'settling')
        learn(departure, at === 'here' ? { here: presence } : { there: presence })
    },

    resumed(action, at, ok) {
      const departure = all.get(action)
      if (departure === undefined) return
      if (at === 'there') {
        if (ok && departure.phase === 'handing' && departure.uri !== null)
          desk.emit({ kind: 'inspect', action, vm: departure.vm, at: departure.uri })
        return
      }
      put({ ...departure, resuming: false })
      if (ok && departure.phase === 'settling') poll({ ...departure, resuming: false })
    },

    whereabouts(action, from, presence) {
      const departure = mine(action, from, 'settling')
      if (departure !== null && presence !== null) learn(departure, { there: presence, silence: 0 })
    },

    tick() {
      if (all.size > 0) for (const departure of [...all.values()]) tickOne(departure)
    },

    nextAt: () => earliestOf(all.values(), (one) => one.nextAt),
  }
}
