/**
 * `journal.seq`: the number of the last append, told once more outside the database, unsynced.
 *
 * SQLite recovers from a crash by itself, and silently drops a torn tail of its write-ahead log. That is right for a record
 * whose append never returned. It is wrong for a record that was on disk and was cut off later (a truncated or deleted log):
 * the grant that relied on it has left the host. This number tells the two cases apart.
 */
import { closeSync, existsSync, openSync, readFileSync, writeSync } from 'node:fs'

export interface Watermark {
  /** What was told before this start; null = nothing. */
  readonly before: number | null
  tell(sequence: number): void
  close(): void
}

/** Fixed width, so that it is overwritten in place and needs no space on a full disk. */
const width = 16

export const openWatermark = (path: string): Watermark => {
  const text = existsSync(path) ? readFileSync(path, 'utf8').trim() : ''
  const before = /^\d+$/.test(text) ? Number(text) : null
  const file = openSync(path, existsSync(path) ? 'r+' : 'w+', 0o600)
  return {
    before,
    tell(sequence) {
      writeSync(file, `${String(sequence).padStart(width)}\n`, 0)
    },
    close: () => closeSync(file),
  }
}
