// @ts-check
/**
 * What happens in a run, and at one moment of it. Pure: tests import it. Times in tenths of a second.
 *
 * @typedef {{readonly title: string, readonly hosts: readonly string[], readonly end: number, readonly overloads:
 *   readonly number[], readonly held: readonly number[], readonly migrations: readonly number[], readonly omitted:
 *   number}} PageTimeline
 * @typedef {{readonly host: number, readonly from: number, readonly to: number}} Stay
 * @typedef {{readonly source: number, readonly destination: number, readonly from: number, readonly to: number}} Move
 * @typedef {{readonly title: string, readonly hosts: readonly string[], readonly end: number, readonly omitted: number,
 *   readonly overloads: readonly Stay[], readonly held: readonly Stay[], readonly moves: readonly Move[]}} Story
 */

/** @param {readonly number[]} flat @param {number} width @returns {number[][]} */
const rowsOf = (flat, width) => {
  const rows = []
  for (let i = 0; i < flat.length; i += width) rows.push(flat.slice(i, i + width))
  return rows
}

/** @param {PageTimeline} data @returns {Story} */
export const storyOf = (data) => ({
  title: data.title,
  hosts: data.hosts,
  end: data.end,
  omitted: data.omitted,
  overloads: rowsOf(data.overloads, 3).map(([host = 0, from = 0, to = 0]) => ({ host, from, to })),
  held: rowsOf(data.held, 3).map(([host = 0, from = 0, to = 0]) => ({ host, from, to })),
  moves: rowsOf(data.migrations, 4).map(([source = 0, destination = 0, from = 0, to = 0]) => ({
    source,
    destination,
    from,
    to,
  })),
})

/**
 * What lasts at that time; from its begin, until before its end.
 * @template {{readonly from: number, readonly to: number}} T
 * @param {readonly T[]} all @param {number} time @returns {T[]}
 */
const lasting = (all, time) => all.filter(({ from, to }) => from <= time && time < to)

/** @param {Story} story @param {number} time */
export const momentOf = (story, time) => ({
  overloaded: lasting(story.overloads, time),
  held: lasting(story.held, time),
  moving: lasting(story.moves, time),
})

/** When the next overload or migration begins, or the previous one; the edge of the run when there is none.
 * @param {Story} story @param {number} time @param {1 | -1} direction */
export const eventFrom = (story, time, direction) => {
  const begins = [...story.overloads, ...story.moves].map(({ from }) => from)
  return direction === 1
    ? begins.reduce((best, at) => (at > time && at < best ? at : best), story.end)
    : begins.reduce((best, at) => (at < time && at > best ? at : best), 0)
}

/** How many at each time: [time, count] at every change, by time.
 * @param {readonly Stay[]} stays @returns {[number, number][]} */
export const crowdOf = (stays) => {
  const changes = stays.flatMap(({ from, to }) => [
    { at: from, by: 1 },
    { at: to, by: -1 },
  ])
  changes.sort((a, b) => a.at - b.at)
  /** @type {[number, number][]} */
  const steps = [[0, 0]]
  let count = 0
  for (const { at, by } of changes) {
    count += by
    const last = steps[steps.length - 1]
    if (last !== undefined && last[0] === at) last[1] = count
    else steps.push([at, count])
  }
  return steps
}

/** 754.5 s → "12:34.5". @param {number} time */
export const clockOf = (time) =>
  `${Math.floor(time / 600)}:${((time % 600) / 10).toFixed(1).padStart(4, '0')}`
