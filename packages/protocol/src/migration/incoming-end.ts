/**
 * How an incoming migration ends: its copy runs here after its source has positively let go (R2), or what is in doubt is settled
 * by asking both ends, or the promise is forgotten.
 */
import { assertNever } from '@drover/placement'
import { limits } from '../data/config.ts'
import type { ActionId, HostId } from '../data/ids.ts'
import type { Presence } from '../data/message.ts'
import {
  about,
  close,
  type IncomingMigration,
  type IncomingState,
  put,
  sayForgotten,
} from './incoming-table.ts'
import {
  answersOf,
  endOf,
  heardHere,
  heardThere,
  isOvertaken,
  isWhole,
  nextRound,
  type Rounds,
  restarted,
} from './question-rounds.ts'
import { judgeDestination } from './resolve-unknown.ts'

/** It runs here, or has run: the source need say no more of it. */
const hasArrived = (state: IncomingState, migration: IncomingMigration): void => {
  const { context, hooks } = state
  const { vm, from } = migration
  // On record before the end is: what is open no more is looked at no more.
  if (migration.autostart) hooks.owesAutostart(migration)
  close(state, migration, null)
  hooks.arrived(migration)
  context.send(from, { kind: 'took-over', ...about(migration), vm })
}

/** The word of its source alone lets no copy run of which there is no sure record here (ADR 27). */
const isNowhereElse = (state: IncomingState, migration: IncomingMigration): boolean => {
  const { context, hooks } = state
  const seen = hooks.elsewhere(migration)
  if (typeof seen === 'string') return seen === 'nowhere'
  const { vm, from } = migration
  context.warn(
    'vm.stale_copy',
    `${from} hands VM ${vm} over, which is ${seen.presence} on ${seen.host}: the copy here is left paused`,
    vm,
  )
  close(state, migration, 'vm.stale_copy')
  return false
}

/**
 * Lets the copy run that waits for it. One that runs already, or that its owner has paused since, is left as it is. One request at a
 * time: each may be read late, and undo a pause by its owner. One that is never answered fails when its driver has waited long enough.
 */
const takeOver = (state: IncomingState, migration: IncomingMigration): void => {
  if (migration.rounds.here !== 'paused') return hasArrived(state, migration)
  if (migration.taking || (migration.adopted && !isNowhereElse(state, migration))) return
  const { context, hooks } = state
  hooks.asked(migration.action, migration.vm)
  put(state, { ...migration, taking: true, nextAt: context.now() + limits.settlePollMs })
  context.emit({ kind: 'resume', action: migration.action, vm: migration.vm, at: null, notAfter: null })
}

/** It has come, and was stopped since: its definition is what is left of it. */
const isLeftShut = ({ here, there }: Rounds): boolean =>
  (here === 'shut' || here === 'saved') && there === 'absent'

/** Its source has let it go, and it is not active here: it was stopped, or went down with this host. */
const lose = (state: IncomingState, migration: IncomingMigration): void => {
  const { vm, from } = migration
  state.context.warn('vm.lost', `VM ${vm} was handed over by ${from} and is not active here`, vm)
  close(state, migration, 'vm.gone')
  sayForgotten(state, from, migration, vm)
}

const isExpired = ({ context }: IncomingState, { since }: IncomingMigration): boolean =>
  context.now() - since >= limits.lateStartMs

/** Its source is rid of it, and here it runs, or has run. */
const hasRunHere = ({ here, there }: Rounds): boolean =>
  (here === 'running' || here === 'held') && there === 'absent'

const judge = (state: IncomingState, before: IncomingMigration): void => {
  const { context } = state
  const { vm, action, from, rounds, letGo } = before
  if (before.adopted && !letGo) {
    // It was let run meanwhile, by its source for example: it needs no word any more.
    if (hasRunHere(rounds)) return hasArrived(state, put(state, { ...before, letGo: true }))
    // Its source says nothing, or does not know of it: it will be handed over again, or an operator sees it. As long as our own
    // hypervisor says nothing either, nothing is known of it (S12).
    if (rounds.here !== null && rounds.here !== 'incoming' && isExpired(state, before))
      close(state, before, 'migration.failed')
    return
  }
  const verdict = judgeDestination(answersOf(rounds), isExpired(state, before))
  const alarm = verdict.kind === 'wait' ? verdict.warning : null
  const migration = put(state, { ...before, rounds: { ...rounds, alarm } })
  switch (verdict.kind) {
    case 'wait':
      if (verdict.warning !== null)
        context.warn(
          verdict.warning,
          `VM ${vm} of ${action}: ${rounds.here ?? 'no answer'} here, ${rounds.there ?? 'no answer'} at its source ${from}`,
          vm,
        )
      return
    case 'take-over':
      return takeOver(state, migration)
    case 'forget':
      if (migration.autostart && isLeftShut(rounds)) state.hooks.owesAutostart(migration)
      if (letGo) return lose(state, migration)
      if (verdict.warning !== null)
        context.warn(verdict.warning, `VM ${vm} runs on ${from}; a paused copy is left here`, vm)
      return close(state, migration, 'migration.failed')
    default:
      return assertNever(verdict)
  }
}

