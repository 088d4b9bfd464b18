/**
 * How an outgoing migration ends: the VM is handed over, or what is in doubt is settled by asking both ends. Nothing here ever
 * retries an unknown migration (S12).
 */
import { assertNever } from '@drover/placement'
import { limits } from '../data/config.ts'
import type { ActionId, HostId, PeerUri } from '../data/ids.ts'
import type { Presence, TookOver } from '../data/message.ts'
import { unconfirmed } from './duties.ts'
import { supervise } from './outgoing-supervision.ts'
import {
  about,
  end,
  ifUnrecorded,
  type OutgoingMigration,
  type OutgoingState,
  outgoingTo,
  put,
  refuse,
  seenHere,
} from './outgoing-table.ts'
import {
  answersOf,
  endOf,
  heardHere,
  heardThere,
  isOvertaken,
  isWhole,
  nextRound,
  nowhere,
  type Rounds,
} from './question-rounds.ts'
import { judgeSource } from './resolve-unknown.ts'

const reach = ({ hooks }: OutgoingState, { to, uri, vm }: OutgoingMigration): PeerUri | null =>
  uri === null ? null : hooks.reach(to, uri, vm)

const sayHandOver = (state: OutgoingState, migration: OutgoingMigration): void =>
  state.context.send(migration.to, {
    kind: 'hand-over',
    ...about(migration),
    vm: migration.vm,
    round: 0,
    ...ifUnrecorded(migration),
  })

/**
 * Positively gone from here, and the destination is silent. Our part is done, and remembered as done: when the
 * destination asks, it is told to let the VM run; and it is told again until it confirms. Its leader is told the truth:
 * it is not known whether it does.
 */
const letGo = (state: OutgoingState, migration: OutgoingMigration): void => {
  const { vm, to } = migration
  state.context.warn(
    'vm.unconfirmed',
    `VM ${vm} left for ${to}, which does not answer: whether it runs there is not known`,
    vm,
  )
  end(state, migration, { kind: 'done' }, { told: unconfirmed, word: 'hand-over' })
}

/** It is positively gone from here. */
export const handOver = (state: OutgoingState, migration: OutgoingMigration): void => {
  state.hooks.gone(migration.vm)
  sayHandOver(
    state,
    put(state, {
      ...migration,
      phase: 'handing',
      nextAt: state.context.now() + limits.handOverMs,
      tries: 0,
      resuming: false,
    }),
  )
}

/** Asks both ends: a new round. */
export const poll = (state: OutgoingState, migration: OutgoingMigration): void => {
  const { action, vm } = migration
  const round = state.context.nextRound()
  state.context.emit({ kind: 'inspect', action, round, vm, at: null })
  state.context.send(migration.to, { kind: 'where-is', ...about(migration), vm, round })
  // The other agent is silent: its hypervisor may still answer a third party (adr/004).
  const at = migration.rounds.silence >= 1 ? reach(state, migration) : null
  if (at !== null) state.context.emit({ kind: 'inspect', action, round, vm, at })
  const asked = nextRound(migration.rounds, round, state.context.now())
  const rounds = migration.takenOver ? heardThere(asked, 'running', 'agent') : asked
  put(state, { ...migration, rounds, nextAt: endOf(rounds) })
}

/** It may have run at the other end, and have moved on, and be running now: what says so may be lost. */
const leavePaused = (state: OutgoingState, migration: OutgoingMigration): void => {
  const why = `VM ${migration.vm} stays paused: the journal that had ${migration.action} open was damaged`
  state.context.warn('vm.paused_by_migration', why, migration.vm)
  refuse(state, migration, 'vm.paused_by_migration', why)
}

