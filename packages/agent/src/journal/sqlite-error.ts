/** Reads the errors of `node:sqlite`: the result code is SQLite's own. */
import { wordsOf } from '../errors.ts'
import { JournalError } from './journal-port.ts'

/** The primary result code, or null when the error is not SQLite's. */
export const sqliteCode = (error: unknown): number | null => {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return null
  return error.errcode & 0xff
}

const full = 13
const inputOutput = 10

/** A failed write: no space (also seen as an I/O error, where the file system finds out late), or something else. */
export const writeError = (error: unknown): JournalError => {
  if (error instanceof JournalError) return error
  const code = sqliteCode(error)
  return code === full || code === inputOutput
    ? new JournalError('journal.full', `cannot write the journal: ${wordsOf(error)}`, { cause: error })
    : new JournalError('journal.broken', `the journal fails: ${wordsOf(error)}`, { cause: error })
}