/** Asks both ends: a new round. Of a source that has let go there is nothing to ask. */
const poll = (state: IncomingState, migration: IncomingMigration): void => {
  const { context, hooks } = state
  const { action, vm, sourceUri } = migration
  const round = context.nextRound()
  context.emit({ kind: 'inspect', action, round, vm, at: null })
  const asked = nextRound(migration.rounds, round, context.now())
  if (!migration.letGo) {
    context.send(migration.from, { kind: 'where-is', ...about(migration), vm, round })
    const at = migration.rounds.silence >= 1 ? hooks.reach(migration.from, sourceUri, vm) : null
    if (at !== null) context.emit({ kind: 'inspect', action, round, vm, at })
  }
  const rounds = migration.letGo ? heardThere(asked, 'absent', 'agent') : asked
  put(state, { ...migration, rounds, nextAt: endOf(rounds) })
}

/** Its source has let it go: it is looked at, and let run. */
export const letGo = (state: IncomingState, migration: IncomingMigration): void => {
  if (migration.taking) put(state, { ...migration, letGo: true })
  else poll(state, { ...migration, letGo: true })
}

/** A verdict needs both answers; only the end of the round makes one of silence. */
const learn = (state: IncomingState, migration: IncomingMigration, rounds: Rounds): void => {
  const next = put(state, { ...migration, rounds, nextAt: endOf(rounds) })
  if (isWhole(rounds)) judge(state, next)
}

/** Its source has let go of it, and knows that no copy waits for that word: one that waits here all the same is not let run. */
export const saidBefore = (state: IncomingState, migration: IncomingMigration): void =>
  learn(state, migration, heardThere(migration.rounds, 'absent', 'agent'))

/** The round has lasted long enough: an end that has not answered is silent. */
export const roundEnds = (state: IncomingState, migration: IncomingMigration): void => {
  if (migration.rounds.number !== null && !isWhole(migration.rounds)) judge(state, migration)
  const still = state.all.get(migration.action)
  if (still !== undefined && still.nextAt <= state.context.now()) poll(state, still)
}

/** The incoming migration of which this round asks. */
const asking = ({ all }: IncomingState, action: ActionId, round: number): IncomingMigration | null => {
  const migration = all.get(action)
  return migration?.rounds.number === round ? migration : null
}

export const inspected = (
  state: IncomingState,
  action: ActionId,
  round: number,
  at: 'here' | 'there',
  presence: Presence | null,
): void => {
  const migration = asking(state, action, round)
  if (migration === null || presence === null) return
  if (at === 'here') learn(state, migration, heardHere(migration.rounds, presence, state.context.now()))
  else learn(state, migration, heardThere(migration.rounds, presence, 'hypervisor'))
}

export const whereabouts = (
  state: IncomingState,
  action: ActionId,
  from: HostId,
  round: number,
  presence: Presence | null,
): void => {
  const migration = asking(state, action, round)
  if (migration !== null && migration.from === from && presence !== null)
    learn(state, migration, heardThere(migration.rounds, presence, 'agent'))
}

export const resumed = (
  state: IncomingState,
  action: ActionId,
  at: 'here' | 'there',
  ok: boolean,
  detail: string,
): void => {
  const { context } = state
  const migration = state.all.get(action)
  if (migration === undefined || at !== 'here') return
  const { vm } = migration
  if (!ok) {
    context.warn('resume.failed', `VM ${vm} waits paused here, resume failed: ${detail}`, vm)
    put(state, { ...migration, taking: false, nextAt: context.now() + limits.settlePollMs })
    return
  }
  hasArrived(state, migration)
}

/** Our hypervisor answers again: what it could not be asked is asked now. */
export const lookAgain = (state: IncomingState): void => {
  for (const migration of [...state.all.values()])
    if (!migration.taking && migration.rounds.number !== null && migration.rounds.here === null)
      poll(state, migration)
}

/** The other agent asks about it, so it lives. */
export const askedBy = (state: IncomingState, action: ActionId, from: HostId): void => {
  const migration = state.all.get(action)
  if (migration?.from === from && !migration.taking && isOvertaken(migration.rounds, state.context.now()))
    poll(state, migration)
}

/** The source's agent is gone (a hint): ask its hypervisor soon. */
export const nudge = (state: IncomingState, from: HostId): void => {
  for (const migration of [...state.all.values()])
    if (migration.from === from && !migration.taking) poll(state, { ...migration, rounds: restarted() })
}
