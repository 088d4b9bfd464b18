/**
 * How a departure ends: the VM is handed over, or what is in doubt is settled by asking both ends. Nothing here ever
 * retries an unknown migration (S12).
 */
import { unreachable } from '@drover/placement'
import { limits } from '../data/config.ts'
import type { ActionId, HostId, PeerUri } from '../data/ids.ts'
import type { Presence } from '../data/message.ts'
import type { Desk } from '../step-context.ts'
import { unconfirmed } from './duties.ts'
import type { DepartureWatch } from './outgoing-supervision.ts'
import { about, type Departure, type DepartureHooks, type DepartureTable } from './outgoing-table.ts'
import {
  answersOf,
  endOf,
  heardHere,
  heardThere,
  isOvertaken,
  isWhole,
  nextRound,
  type Rounds,
} from './question-rounds.ts'
import { judgeSource } from './resolve-unknown.ts'

export interface DepartureEnd {
  /** It is positively gone from here. */
  handOver(departure: Departure): void
  /** Asks both ends: a new round. */
  poll(departure: Departure): void
  /** The round has lasted long enough: whoever has not answered is silent. */
  roundEnds(departure: Departure): void
  /** The hand-over has not been confirmed: say it again, or let go. */
  again(departure: Departure): void
  tookOver(action: ActionId, from: HostId): void
  /** The destination has no VM of this action, and waits for none. */
  forgotten(action: ActionId, from: HostId): void
  inspected(action: ActionId, round: number, at: 'here' | 'there', presence: Presence | null): void
  resumed(action: ActionId, at: 'here' | 'there', ok: boolean): void
  whereabouts(action: ActionId, from: HostId, round: number, presence: Presence | null): void
  /** The other agent asks about it, so it lives. */
  askedBy(action: ActionId, from: HostId): void
  /** Our hypervisor answers again: what it could not be asked is asked now. */
  lookAgain(): void
}

