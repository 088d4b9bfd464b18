/**
 * Does a VM run, or wait, on a third host? Asked before a copy runs here of which this host has no sure record: what its source says is the
 * word of one host, and the copy may have been left by an earlier migration (S1, ADR 27). Every host that is not taken for dead is asked, in
 * rounds. One that denies it in two rounds in a row has not had the VM between them, and one that goes on answering nothing counts no more.
 */
import { limits } from '../data/config.ts'
import type { ActionId, HostId, Instant } from '../data/ids.ts'
import type { Presence, Whereabouts } from '../data/message.ts'
import type { StepContext } from '../step-context.ts'
import { about, type IncomingMigration } from './incoming-table.ts'
import { nowhere } from './question-rounds.ts'

/** A host that has it, or may come to have it. */
export type Elsewhere = 'asking' | 'nowhere' | { readonly host: HostId; readonly presence: Presence }

export interface Search {
  /** What is known by now; asks once more when the last round is over. */
  look(migration: IncomingMigration): Elsewhere
  whereabouts(from: HostId, message: Whereabouts): void
  ended(action: ActionId): void
}

interface Rounds {
  readonly number: number
  readonly begunAt: Instant
  /** Hosts whose answer is missing. */
  readonly owing: Set<HostId>
  readonly count: number
  /** Rounds in a row before this one in which all that count denied it. */
  readonly denied: number
  readonly found: Exclude<Elsewhere, string> | null
}

export interface SearchHooks {
  /** All other hosts that are not taken for dead. */
  others(): readonly HostId[]
  /** So short a time after its start this host has not heard of all others yet. */
  isYoung(): boolean
}

export const createSearch = (context: StepContext, { others, isYoung }: SearchHooks): Search => {
  const all = new Map<ActionId, Rounds>()

  const ask = (migration: IncomingMigration, before: Rounds | undefined, denied: number): Elsewhere => {
    const { action, vm, from } = migration
    const asked = others().filter((host) => host !== from)
    const number = context.nextRound()
    const count = (before?.count ?? 0) + 1
    all.set(action, { number, begunAt: context.now(), owing: new Set(asked), count, denied, found: null })
    for (const host of asked) context.send(host, { kind: 'where-is', ...about(migration), vm, round: number })
    return 'asking'
  }

  return {
    look(migration) {
      const rounds = all.get(migration.action)
      const isYoungNow = isYoung()
      if (!isYoungNow && others().every((host) => host === migration.from)) return 'nowhere'
      if (rounds === undefined) return ask(migration, rounds, 0)
      const { found, begunAt, owing, count, denied } = rounds
      if (found !== null) return found
      if (context.now() - begunAt < limits.settlePollMs) return 'asking'
      const alive = new Set(others())
      const isWhole = count >= limits.unansweredRoundsMax || ![...owing].some((host) => alive.has(host))
      const deniedNow = isWhole ? denied + 1 : 0
      return deniedNow >= limits.deniedRounds && !isYoungNow ? 'nowhere' : ask(migration, rounds, deniedNow)
    },
    whereabouts(from, { action, round, presence }) {
      const rounds = all.get(action)
      if (rounds?.number !== round || presence === 'silent' || !rounds.owing.delete(from)) return
      if (!nowhere(presence)) all.set(action, { ...rounds, found: { host: from, presence } })
    },
    ended: (action) => void all.delete(action),
  }
}
