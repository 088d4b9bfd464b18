/**
 * The journal on disk. In its directory: `journal.db` (what fencing needs; each append is one fsynced transaction),
 * `journal.seq` (see `watermark.ts`), `history.db` (past decisions), `lock` and `pid`.
 */
import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { wordsOf } from '../errors.ts'
import { fileBytes, openHistory } from './decision-history.ts'
import { type Journal, JournalError } from './journal-port.ts'
import { lockDirectory } from './lock.ts'
import { sqliteCode, writeError } from './sqlite-error.ts'
import { nextIncarnation, restoredFrom } from './state.ts'
import { createStore, type Store } from './store.ts'
import { openWatermark, type Watermark } from './watermark.ts'

export interface OpenJournalOptions {
  /** Wall clock, ms since 1970; for tests. */
  readonly wallNow?: () => number
  /** SQLite's bound of the database's size, in pages of 4 KiB; for tests of a full disk. */
  readonly pagesMax?: number
}

/**
 * Opens or makes the journal of one host. Throws `journal.locked` when another agent uses the directory,
 * `journal.full` when there is no space to begin, and `journal.broken` when nothing can be written there. A journal that
 * cannot be read is moved aside (`journal.db.broken-…`, the newest three are kept) and begun anew: not intact, with the
 * reason in `trouble`.
 */
export const openJournal = (dir: string, options: OpenJournalOptions = {}): Journal => {
  const wallNow = options.wallNow ?? Date.now
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 })
  } catch (cause) {
    throw new JournalError('journal.broken', `cannot make the directory ${dir}: ${wordsOf(cause)}`, { cause })
  }
  const unlock = lockDirectory(dir)
  const opened: { close(): void }[] = [{ close: unlock }]
  const close = () => {
    for (const one of opened.splice(0).reverse()) one.close()
  }
  try {
    const path = join(dir, 'journal.db')
    const existed = fileBytes(path) > 0
    const { db, store, broken } = openStore(path, wallNow())
    opened.push(db)
    const watermark = openWatermark(join(dir, 'journal.seq'))
    opened.push(watermark)
    const history = openHistory(join(dir, 'history.db'), wallNow())
    opened.push(history)
    if (options.pagesMax !== undefined) db.exec(`PRAGMA max_page_count = ${options.pagesMax}`)

    const trouble = broken ?? troubleOf(existed, store.sequence, watermark.before)
    const state = store.load()
    const trusted = state.trusted && trouble === null
    const incarnation = nextIncarnation(store.incarnation, wallNow())
    store.start(incarnation, trusted)
    watermark.tell(store.sequence)
    const restored = restoredFrom({ ...state, trusted }, wallNow())
    return {
      incarnation,
      trouble,
      restored,
      ...writer(store, watermark, wallNow),
      remember: (decision) => guarded(() => history.remember(decision, wallNow())),
      history: history.query,
      size: () => fileBytes(path) + fileBytes(`${path}-wal`) + history.size(),
      close,
    }
  } catch (error) {
    close()
    throw writeError(error)
  }
}

const writer = (store: Store, watermark: Watermark, wallNow: () => number) => ({
  append: (record: Parameters<Journal['append']>[0]): void => {
    const sequence = guarded(() => store.append(record, wallNow()))
    try {
      watermark.tell(sequence)
    } catch {
      // The record is on disk; only the detection of its later loss is weaker.
    }
  },
  probe: (): boolean => {
    try {
      store.probe()
      return true
    } catch {
      return false
    }
  },
})

const troubleOf = (existed: boolean, found: number, told: number | null): string | null => {
  if (!existed)
    return told === null
      ? null
      : `the journal is gone; it held ${told} records: no grants until nothing from before is in force`
  if (told === null && found > 0)
    return 'nothing tells whether the journal is whole: no grants until nothing from before is in force'
  if (told !== null && told > found)
    return `the journal ends at record ${found}, but ${told} were written: no grants until nothing from before is in force`
  return null
}

/** SQLite's words for "this is no database", "malformed", "cannot be opened as one". */
const unreadable: ReadonlySet<number | null> = new Set([11, 26])

const openStore = (
  path: string,
  wallMs: number,
): { db: DatabaseSync; store: Store; broken: string | null } => {
  try {
    return { ...connect(path), broken: null }
  } catch (error) {
    if (!unreadable.has(sqliteCode(error)) && !(error instanceof SyntaxError)) throw error
    const aside = moveAside(path, wallMs)
    const broken = `the journal could not be read (${wordsOf(error)}); it was moved aside to ${aside} and begun anew: no grants until nothing from before is in force`
    return { ...connect(path), broken }
  }
}

const connect = (path: string): { db: DatabaseSync; store: Store } => {
  const db = new DatabaseSync(path)
  try {
    // Exclusive: no shared-memory file, and no other process's writes.
    db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
    const found = db.prepare('PRAGMA quick_check(1)').get()?.['quick_check']
    if (found !== 'ok') throw new SyntaxError(String(found))
    const store = createStore(db)
    // Parses every row: a journal that cannot be understood is found out here.
    store.load()
    return { db, store }
  } catch (error) {
    db.close()
    throw error
  }
}

/** Broken journals that are kept to be looked at. Against filling the disk with them. */
const brokenMax = 3

const moveAside = (path: string, wallMs: number): string => {
  const aside = `${path}.broken-${wallMs}`
  renameSync(path, aside)
  rmSync(`${path}-wal`, { force: true })
  const dir = join(path, '..')
  const kept = readdirSync(dir).filter((name) => name.startsWith(`${basename(path)}.broken-`))
  for (const name of kept.sort().slice(0, -brokenMax)) rmSync(join(dir, name), { force: true })
  return aside
}

const guarded = <T>(write: () => T): T => {
  try {
    return write()
  } catch (error) {
    throw writeError(error)
  }
}
