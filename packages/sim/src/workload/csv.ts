/** Tables as text, plain or gzipped, read so that a mistake is shown with its place. */
import { decimalOf, GivenError, printable, readGiven } from '@drover/agent/runtime'
import { CsvError, parse } from 'csv-parse/sync'

/** Something is wrong with a file that the operator gave; the message names it, and where. */
export class FileError extends Error {
  override readonly name = 'FileError'
  constructor(text: string) {
    super(printable(text))
  }
}

/** One row. Throws FileError, naming file, line and column, when a cell is not what it should be. */
export interface Row {
  text(column: string): string
  /** A number of at least `min` (default 0). None is larger than whole numbers are exact. */
  number(column: string, min?: number): number
  /** Says that this cell is wrong. */
  wrong(column: string, why: string): FileError
}

/** What is in a file, unpacked if it is gzipped (known by its first bytes, not its name). Throws FileError. */
export const readBytes = (path: string): Buffer => {
  try {
    return readGiven(path, { unzip: true })
  } catch (error) {
    throw error instanceof GivenError ? new FileError(error.message) : error
  }
}

/** One line of a table: its cells, and which line it is, from 1. */
export type EachRecord = (cells: readonly string[], line: number) => void

const recordBytesMax = 2 ** 24

/** Reads record by record as RFC 4180 has it (cells may be quoted); empty lines are passed over. Throws FileError. */
export const readRecords = (path: string, each: EachRecord): void => {
  try {
    parse(readBytes(path), {
      bom: true,
      // A table without line breaks is no table.
      max_record_size: recordBytesMax,
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
      const value = decimalOf(cell)
      if (value === null) throw wrong(column, `${cell} is not a number`)
      if (value > Number.MAX_SAFE_INTEGER) throw wrong(column, `${cell} is too large`)
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
