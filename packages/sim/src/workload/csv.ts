/** Tables as text, plain or gzipped, read so that a mistake is shown with its place. */
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { wordsOf } from '@drover/agent/runtime'
import { CsvError, parse } from 'csv-parse/sync'

/** Something is wrong with a file that the operator gave; the message names it, and where. */
export class FileError extends Error {
  override readonly name = 'FileError'
}

/** One row. Throws FileError, naming file, line and column, when a cell is not what it should be. */
export interface Row {
  text(column: string): string
  /** A number of at least `min` (default 0). */
  number(column: string, min?: number): number
  /** Says that this cell is wrong. */
  wrong(column: string, why: string): FileError
}

/** What is in a file, unpacked if it is gzipped (known by its first bytes, not its name). Throws FileError. */
export const readBytes = (path: string): Buffer => {
  let bytes: Buffer
  try {
    bytes = readFileSync(path)
  } catch (error) {
    throw new FileError(`${path}: ${wordsOf(error)}`)
  }
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes
  try {
    return gunzipSync(bytes)
  } catch (error) {
    throw new FileError(`${path}: not a whole gzip file: ${wordsOf(error)}`)
  }
}

/** One line of a table: its cells, and which line it is, from 1. */
export type EachRecord = (cells: readonly string[], line: number) => void

/** Reads record by record as RFC 4180 has it (cells may be quoted); empty lines are passed over. Throws FileError. */
export const readRecords = (path: string, each: EachRecord): void => {
  try {
    parse(readBytes(path), {
      bom: true,
      relax_column_count: true,
      skip_empty_lines: true,
      trim: true,
      // Nothing is kept: a table may have a million rows.
      on_record(cells: string[], { lines }) {
        if (cells.length > 1 || cells[0] !== '') each(cells, lines)
        return null
      },
    })
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    throw new FileError(`${path}: ${error.message}`)
  }
}

/** Reads row by row. The first line names the columns, in any order; those of `columns` have to be there. */
export const readTable = (path: string, columns: readonly string[], each: (row: Row) => void): void => {
  let places: ReadonlyMap<string, number> | null = null
  let cells: readonly string[] = []
  let line = 1
  const wrong = (column: string, why: string): FileError =>
    new FileError(`${path}: line ${line}, column ${column}: ${why}`)
  const text = (column: string): string => {
    const cell = cells[places?.get(column) ?? -1] ?? ''
    if (cell === '') throw wrong(column, 'is empty')
    return cell
  }
  const row: Row = {
    text,
    number(column, min = 0) {
      const cell = text(column)
      const value = Number(cell)
      if (!Number.isFinite(value)) throw wrong(column, `${cell} is not a number`)
      if (value < min) throw wrong(column, `${cell} is less than ${min}`)
      return value
    },
    wrong,
  }
  const readHeader = (header: readonly string[]): ReadonlyMap<string, number> => {
    const found = new Map(header.map((name, i) => [name, i]))
    const missing = columns.filter((name) => !found.has(name))
    if (missing.length > 0)
      throw new FileError(`${path}: line 1: no column ${missing.join(', ')}; it has: ${header.join(', ')}`)
    return found
  }
  readRecords(path, (record, at) => {
    if (places === null) {
      places = readHeader(record)
      return
    }
    cells = record
    line = at
    each(row)
  })
  places ??= readHeader([])
}
