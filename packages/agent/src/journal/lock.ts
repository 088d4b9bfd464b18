/**
 * One agent per data directory. The lock is the operating system's: SQLite's lock on an empty file, the only file lock that
 * Node brings. So it ends with its process, also with a killed one.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { JournalError } from './journal-port.ts'
import { sqliteCode } from './sqlite-error.ts'

const busy = 5
const notADatabase = 26

/** Returns the function that gives the lock back. Throws `journal.locked` while another agent holds it. */
export const lockDirectory = (dir: string): (() => void) => {
  const path = join(dir, 'lock')
  const pidPath = join(dir, 'pid')
  let db: DatabaseSync | undefined
  try {
    db = new DatabaseSync(path)
    // Nothing is ever written into it: no journal file is needed.
    db.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
  } catch (cause) {
    db?.close()
    const code = sqliteCode(cause)
    if (code === busy) {
      const pid = readOrNull(pidPath)
      const who = pid === null ? 'another drover agent' : `another drover agent (process ${pid})`
      throw new JournalError('journal.locked', `${dir} is in use by ${who}`, { cause })
    }
    if (code === notADatabase) {
      // The lock file was written to. No process can hold it in this state, so it can be made anew.
      rmSync(path, { force: true })
      return lockDirectory(dir)
    }
    throw new JournalError('journal.broken', `cannot lock ${path}: ${String(cause)}`, { cause })
  }
  try {
    writeFileSync(pidPath, `${process.pid}\n`)
  } catch {
    // Only for people; the disk may be full.
  }
  const held = db
  return () => held.close()
}

const readOrNull = (path: string): string | null => {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return null
  }
}
