/**
 * How a departure ends: the VM is handed over, or what is in doubt is settled by asking both ends. Nothing here ever
 * retries an unknown migration (S12).
 */
import { unreachable } from '../assert.ts'
import { limits } from '../config.ts'
import type { Desk } from '../desk.ts'
import type { ActionId, HostId, PeerUri } from '../ids.ts'
import type { Presence } from '../message.ts'
import { about, type Departure, type DepartureHooks, type DepartureTable } from './departure-table.ts'
import { judgeSource } from './settle.ts'

export interface DepartureEnd {
  /** It is positively gone from here. */
  handOver(departure: Departure): void
  /** Asks both ends. */
  poll(departure: Departure): void
  /** The hand-over has not been confirmed: say it again, or let go. */
  again(departure: Departure): void
  tookOver(action: ActionId, from: HostId): void
  inspected(action: ActionId, at: 'here' | 'there', presence: Presence | null): void
  resumed(action: ActionId, at: 'here' | 'there', ok: boolean): void
  whereabouts(action: ActionId, from: HostId, presence: Presence | null): void
}

/** Long enough for a polling round trip and a slow hypervisor; then the other end counts as silent for this poll. */
const pollMs = limits.settlePollMs

export const createDepartureEnd = (
  desk: Desk,
  table: DepartureTable,
  hooks: DepartureHooks,
): DepartureEnd => {
  const { all, put, mine, end, refuse } = table

  const reach = ({ to, uri, vm }: Departure): PeerUri | null =>
    uri === null ? null : hooks.reach(to, uri, vm)

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
    const { action, vm } = departure
    desk.emit({ kind: 'inspect', action, vm, at: null })
    desk.send(departure.to, { kind: 'where-is', ...about(departure), vm })
    // The other agent is silent: its hypervisor may still answer a third party (adr/004).
    const at = departure.silence >= 1 ? reach(departure) : null
    if (at !== null) desk.emit({ kind: 'inspect', action, vm, at })
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

  const again = (departure: Departure): void => {
    if (departure.silence >= limits.handOverTriesMax) return letGo(departure)
    sayHandOver(departure)
    const silence = departure.silence + 1
    put({ ...departure, nextAt: desk.now() + pollMs, silence })
    // Its agent may be dead while its hypervisor lives: finish for it; gone from here is our own knowledge.
    const at = reach(departure)
    if (at !== null) desk.emit({ kind: 'resume', action: departure.action, vm: departure.vm, at })
  }

  return {
    handOver,
    poll,
    again,

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
        const uri = ok && departure.phase === 'handing' ? reach(departure) : null
        if (uri !== null) desk.emit({ kind: 'inspect', action, vm: departure.vm, at: uri })
        return
      }
      put({ ...departure, resuming: false })
      if (ok && departure.phase === 'settling') poll({ ...departure, resuming: false })
    },

    whereabouts(action, from, presence) {
      const departure = mine(action, from, 'settling')
      if (departure !== null && presence !== null) learn(departure, { there: presence, silence: 0 })
    },
  }
}
