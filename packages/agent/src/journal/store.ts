/** The fold of the records in `journal.db`, kept up to date record by record, so it never grows. */
import type { DatabaseSync } from 'node:sqlite'
import { type ClosedAction, type JournalRecord, limits, type Mode } from '@drover/protocol'
import { type JournalState, remainingMs, type WrittenCooldown, written } from './state.ts'
import { openTables, type Tables } from './tables.ts'

export interface Store {
  /** The number of the last append. */
  readonly sequence: number
  readonly incarnation: number
  load(): JournalState
  /** A new start: its incarnation, and whether what is in here may be trusted (S6). Durable when it returns. */
  start(incarnation: number, trusted: boolean): void
  /** Durable when it returns; returns its number. */
  append(record: JournalRecord, wallMs: number): number
  /** Writes what an append may need to write (new pages), and takes it back. Throws when that is not possible. */
  probe(): void
}

/** Bytes that a probe writes: more than any record. */
const probeBytes = 65_536

export const createStore = (db: DatabaseSync): Store => {
  const tables = openTables(db)
  const { facts, scratch } = tables
  let sequence = facts.number('sequence')
  return {
    get sequence() {
      return sequence
    },
    get incarnation() {
      return facts.number('incarnation')
    },
    load: () => load(tables),
    start(incarnation, trusted) {
      transaction(db, () => {
        facts.put('incarnation', incarnation)
        facts.put('trusted', trusted ? 1 : 0)
      })
    },
    append(record, wallMs) {
      transaction(db, () => {
        put(tables, record, wallMs)
        facts.put('sequence', sequence + 1)
      })
      sequence += 1
      return sequence
    },
    probe() {
      transaction(db, () => scratch.fill(probeBytes))
      transaction(db, scratch.clear)
    },
  }
}

const transaction = (db: DatabaseSync, write: () => void): void => {
  db.exec('BEGIN IMMEDIATE')
  try {
    write()
    db.exec('COMMIT')
  } catch (error) {
    // A full disk ends the transaction by itself; other errors leave it open.
    if (db.isTransaction) db.exec('ROLLBACK')
    throw error
  }
}

const load = ({ facts, open, closed, duties, autostarts, met, cooldowns }: Tables): JournalState => ({
  epoch: facts.number('epoch'),
  trusted: facts.number('trusted') === 1,
  lacking: facts.number('lacking') === 1,
  open: new Map(open.all().map((one) => [one.action, one])),
  closed: closed.all(),
  duties: new Map(duties.all().map((one) => [one.action, one])),
  autostarts: new Map(autostarts.all().map((one) => [one.vm, one])),
  met: new Map(met.all().map((one) => [one.host, one])),
  draining: facts.number('draining') === 1,
  mode: asMode(facts.text('mode')),
  cooldowns: new Map(cooldowns.all().map((rest) => [rest.vm, rest])),
})

const asMode = (value: string | null): Mode | null => (value === 'observe' || value === 'auto' ? value : null)

const put = (tables: Tables, record: JournalRecord, wallMs: number): void => {
  const { facts, open, duties, autostarts, met } = tables
  switch (record.kind) {
    case 'epoch':
      facts.put('epoch', Math.max(facts.number('epoch'), record.epoch))
      facts.put('trusted', 1)
      return
    case 'opened':
      return open.put(record.open.action, written(record.open, wallMs))
    case 'closed': {
      const { kind: _, duty, ...ended } = record
      if (duty !== null) duties.put(ended.action, duty)
      return putEnd(tables, ended)
    }
    case 'discharged':
      return duties.drop(record.action)
    case 'autostart-owed':
      return autostarts.put(record.vm, { action: record.action, vm: record.vm })
    case 'autostart-set':
      return autostarts.drop(record.vm)
    case 'met':
      met.put(record.host, { host: record.host, incarnation: record.incarnation })
      return met.keep(limits.viewHostsMax)
    case 'settled':
      facts.put('trusted', 1)
      return
    case 'lacking':
      facts.put('lacking', 1)
      return
    case 'renumbered':
      return facts.put('incarnation', Math.max(facts.number('incarnation'), record.incarnation))
    case 'draining':
      return facts.put('draining', record.draining ? 1 : 0)
    case 'mode':
      return facts.put('mode', record.mode)
    case 'cooldown':
      return putCooldown(tables, { ...record, atWallMs: wallMs })
    default:
      record satisfies never
  }
}

const putEnd = ({ open, closed }: Tables, ended: ClosedAction): void => {
  const { action, end } = ended
  const key = `${end} ${action}`
  open.drop(action)
  closed.drop(key)
  closed.put(key, ended)
  closed.keep(limits.closedActionsMax)
}

const putCooldown = (
  { cooldowns }: Tables,
  { vm, from, remainingMs: left, atWallMs }: WrittenCooldown,
): void => {
  for (const rest of cooldowns.all()) if (remainingMs(rest, atWallMs) === 0) cooldowns.drop(rest.vm)
  if (left > 0) cooldowns.put(vm, { vm, from, remainingMs: left, atWallMs })
  else cooldowns.drop(vm)
}
