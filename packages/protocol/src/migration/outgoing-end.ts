/**
 * How an outgoing migration ends: the VM is handed over, or what is in doubt is settled by asking both ends. Nothing here ever
 * retries an unknown migration (S12).
 */
import { assertNever } from '@drover/placement'
import { limits } from '../data/config.ts'
import type { ActionId, HostId, PeerUri } from '../data/ids.ts'
import type { Presence } from '../data/message.ts'
import type { StepContext } from '../step-context.ts'
import { unconfirmed } from './duties.ts'
import type { OutgoingSupervision } from './outgoing-supervision.ts'
import { about, type OutgoingHooks, type OutgoingMigration, type OutgoingTable } from './outgoing-table.ts'
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

export interface OutgoingEnd {
  /** It is positively gone from here. */
  handOver(migration: OutgoingMigration): void
  /** Asks both ends: a new round. */
  poll(migration: OutgoingMigration): void
  /** The round has lasted long enough: an end that has not answered is silent. */
  roundEnds(migration: OutgoingMigration): void
  /** The hand-over has not been confirmed: say it again, or let go. */
  again(migration: OutgoingMigration): void
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

export const createOutgoingEnd = (
  context: StepContext,
  table: OutgoingTable,
  watch: OutgoingSupervision,
  hooks: OutgoingHooks,
): OutgoingEnd => {
  const { all, put, mine, end, refuse } = table

  const reach = ({ to, uri, vm }: OutgoingMigration): PeerUri | null =>
    uri === null ? null : hooks.reach(to, uri, vm)

  const sayHandOver = (migration: OutgoingMigration): void =>
    context.send(migration.to, {
      kind: 'hand-over',
      ...about(migration),
      vm: migration.vm,
      round: 0,
      demand: migration.demand,
    })

  /**
   * Positively gone from here, and the destination is silent. Our part is done, and remembered as done: when the
   * destination asks, it is told to let the VM run; and it is told again until it confirms. Its leader is told the truth:
   * it is not known whether it does.
   */
  const letGo = (migration: OutgoingMigration): void => {
    const { vm, to } = migration
    context.warn(
      'vm.unconfirmed',
      `VM ${vm} left for ${to}, which does not answer: whether it runs there is not known`,
      vm,
    )
    end(migration, { kind: 'done' }, true, { told: unconfirmed, word: 'hand-over' })
  }

  const handOver = (migration: OutgoingMigration): void => {
    hooks.gone(migration.vm)
    sayHandOver(
      put({
        ...migration,
        phase: 'handing',
        nextAt: context.now() + limits.handOverMs,
        tries: 0,
        resuming: false,
      }),
    )
  }

  const poll = (migration: OutgoingMigration): void => {
    const { action, vm } = migration
    const round = context.nextRound()
    context.emit({ kind: 'inspect', action, round, vm, at: null })
    context.send(migration.to, { kind: 'where-is', ...about(migration), vm, round })
    // The other agent is silent: its hypervisor may still answer a third party (adr/004).
    const at = migration.rounds.silence >= 1 ? reach(migration) : null
    if (at !== null) context.emit({ kind: 'inspect', action, round, vm, at })
    const asked = nextRound(migration.rounds, round, context.now())
    const rounds = migration.takenOver ? heardThere(asked, 'running', 'agent') : asked
    put({ ...migration, rounds, nextAt: endOf(rounds) })
  }

  const settle = (migration: OutgoingMigration): void => {
    const { here, there } = migration.rounds
    const verdict = judgeSource(answersOf(migration.rounds, context.now()))
    switch (verdict.kind) {
      case 'wait':
        watch.look(migration)
        if (verdict.warning !== null)
          context.warn(
            verdict.warning,
            `VM ${migration.vm} after ${migration.action}: ${here ?? 'no answer'} here, ${there ?? 'no answer'} at ${migration.to}`,
            migration.vm,
          )
        return
      case 'stayed':
        return refuse(
          migration,
          migration.job.stopping?.code ?? 'migration.failed',
          'the VM still runs on its source',
          true,
          there === null,
        )
      case 'resume-here':
        if (migration.resuming) return
        put({ ...migration, resuming: true })
        context.emit({ kind: 'resume', action: migration.action, vm: migration.vm, at: null })
        return
      case 'gone':
        context.warn(
          'vm.lost',
          `VM ${migration.vm} is active neither here nor at ${migration.to}`,
          migration.vm,
        )
        return refuse(migration, 'vm.gone', 'the VM is active at neither end', true)
      case 'give-up':
        context.warn(
          'vm.stale_copy',
          `VM ${migration.vm} goes on at ${migration.to}; a paused copy is left here`,
          migration.vm,
        )
        end(migration, { kind: 'done' }, true, { word: 'hand-over' })
        return sayHandOver(migration)
      case 'hand-over':
        return handOver(migration)
      case 'arrived':
        if (verdict.staleCopy)
          context.warn(
            'vm.stale_copy',
            `VM ${migration.vm} runs on ${migration.to}; a paused copy is left here`,
            migration.vm,
          )
        else hooks.gone(migration.vm)
        return end(migration, { kind: 'done' }, true)
      default:
        return assertNever(verdict)
    }
  }

  /** A verdict needs both answers; only the end of the round makes one of silence. */
  const learn = (migration: OutgoingMigration, rounds: Rounds): void => {
    const next = put({ ...migration, rounds, nextAt: endOf(rounds) })
    if (isWhole(rounds)) settle(next)
  }

  const roundEnds = (migration: OutgoingMigration): void => {
    if (migration.rounds.number !== null && !isWhole(migration.rounds)) settle(migration)
    const still = all.get(migration.action)
    if (still?.phase === 'settling') poll(still)
  }

  const again = (migration: OutgoingMigration): void => {
    if (migration.tries >= limits.handOverTriesMax) return letGo(migration)
    sayHandOver(migration)
    put({ ...migration, nextAt: context.now() + limits.settlePollMs, tries: migration.tries + 1 })
    // Its agent may be dead while its hypervisor lives: finish for it; gone from here is our own knowledge.
    const at = reach(migration)
    if (at !== null) context.emit({ kind: 'resume', action: migration.action, vm: migration.vm, at })
  }

  return {
    handOver,
    poll,
    roundEnds,
    again,

    tookOver(action, from) {
      const migration = mine(action, from, 'handing', 'settling')
      if (migration === null) return
      if (migration.phase === 'settling')
        return learn({ ...migration, takenOver: true }, heardThere(migration.rounds, 'running', 'agent'))
      end(migration, { kind: 'done' }, true)
    },

    forgotten(action, from) {
      const migration = mine(action, from, 'handing')
      if (migration === null) return
      context.warn('vm.lost', `VM ${migration.vm} left for ${from} and is not active there`, migration.vm)
      end(migration, { kind: 'refused', code: 'vm.gone', detail: 'the VM is active at neither end' }, true)
    },

    inspected(action, round, at, presence) {
      const migration = all.get(action)
      if (migration === undefined || presence === null) return
      if (migration.phase === 'handing' && at === 'there' && presence === 'running')
        return end(migration, { kind: 'done' }, true)
      const { phase, rounds } = migration
      if (phase !== 'settling' || rounds.number !== round) return
      if (at === 'here') learn(migration, heardHere(rounds, presence, context.now()))
      else learn(migration, heardThere(rounds, presence, 'hypervisor'))
    },

    resumed(action, at, ok) {
      const migration = all.get(action)
      if (migration === undefined) return
      if (at === 'there') {
        const uri = ok && migration.phase === 'handing' ? reach(migration) : null
        if (uri !== null)
          context.emit({ kind: 'inspect', action, round: context.nextRound(), vm: migration.vm, at: uri })
        return
      }
      put({ ...migration, resuming: false })
      if (ok && migration.phase === 'settling')
        refuse(migration, 'migration.failed', 'the VM was resumed on its source', true)
    },

    whereabouts(action, from, round, presence) {
      const migration = mine(action, from, 'settling')
      if (migration !== null && presence !== null && migration.rounds.number === round)
        learn(migration, heardThere(migration.rounds, presence, 'agent'))
    },

    lookAgain() {
      for (const migration of [...all.values()])
        if (migration.phase === 'settling' && migration.rounds.here === null) poll(migration)
    },

    askedBy(action, from) {
      const migration = mine(action, from, 'settling')
      if (migration !== null && isOvertaken(migration.rounds, context.now())) poll(migration)
    },
  }
}
