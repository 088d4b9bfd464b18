/** The results as a table for people. */
import type { Row } from './main.ts'

export const tableOf = (rows: readonly Row[]): string => {
  const cells = [
    ['model', 'property, mutation or trace', 'states', 'depth', 'CPU s', 'verdict'],
    ...rows.map(({ model, what, states, depth, cpuS, verdict }) => [
      model,
      what,
      String(states),
      String(depth),
      cpuS.toFixed(1),
      verdict,
    ]),
  ]
  const widths = cells[0]!.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)))
  const numbers = new Set([2, 3, 4])
  return cells
    .map((row) =>
      row
        .map((cell, i) => (numbers.has(i) ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