export const createDepartureEnd = (
  desk: Desk,
  table: DepartureTable,
  watch: DepartureWatch,
  hooks: DepartureHooks,
): DepartureEnd => {
  const { all, put, mine, end, refuse } = table

  const reach = ({ to, uri, vm }: Departure): PeerUri | null =>
    uri === null ? null : hooks.reach(to, uri, vm)

  const sayHandOver = (departure: Departure): void =>
    desk.send(departure.to, {
      kind: 'hand-over',
      ...about(departure),
      vm: departure.vm,
      round: 0,
      demand: departure.demand,
    })

  /**
   * Positively gone from here, and the destination is silent. Our part is done, and remembered as done: when the
   * destination asks, it is told to let the VM run; and it is told again until it confirms. Its leader is told the truth:
   * nobody knows whether it does.
   */
  const letGo = (departure: Departure): void => {
    const { vm, to } = departure
    desk.warn(
      'vm.unconfirmed',
      `VM ${vm} left for ${to}, which does not answer: whether it runs there is not known`,
      vm,
    )
    end(departure, { kind: 'done' }, true, { told: unconfirmed, word: 'hand-over' })
  }

  const handOver = (departure: Departure): void => {
    hooks.gone(departure.vm)
    sayHandOver(
      put({
        ...departure,
        phase: 'handing',
        nextAt: desk.now() + limits.handOverMs,
        tries: 0,
        resuming: false,
      }),
    )
  }

  const poll = (departure: Departure): void => {
    const { action, vm } = departure
    const round = desk.nextRound()
    desk.emit({ kind: 'inspect', action, round, vm, at: null })
    desk.send(departure.to, { kind: 'where-is', ...about(departure), vm, round })
    // The other agent is silent: its hypervisor may still answer a third party (adr/004).
    const at = departure.rounds.silence >= 1 ? reach(departure) : null
    if (at !== null) desk.emit({ kind: 'inspect', action, round, vm, at })
    const asked = nextRound(departure.rounds, round, desk.now())
    const rounds = departure.takenOver ? heardThere(asked, 'running', 'agent') : asked
    put({ ...departure, rounds, nextAt: endOf(rounds) })
  }

  const settle = (departure: Departure): void => {
    const { here, there } = departure.rounds
    const verdict = judgeSource(answersOf(departure.rounds, desk.now()))
    switch (verdict.kind) {
      case 'wait':
        watch.look(departure)
        if (verdict.warning !== null)
          desk.warn(
            verdict.warning,
            `VM ${departure.vm} after ${departure.action}: ${here ?? 'no answer'} here, ${there ?? 'no answer'} at ${departure.to}`,
            departure.vm,
          )
        return
      case 'stayed':
        return refuse(
          departure,
          departure.job.stopping?.code ?? 'migration.failed',
          'the VM still runs on its source',
          true,
          there === null,
        )
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
        end(departure, { kind: 'done' }, true, { word: 'hand-over' })
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

  /** A verdict needs both answers; only the end of the round makes one of silence. */
  const learn = (departure: Departure, rounds: Rounds): void => {
    const next = put({ ...departure, rounds, nextAt: endOf(rounds) })
    if (isWhole(rounds)) settle(next)
  }

  const roundEnds = (departure: Departure): void => {
    if (departure.rounds.number !== null && !isWhole(departure.rounds)) settle(departure)
    const still = all.get(departure.action)
    if (still?.phase === 'settling') poll(still)
  }

  const again = (departure: Departure): void => {
    if (departure.tries >= limits.handOverTriesMax) return letGo(departure)
    sayHandOver(departure)
    put({ ...departure, nextAt: desk.now() + limits.settlePollMs, tries: departure.tries + 1 })
    // Its agent may be dead while its hypervisor lives: finish for it; gone from here is our own knowledge.
    const at = reach(departure)
    if (at !== null) desk.emit({ kind: 'resume', action: departure.action, vm: departure.vm, at })
  }

  return {
    handOver,
    poll,
    roundEnds,
    again,

    tookOver(action, from) {
      const departure = mine(action, from, 'handing', 'settling')
      if (departure === null) return
      if (departure.phase === 'settling')
        return learn({ ...departure, takenOver: true }, heardThere(departure.rounds, 'running', 'agent'))
      end(departure, { kind: 'done' }, true)
    },

    forgotten(action, from) {
      const departure = mine(action, from, 'handing')
      if (departure === null) return
      desk.warn('vm.lost', `VM ${departure.vm} left for ${from} and is not active there`, departure.vm)
      end(departure, { kind: 'refused', code: 'vm.gone', detail: 'the VM is active at neither end' }, true)
    },

    inspected(action, round, at, presence) {
      const departure = all.get(action)
      if (departure === undefined || presence === null) return
      if (departure.phase === 'handing' && at === 'there' && presence === 'running')
        return end(departure, { kind: 'done' }, true)
      const { phase, rounds } = departure
      if (phase !== 'settling' || rounds.number !== round) return
      if (at === 'here') learn(departure, heardHere(rounds, presence, desk.now()))
      else learn(departure, heardThere(rounds, presence, 'hypervisor'))
    },

    resumed(action, at, ok) {
      const departure = all.get(action)
      if (departure === undefined) return
      if (at === 'there') {
        const uri = ok && departure.phase === 'handing' ? reach(departure) : null
        if (uri !== null)
          desk.emit({ kind: 'inspect', action, round: desk.nextRound(), vm: departure.vm, at: uri })
        return
      }
      put({ ...departure, resuming: false })
      if (ok && departure.phase === 'settling')
        refuse(departure, 'migration.failed', 'the VM was resumed on its source', true)
    },

    whereabouts(action, from, round, presence) {
      const departure = mine(action, from, 'settling')
      if (departure !== null && presence !== null && departure.rounds.number === round)
        learn(departure, heardThere(departure.rounds, presence, 'agent'))
    },

    lookAgain() {
      for (const departure of [...all.values()])
        if (departure.phase === 'settling' && departure.rounds.here === null) poll(departure)
    },

    askedBy(action, from) {
      const departure = mine(action, from, 'settling')
      if (departure !== null && isOvertaken(departure.rounds, desk.now())) poll(departure)
    },
  }
}
