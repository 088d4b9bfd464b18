/** Columns for people: two spaces between them, nothing behind the last. */
import { stripVTControlCharacters } from 'node:util'

/** Terminal escapes take no room. */
const width = (text: string): number => stripVTControlCharacters(text).length

export const table = (rows: readonly (readonly string[])[], indent = ''): string => {
  const widths: number[] = []
  for (const row of rows)
    for (const [column, text] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, width(text))
  return rows
    .map((row) => {
      const cells = row.map((text, column) => text + ' '.repeat((widths[column] ?? 0) - width(text)))
      return `${(indent + cells.join('  ')).trimEnd()}\n`
    })
    .join('')
}

const quoted = (value: string): string =>
  /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value

/** RFC 4180. A leading `=`, `+`, `-` or `@` could be run by a spreadsheet; such text gets a `'`. */
export const csv = (rows: readonly (readonly (string | number | null)[])[]): string =>
  rows
    .map((row) =>
      row
        .map((value) =>
          value === null
            ? ''
            : typeof value === 'number'
              ? String(value)
              : quoted(/^[=+\-@]/.test(value) ? `'${value}` : value),
        )
        .join(','),
    )
    .map((line) => `${line}\r\n`)
    .join('')
