/** The tables of `journal.db`, each with its statements. Rows hold JSON: they are read whole, and only by their key. */
import type { DatabaseSync } from 'node:sqlite'
import type { ActionId, ClosedAction, Duty, HostId, OwedAutostart, StartCount, VmId } from '@drover/protocol'
import type { WrittenAction, WrittenCooldown } from './state.ts'

const schema = `
  CREATE TABLE IF NOT EXISTS fact (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS open_action (action TEXT PRIMARY KEY, json TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS closed_action (number INTEGER PRIMARY KEY, action TEXT NOT NULL, json TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS duty (number INTEGER PRIMARY KEY, action TEXT NOT NULL UNIQUE, json TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS autostart (number INTEGER PRIMARY KEY, vm TEXT NOT NULL UNIQUE, json TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS met (number INTEGER PRIMARY KEY, host TEXT NOT NULL UNIQUE, json TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS cooldown (vm TEXT PRIMARY KEY, json TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS scratch (bytes BLOB NOT NULL);
`

export type Fact = 'epoch' | 'trusted' | 'lacking' | 'draining' | 'mode' | 'sequence' | 'incarnation'

/** Single values by name. */
export interface Facts {
  /** 0 when there is none. */
  number(key: Fact): number
  text(key: Fact): string | null
  put(key: Fact, value: number | string): void
}

/** One row per key. `all` is in the order in which rows were put, where the table has numbers; else in the key's. */
export interface Table<Key, Row> {
  all(): readonly Row[]
  put(key: Key, row: Row): void
  drop(key: Key): void
}

export interface BoundedTable<Key, Row> extends Table<Key, Row> {
  /** Drops the oldest rows, so that this many are left. */
  keep(newest: number): void
}

export interface Tables {
  readonly facts: Facts
  readonly open: Table<ActionId, WrittenAction>
  /** By the end, `departure` or `arrival`, and the action. */
  readonly closed: BoundedTable<string, ClosedAction>
  readonly duties: Table<ActionId, Duty>
  readonly autostarts: Table<VmId, OwedAutostart>
  readonly met: BoundedTable<HostId, StartCount>
  readonly cooldowns: Table<VmId, WrittenCooldown>
  /** Takes as many bytes as it is told, and gives them back: a test of the disk. */
  readonly scratch: { fill(bytes: number): void; clear(): void }
}

/** Makes the tables where they are missing. */
export const openTables = (db: DatabaseSync): Tables => {
  db.exec(schema)
  const fillScratch = db.prepare('INSERT INTO scratch VALUES (zeroblob(?))')
  return {
    facts: factsOf(db),
    open: tableOf(db, 'open_action', 'action', 'key'),
    closed: boundedOf(db, 'closed_action', 'action'),
    duties: tableOf(db, 'duty', 'action', 'number'),
    autostarts: tableOf(db, 'autostart', 'vm', 'number'),
    met: boundedOf(db, 'met', 'host'),
    cooldowns: tableOf(db, 'cooldown', 'vm', 'key'),
    scratch: {
      fill: (bytes) => void fillScratch.run(bytes),
      clear: () => db.exec('DELETE FROM scratch'),
    },
  }
}

const factsOf = (db: DatabaseSync): Facts => {
  const get = db.prepare('SELECT value FROM fact WHERE key = ?')
  const put = db.prepare(
    'INSERT INTO fact VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
  )
  const value = (key: Fact): unknown => get.get(key)?.['value']
  return {
    number: (key) => Number(value(key) ?? 0),
    text(key) {
      const found = value(key)
      return typeof found === 'string' ? found : null
    },
    put: (key, value) => void put.run(key, value),
  }
}

const tableOf = <Key extends string, Row>(
  db: DatabaseSync,
  name: 'open_action' | 'closed_action' | 'duty' | 'autostart' | 'met' | 'cooldown',
  key: 'action' | 'vm' | 'host',
  order: 'key' | 'number',
): Table<Key, Row> => {
  const all = db.prepare(`SELECT json FROM ${name}${order === 'number' ? ' ORDER BY number' : ''}`)
  const put = db.prepare(`INSERT OR REPLACE INTO ${name} (${key}, json) VALUES (?, ?)`)
  const drop = db.prepare(`DELETE FROM ${name} WHERE ${key} = ?`)
  return {
    all: () => all.all().map((row): Row => JSON.parse(String(row['json']))),
    put: (key, row) => void put.run(key, JSON.stringify(row)),
    drop: (key) => void drop.run(key),
  }
}

const boundedOf = <Key extends string, Row>(
  db: DatabaseSync,
  name: 'closed_action' | 'met',
  key: 'action' | 'host',
): BoundedTable<Key, Row> => {
  const prune = db.prepare(
    `DELETE FROM ${name}
      WHERE number <= (SELECT number FROM ${name} ORDER BY number DESC LIMIT 1 OFFSET ?)`,
  )
  return {
    ...tableOf<Key, Row>(db, name, key, 'number'),
    keep: (newest) => void prune.run(newest),
  }
}