const settle = (state: OutgoingState, before: OutgoingMigration): void => {
  const { here, there } = before.rounds
  const verdict = judgeSource(answersOf(before.rounds))
  const alarm = verdict.kind === 'wait' ? verdict.warning : null
  const migration = put(state, { ...before, rounds: { ...before.rounds, alarm } })
  switch (verdict.kind) {
    case 'wait':
      supervise(state, migration)
      if (verdict.warning !== null)
        state.context.warn(
          verdict.warning,
          `VM ${migration.vm} after ${migration.action}: ${here ?? 'no answer'} here, ${there ?? 'no answer'} at ${migration.to}`,
          migration.vm,
        )
      return
    case 'stayed':
      return refuse(
        state,
        migration,
        migration.job.stopping?.code ?? 'migration.failed',
        'the VM still runs on its source',
        // A copy may wait there, and would run if the VM were gone from here: its agent has to say that it has forgotten it.
        !nowhere(there),
      )
    case 'resume-here':
      if (migration.uncertain) return leavePaused(state, migration)
      if (migration.resuming) return
      state.hooks.asked(migration.action, migration.vm)
      put(state, { ...migration, resuming: true })
      state.context.emit({
        kind: 'resume',
        action: migration.action,
        vm: migration.vm,
        at: null,
        notAfter: null,
      })
      return
    case 'gone':
      state.context.warn(
        'vm.lost',
        `VM ${migration.vm} is active neither here nor at ${migration.to}`,
        migration.vm,
      )
      return refuse(state, migration, 'vm.gone', 'the VM is active at neither end')
    case 'give-up':
      state.context.warn(
        'vm.stale_copy',
        `VM ${migration.vm} goes on at ${migration.to}; a paused copy is left here`,
        migration.vm,
      )
      end(state, migration, { kind: 'done' }, { word: 'hand-over' })
      return sayHandOver(state, migration)
    case 'hand-over':
      return handOver(state, migration)
    case 'arrived':
      if (verdict.staleCopy)
        state.context.warn(
          'vm.stale_copy',
          `VM ${migration.vm} runs on ${migration.to}; a paused copy is left here`,
          migration.vm,
        )
      // That it runs there does not say that the agent there knows that it starts with its host: it may have lost its record.
      else if (migration.autostart && !migration.takenOver) return handOver(state, migration)
      else state.hooks.gone(migration.vm)
      return end(state, migration, { kind: 'done' })
    default:
      return assertNever(verdict)
  }
}

/** A verdict needs both answers; only the end of the round makes one of silence. */
const learn = (state: OutgoingState, migration: OutgoingMigration, rounds: Rounds): void => {
  const next = put(state, { ...migration, rounds, nextAt: endOf(rounds) })
  if (isWhole(rounds)) settle(state, next)
}

/** The round has lasted long enough: an end that has not answered is silent. */
export const roundEnds = (state: OutgoingState, migration: OutgoingMigration): void => {
  if (migration.rounds.number !== null && !isWhole(migration.rounds)) settle(state, migration)
  const still = state.all.get(migration.action)
  if (still?.phase === 'settling') poll(state, still)
}

/** The hand-over has not been confirmed: say it again, or let go. */
export const again = (state: OutgoingState, migration: OutgoingMigration): void => {
  if (migration.tries >= limits.handOverTriesMax) return letGo(state, migration)
  sayHandOver(state, migration)
  lookThere(
    state,
    put(state, {
      ...migration,
      nextAt: state.context.now() + limits.settlePollMs,
      tries: migration.tries + 1,
    }),
  )
}

/**
 * Its agent may be dead while its hypervisor lives: finish for it; gone from here is our own knowledge. But look first: it may have
 * run there, and its owner have paused it since.
 */
const lookThere = (state: OutgoingState, migration: OutgoingMigration): void => {
  const at = reach(state, migration)
  if (at === null) return
  const round = state.context.nextRound()
  put(state, { ...migration, rounds: { ...migration.rounds, number: round, here: null, there: null } })
  state.context.emit({ kind: 'inspect', action: migration.action, round, vm: migration.vm, at })
}

/** It needs this host no more. Its agent there is silent: it is still to hear that the VM starts with its host. */
const runsThere = (state: OutgoingState, migration: OutgoingMigration): void =>
  end(state, migration, { kind: 'done' }, migration.autostart ? { word: 'hand-over' } : {})

/** What the hypervisor there says of a VM that was handed over. */
const seenThere = (
  state: OutgoingState,
  migration: OutgoingMigration,
  round: number,
  seen: Presence,
): void => {
  if (seen === 'running') return runsThere(state, migration)
  if (round !== migration.rounds.number) return
  if (seen === 'held') return runsThere(state, migration)
  // One request at a time: each may be read late.
  if (seen === 'paused' && !migration.resuming) letRunThere(state, migration)
}

