/** The tables of `journal.db`: the fold of the records, kept up to date record by record, so it never grows. */
import type { DatabaseSync } from 'node:sqlite'
import {
  type ActionId,
  type ClosedAction,
  type Duty,
  type JournalRecord,
  limits,
  type Mode,
  type OpenAction,
  type VmId,
} from '@drover/protocol'
import { type JournalState, remainingMs, type WrittenCooldown } from './state.ts'

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

const schema = `
  CREATE TABLE IF NOT EXISTS fact (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS open_action (action TEXT PRIMARY KEY, json TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS closed_action (number INTEGER PRIMARY KEY, action TEXT NOT NULL, json TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS duty (number INTEGER PRIMARY KEY, action TEXT NOT NULL UNIQUE, json TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS cooldown (vm TEXT PRIMARY KEY, json TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS scratch (bytes BLOB NOT NULL);
`

/** Bytes that a probe writes: more than any record. */
const probeBytes = 65_536

type Fact = 'epoch' | 'trusted' | 'draining' | 'mode' | 'sequence' | 'incarnation'

export const createStore = (db: DatabaseSync): Store => {
  db.exec(schema)
  const getFact = db.prepare('SELECT value FROM fact WHERE key = ?')
  const putFact = db.prepare(
    'INSERT INTO fact VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
  )
  const putOpen = db.prepare('INSERT OR REPLACE INTO open_action VALUES (?, ?)')
  const dropOpen = db.prepare('DELETE FROM open_action WHERE action = ?')
  const dropClosed = db.prepare('DELETE FROM closed_action WHERE action = ?')
  const pruneClosed = db.prepare(
    `DELETE FROM closed_action
      WHERE number <= (SELECT number FROM closed_action ORDER BY number DESC LIMIT 1 OFFSET ?)`,
  )
  const putClosed = db.prepare('INSERT INTO closed_action (action, json) VALUES (?, ?)')
  const putDuty = db.prepare('INSERT OR REPLACE INTO duty (action, json) VALUES (?, ?)')
  const dropDuty = db.prepare('DELETE FROM duty WHERE action = ?')
  const putCooldown = db.prepare('INSERT OR REPLACE INTO cooldown VALUES (?, ?)')
  const dropCooldown = db.prepare('DELETE FROM cooldown WHERE vm = ?')

  const fact = (key: Fact): number | string | null => {
    const value = getFact.get(key)?.['value']
    return typeof value === 'number' || typeof value === 'string' ? value : null
  }
  const number = (key: Fact): number => Number(fact(key) ?? 0)
  const numbered: ReadonlySet<string> = new Set(['closed_action', 'duty'])
  const rows = <T>(table: 'open_action' | 'closed_action' | 'duty' | 'cooldown'): readonly T[] =>
    db
      .prepare(`SELECT json FROM ${table}${numbered.has(table) ? ' ORDER BY number' : ''}`)
      .all()
      .map((row) => JSON.parse(String(row['json'])) as T)
  const transaction = (write: () => void) => {
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

  const putEnd = ({ action, vm, end, result }: ClosedAction): void => {
    dropOpen.run(action)
    const ended: ClosedAction = { action, vm, end, result }
    dropClosed.run(`${end} ${action}`)
    putClosed.run(`${end} ${action}`, JSON.stringify(ended))
    pruneClosed.run(limits.closedActionsMax)
  }

  const put = (record: JournalRecord, wallMs: number): void => {
    switch (record.kind) {
      case 'epoch':
        putFact.run('epoch', Math.max(number('epoch'), record.epoch))
        putFact.run('trusted', 1)
        return
      case 'opened':
        putOpen.run(record.open.action, JSON.stringify(record.open))
        return
      case 'closed':
        if (record.duty !== null) putDuty.run(record.action, JSON.stringify(record.duty))
        return putEnd(record)
      case 'discharged':
        dropDuty.run(record.action)
        return
      case 'draining':
        putFact.run('draining', record.draining ? 1 : 0)
        return
      case 'mode':
        putFact.run('mode', record.mode)
        return
      case 'cooldown': {
        for (const rest of rows<WrittenCooldown>('cooldown'))
          if (remainingMs(rest, wallMs) === 0) dropCooldown.run(rest.vm)
        const { vm, from, remainingMs: left } = record
        const rest: WrittenCooldown = { vm, from, remainingMs: left, atWallMs: wallMs }
        if (left > 0) putCooldown.run(vm, JSON.stringify(rest))
        else dropCooldown.run(vm)
        return
      }
      default:
        record satisfies never
    }
  }

  let sequence = number('sequence')
  return {
    get sequence() {
      return sequence
    },
    get incarnation() {
      return number('incarnation')
    },
    load: () => ({
      epoch: number('epoch'),
      trusted: number('trusted') === 1,
      open: new Map<ActionId, OpenAction>(rows<OpenAction>('open_action').map((open) => [open.action, open])),
      closed: rows<ClosedAction>('closed_action'),
      duties: new Map<ActionId, Duty>(rows<Duty>('duty').map((duty) => [duty.action, duty])),
      draining: number('draining') === 1,
      mode: asMode(fact('mode')),
      cooldowns: new Map<VmId, WrittenCooldown>(
        rows<WrittenCooldown>('cooldown').map((rest) => [rest.vm, rest]),
      ),
    }),
    start(incarnation, trusted) {
      transaction(() => {
        putFact.run('incarnation', incarnation)
        putFact.run('trusted', trusted ? 1 : 0)
      })
    },
    append(record, wallMs) {
      transaction(() => {
        put(record, wallMs)
        putFact.run('sequence', sequence + 1)
      })
      sequence += 1
      return sequence
    },
    probe() {
      transaction(() => db.prepare('INSERT INTO scratch VALUES (zeroblob(?))').run(probeBytes))
      transaction(() => db.exec('DELETE FROM scratch'))
    },
  }
}

const asMode = (value: number | string | null): Mode | null =>
  value === 'observe' || value === 'auto' ? value : null
