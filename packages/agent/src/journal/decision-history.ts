/**
 * Past decisions, for `drover history`, in a database of their own. It is large and need not be fsynced. Its loss must not
 * make the fencing journal untrustworthy.
 */
import { rmSync, statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import type { Decision } from '@drover/protocol'
import type { Journal } from './journal-port.ts'
import { historyLimits, vmsOf } from './state.ts'

export interface History {
  remember(decision: Decision, wallMs: number): void
  query: Journal['history']
  size(): number
  close(): void
}

const schema = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  PRAGMA foreign_keys = ON;
  CREATE TABLE IF NOT EXISTS decision (id TEXT PRIMARY KEY, at_wall_ms INTEGER NOT NULL, json TEXT NOT NULL);
  CREATE INDEX IF NOT EXISTS decision_at ON decision (at_wall_ms);
  CREATE TABLE IF NOT EXISTS decision_vm (
    vm TEXT NOT NULL, id TEXT NOT NULL REFERENCES decision (id) ON DELETE CASCADE, PRIMARY KEY (vm, id)
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS decision_vm_id ON decision_vm (id);
`

/** History that cannot be read is begun anew. */
export const openHistory = (path: string, wallMs: number): History => {
  try {
    return prepare(path, wallMs)
  } catch {
    for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true })
    return prepare(path, wallMs)
  }
}

/** How many `remember`s pass between two prunings: the bound may be exceeded by this many. */
const pruneEvery = 64

const prepare = (path: string, openedWallMs: number): History => {
  const db = new DatabaseSync(path)
  try {
    return overDatabase(db, path, openedWallMs)
  } catch (error) {
    db.close()
    throw error
  }
}

const overDatabase = (db: DatabaseSync, path: string, openedWallMs: number): History => {
  db.exec(schema)
  const put = db.prepare(
    'INSERT INTO decision VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET json = excluded.json',
  )
  const putVm = db.prepare('INSERT OR IGNORE INTO decision_vm VALUES (?, ?)')
  const old = db.prepare('DELETE FROM decision WHERE at_wall_ms < ?')
  const surplus = db.prepare(
    'DELETE FROM decision WHERE id IN (SELECT id FROM decision ORDER BY at_wall_ms DESC, rowid DESC LIMIT -1 OFFSET ?)',
  )
  // Ids begin with the leader and a dot; a slash is what comes next to that.
  const surplusOfPeer = db.prepare(
    `DELETE FROM decision WHERE id IN (SELECT id FROM decision WHERE id > ? || '.' AND id < ? || '/'
      ORDER BY at_wall_ms DESC, rowid DESC LIMIT -1 OFFSET ?)`,
  )
  const recent = db.prepare(
    'SELECT at_wall_ms, json FROM decision WHERE at_wall_ms >= ? ORDER BY at_wall_ms DESC, rowid DESC LIMIT ?',
  )
  const ofVm = db.prepare(
    `SELECT at_wall_ms, json FROM decision WHERE id IN (SELECT id FROM decision_vm WHERE vm = ?)
      AND at_wall_ms >= ? ORDER BY at_wall_ms DESC, rowid DESC LIMIT ?`,
  )
  const prune = (wallMs: number) => {
    old.run(wallMs - historyLimits.ageMsMax)
    surplus.run(historyLimits.decisionsMax)
  }
  prune(openedWallMs)
  let sincePruned = 0

  return {
    remember(decision, wallMs) {
      db.exec('BEGIN')
      try {
        put.run(decision.id, wallMs, JSON.stringify(decision))
        for (const vm of vmsOf(decision)) putVm.run(vm, decision.id)
        db.exec('COMMIT')
      } catch (error) {
        if (db.isTransaction) db.exec('ROLLBACK')
        throw error
      }
      const { leader, asMember } = decision
      if (asMember) surplusOfPeer.run(leader, leader, historyLimits.decisionsOfPeerMax)
      sincePruned += 1
      if (sincePruned >= pruneEvery) {
        sincePruned = 0
        prune(wallMs)
      }
    },
    query({ vm, sinceMs = 0, limit = historyLimits.answerDefault }) {
      const bounded = Math.max(0, Math.min(Math.floor(limit), historyLimits.decisionsMax))
      const rows = vm === undefined ? recent.all(sinceMs, bounded) : ofVm.all(vm, sinceMs, bounded)
      return rows.map((row) => ({
        atWallMs: Number(row['at_wall_ms']),
        decision: JSON.parse(String(row['json'])) as Decision,
      }))
    },
    size: () => fileBytes(path) + fileBytes(`${path}-wal`),
    close: () => db.close(),
  }
}

export const fileBytes = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0