/**
 * Only while the VM cannot have run there and left again: its destination keeps it as long as this request may come (`unread-resumes.ts`).
 * After that the copy may be one that a later migration has left there; then only its own agent lets it run.
 */
const letRunThere = (state: OutgoingState, migration: OutgoingMigration): void => {
  const { action, vm, seenHereAt, unreadThere } = migration
  const notAfter = seenHereAt === null ? null : seenHereAt + limits.letRunThereMs
  if (notAfter === null || state.context.now() >= notAfter) return
  const at = reach(state, migration)
  if (at === null) return
  put(state, { ...migration, resuming: true, unreadThere: unreadThere + 1 })
  state.context.emit({ kind: 'resume', action, vm, at, notAfter })
}

/** It runs there. That end keeps the VM until it hears that no request from here may be unread. */
export const tookOver = (state: OutgoingState, from: HostId, message: TookOver): void => {
  const { partition, epoch, action, vm } = message
  const migration = outgoingTo(state, action, from, 'handing', 'settling')
  if (migration?.phase === 'settling')
    learn(state, { ...migration, takenOver: true }, heardThere(migration.rounds, 'running', 'agent'))
  else if (migration !== null) end(state, migration, { kind: 'done' })
  if (state.settled.has(action)) state.context.send(from, { kind: 'closed', partition, epoch, action, vm })
}

/** The destination has no VM of this action, and waits for none. */
export const forgotten = (state: OutgoingState, action: ActionId, from: HostId): void => {
  const migration = outgoingTo(state, action, from, 'handing')
  if (migration === null) return
  state.context.warn('vm.lost', `VM ${migration.vm} left for ${from} and is not active there`, migration.vm)
  end(state, migration, { kind: 'refused', code: 'vm.gone', detail: 'the VM is active at neither end' })
}

export const inspected = (
  state: OutgoingState,
  action: ActionId,
  round: number,
  at: 'here' | 'there',
  presence: Presence | null,
): void => {
  const migration = state.all.get(action)
  if (migration === undefined || presence === null) return
  const { phase, rounds } = migration
  if (phase === 'handing' && at === 'there') return seenThere(state, migration, round, presence)
  if (phase !== 'settling' || rounds.number !== round) return
  if (at === 'there') return learn(state, migration, heardThere(rounds, presence, 'hypervisor'))
  const known = isHere(presence) ? seenHere(migration, rounds.begunAt) : migration
  learn(state, known, heardHere(rounds, presence, state.context.now()))
}

export const resumed = (state: OutgoingState, action: ActionId, at: 'here' | 'there', ok: boolean): void => {
  const migration = state.all.get(action)
  // What was asked for here while it was in doubt says nothing of the hand-over.
  if (migration?.phase !== (at === 'there' ? 'handing' : 'settling')) return
  const answered = ok && at === 'there' ? 1 : 0
  const next = put(state, {
    ...migration,
    resuming: false,
    unreadThere: Math.max(0, migration.unreadThere - answered),
  })
  if (!ok) return
  if (at === 'there') lookThere(state, next)
  else refuse(state, next, 'migration.failed', 'the VM was resumed on its source')
}

export const whereabouts = (
  state: OutgoingState,
  action: ActionId,
  from: HostId,
  round: number,
  presence: Presence | null,
): void => {
  const migration = outgoingTo(state, action, from, 'settling')
  if (migration !== null && presence !== null && migration.rounds.number === round)
    learn(state, migration, heardThere(migration.rounds, presence, 'agent'))
}

const isHere = (presence: Presence): boolean =>
  presence === 'running' || presence === 'paused' || presence === 'held' || presence === 'outgoing'

/** The other agent asks about it, so it lives. */
export const askedBy = (state: OutgoingState, action: ActionId, from: HostId): void => {
  const migration = outgoingTo(state, action, from, 'settling')
  if (migration !== null && isOvertaken(migration.rounds, state.context.now())) poll(state, migration)
}

/** Our hypervisor answers again: what it could not be asked is asked now. */
export const lookAgain = (state: OutgoingState): void => {
  for (const migration of [...state.all.values()])
    if (migration.phase === 'settling' && migration.rounds.here === null) poll(state, migration)
}
