// @ts-check
/// <reference lib="dom" />
/** The timeline in words: what happens at one moment, and a table of all that happens. */
import { clockOf, momentOf } from './moment.js'

/** @typedef {import('./moment.js').Story} Story */

/** @param {readonly string[]} parts @param {number} max */
const listed = (parts, max) =>
  parts.length <= max ? parts.join(', ') : `${parts.slice(0, max).join(', ')} and ${parts.length - max} more`

/** @param {number} tenths */
export const secondsOf = (tenths) => `${(tenths / 10).toFixed(1)} s`

/** What happens at that time, in words. @param {Story} story @param {number} time */
export const wordsOf = (story, time) => {
  const { overloaded, held, moving } = momentOf(story, time)
  const name = (/** @type {number} */ host) => story.hosts[host] ?? `host ${host}`
  const over = overloaded.map(
    (stay) => `${name(stay.host)} for ${secondsOf(time - stay.from)} of ${secondsOf(stay.to - stay.from)}`,
  )
  const moves = moving.map(
    (move) =>
      `${name(move.source)} → ${name(move.destination)} ${secondsOf(time - move.from)} of ${secondsOf(move.to - move.from)}`,
  )
  const holders = held.map((stay) => name(stay.host))
  const some = (/** @type {string[]} */ parts) => (parts.length === 0 ? '' : `: ${listed(parts, 6)}`)
  return [
    `At ${clockOf(time)} (${secondsOf(time)})`,
    `Overloaded ${over.length}${some(over)}`,
    `Migrations under way ${moves.length}${some(moves)}`,
    `Held by partitions ${holders.length}${some(holders)}`,
    ...(story.omitted > 0 ? [`${story.omitted} of the shortest intervals of this run are left out`] : []),
  ].join('\n')
}

const tableMax = 1000
/** @param {Story} story */
export const tableOf = (story) => {
  const name = (/** @type {number} */ host) => story.hosts[host] ?? ''
  const rows = [
    ...story.overloads.map((stay) => ({ ...stay, what: 'overload', where: name(stay.host) })),
    ...story.moves.map((move) => ({
      ...move,
      what: 'migration',
      where: `${name(move.source)} → ${name(move.destination)}`,
    })),
  ].sort((a, b) => a.from - b.from)
  const table = document.createElement('table')
  const caption = table.createCaption()
  caption.textContent = `${story.title}${rows.length > tableMax ? `: the first ${tableMax} of ${rows.length}` : ''}`
  for (const cells of [
    ['From, s', 'To, s', 'What', 'Where'],
    ...rows
      .slice(0, tableMax)
      .map((row) => [String(row.from / 10), String(row.to / 10), row.what, row.where]),
  ]) {
    const line = table.insertRow()
    for (const cell of cells) line.insertCell().textContent = cell
  }
  return table
}
