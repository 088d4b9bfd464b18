/**
 * Timelines for the page: whole numbers (tenths of a second) in flat lists, thinned until the report stays a file that
 * a browser opens at once. What was left out is said.
 */
import type { Run, Timeline } from '../run/result.ts'
import { sortedNumbers } from './numbers.ts'
import { algorithmsOf, variantsOf } from './variants.ts'

/** Read by page/moment.js. Times in tenths of a second. */
export interface PageTimeline {
  readonly title: string
  readonly hosts: readonly string[]
  readonly end: number
  /** host, from, to, host, from, to, … */
  readonly overloads: readonly number[]
  readonly held: readonly number[]
  /** from host, to host, from, to, … */
  readonly migrations: readonly number[]
  /** How many of each kind are too many to be shown; the shortest are left out. */
  readonly omitted: number
}

/** About 14 characters each: 3 MB. */
const intervalsMax = 220_000
/** Less would be no timeline any more; so many runs at most have one. */
const intervalsLeast = 6_000
const timelinesMax = Math.floor(intervalsMax / intervalsLeast)

type Interval = readonly [...place: number[], from: number, to: number]

const tenths = (seconds: number): number => Math.round(seconds * 10)
const lengthOf = (interval: Interval): number => interval.at(-1)! - interval.at(-2)!

/** The longest `max` of them, in their order. */
const longest = <T extends Interval>(intervals: readonly T[], max: number): readonly T[] => {
  if (intervals.length <= max) return intervals
  const least = sortedNumbers(intervals.map(lengthOf)).at(-max) ?? Number.POSITIVE_INFINITY
  return intervals.filter((interval) => lengthOf(interval) >= least).slice(0, max)
}

/** Those of one host that are nearer to each other than the eye can tell become one. */
const merged = (held: Timeline['held'], gapS: number): readonly (readonly [number, number, number])[] => {
  const out: [number, number, number][] = []
  const last = new Map<number, [number, number, number]>()
  for (const [host, from, to] of [...held].sort((a, b) => a[1] - b[1])) {
    const open = last.get(host)
    if (open !== undefined && from - open[2] < gapS) {
      open[2] = Math.max(open[2], to)
      continue
    }
    const next: [number, number, number] = [host, from, to]
    last.set(host, next)
    out.push(next)
  }
  return out
}

const flat = (intervals: readonly Interval[]): readonly number[] =>
  intervals.flatMap((interval) => interval.map((part, i) => (i < interval.length - 2 ? part : tenths(part))))

/** Migrations and overloads are what the reader came for: holdings give way first. */
export const thinned = (title: string, durationS: number, timeline: Timeline, max: number): PageTimeline => {
  const migrations = longest(timeline.migrations, Math.floor(max / 2))
  const overloads = longest(timeline.overloads, Math.floor(max / 4))
  const room = max - migrations.length - overloads.length
  const all = timeline.held.length <= room ? timeline.held : merged(timeline.held, durationS / 2000)
  const held = longest(all, room)
  return {
    title,
    hosts: timeline.hosts,
    end: tenths(durationS),
    overloads: flat(overloads),
    held: flat(held),
    migrations: flat(migrations),
    omitted:
      timeline.migrations.length -
      migrations.length +
      (timeline.overloads.length - overloads.length) +
      (all.length - held.length),
  }
}

export interface Timelines {
  readonly shown: readonly PageTimeline[]
  /** Runs that have a timeline for which there was no room. */
  readonly crowdedOut: number
  /** Runs for which none was kept: too many hosts. */
  readonly without: number
}

/** The first seed of every variant before the second of any. `several`: their titles must name the scenario. */
export const timelinesOf = (runs: readonly Run[], several: boolean): Timelines => {
  const variants = variantsOf(runs, algorithmsOf(runs))
  const turns = Math.max(0, ...variants.map((variant) => variant.runs.length))
  const queue = Array.from({ length: turns }, (_, turn) =>
    variants.flatMap(({ label, runs: own }) => {
      const run = own[turn]
      return run?.timeline == null ? [] : [{ label, result: run.result, timeline: run.timeline }]
    }),
  ).flat()
  const shown = queue.slice(0, timelinesMax)
  const each = Math.max(intervalsLeast, Math.floor(intervalsMax / Math.max(1, shown.length)))
  return {
    shown: shown.map(({ label, result: r, timeline }) =>
      thinned(
        `${label}, seed ${r.seed}: ${Math.round(r.overloadSeconds)} overload s, ${r.migrations} migrations${several ? ` (${r.workload}, ${r.hosts} hosts)` : ''}`,
        r.durationS,
        timeline,
        each,
      ),
    ),
    crowdedOut: queue.length - shown.length,
    without: runs.length - queue.length,
  }
}
