/** What people read on the terminal: one row per algorithm, and one line that says which one wins and where drover loses. */
import { table } from '@drover/agent/cli'
import type { Run, RunResult } from '../run/result.ts'
import { lossesOf, ours, shown } from './comparison.ts'
import { type Figure, figures, meanOf, valuesOf } from './figures.ts'

/** Runs that differ in nothing but the seed. */
export interface Group {
  readonly label: string
  readonly algorithm: string
  readonly runs: readonly Run[]
}

export const labelOf = ({ algorithm, preset }: RunResult): string =>
  preset === null ? algorithm : `${algorithm}:${preset}`

/** In the order in which they were first seen. */
export const groupsOf = (runs: readonly Run[]): readonly Group[] => {
  const groups = new Map<string, Run[]>()
  for (const run of runs) {
    const label = labelOf(run.result)
    const known = groups.get(label)
    if (known === undefined) groups.set(label, [run])
    else known.push(run)
  }
  return [...groups].map(([label, all]) => ({ label, algorithm: all[0]!.result.algorithm, runs: all }))
}

const written = (group: Group, figure: Figure): string =>
  meanOf(group, figure)?.toFixed(figure.decimals) ?? '–'

/** The columns of a terminal's table: it is narrower than the report's. */
const columns: readonly (readonly [head: string, ...figures: Figure[]])[] = [
  ['overloads', figures.overloads],
  ['median/p95 s', figures.overloadMedianS, figures.overloadP95S],
  ['migrations', figures.migrations],
  ['moved MiB', figures.movedMiB],
  ['partition med/max', figures.partitionSizeMedian, figures.partitionSizeMax],
  ['booked host-s', figures.bookedHostSeconds],
  ['msg/host/s', figures.messages],
  ['kWh', figures.energyKwh],
  ['CPU s', figures.cpuSeconds],
]

/** Means over the seeds; where there are several, the range of the overload seconds too. */
export const tableOf = (runs: readonly Run[]): string => {
  const groups = groupsOf(runs)
  const several = groups.some((group) => group.runs.length > 1)
  const head = [
    'algorithm',
    ...(several ? ['runs'] : []),
    'overload s',
    ...(several ? ['min–max'] : []),
    ...columns.map(([text]) => text),
  ]
  const rows = groups.map((group) => {
    const own = valuesOf(group, figures.overloadSeconds)
    return [
      group.label,
      ...(several ? [`${group.runs.length}`] : []),
      written(group, figures.overloadSeconds),
      ...(several ? [`${Math.min(...own).toFixed(0)}–${Math.max(...own).toFixed(0)}`] : []),
      ...columns.map(([, ...ofColumn]) => ofColumn.map((figure) => written(group, figure)).join('/')),
    ]
  })
  return table([head, ...rows])
}

const percent = (value: number, of: number): string => {
  if (of === 0) return value === 0 ? '±0 %' : '+∞ %'
  const change = Math.round((value / of - 1) * 100)
  return `${change > 0 ? '+' : change < 0 ? '−' : '±'}${Math.abs(change)} %`
}

/** In how many of the seeds that both ran the first has fewer overload seconds than the second. */
const seedsWon = (a: Group, b: Group): string => {
  const pairs = a.runs.flatMap(({ result: run }) => {
    const other = b.runs.find(
      ({ result: { seed, hosts, vms } }) => seed === run.seed && hosts === run.hosts && vms === run.vms,
    )
    return other === undefined ? [] : [run.overloadSeconds < other.result.overloadSeconds]
  })
  return pairs.length < 2 ? '' : `, ahead in ${pairs.filter((won) => won).length} of ${pairs.length} seeds`
}

/** The algorithm with the fewest overload seconds, as they are printed. */
const winnerOf = (ranked: readonly Group[]): string => {
  const [winner, second] = [ranked[0]!, ranked[1]!]
  const figure = figures.overloadSeconds
  if (shown(winner, figure) === shown(second, figure))
    return `${winner.label} and ${second.label} have the fewest overload seconds: ${written(winner, figure)} each`
  const change = percent(shown(winner, figure), shown(second, figure))
  return (
    `${winner.label} has the fewest overload seconds: ${written(winner, figure)} against ` +
    `${written(second, figure)} of ${second.label} (${change})${seedsWon(winner, second)}`
  )
}

/** One line; null where there is nothing to compare. */
export const verdictOf = (runs: readonly Run[]): string | null => {
  const active = groupsOf(runs).filter(({ algorithm }) => algorithm !== 'none')
  if (active.length < 2) return null
  const ranked = active.toSorted(
    (a, b) => shown(a, figures.overloadSeconds) - shown(b, figures.overloadSeconds),
  )
  const own = ranked.find(ours)
  if (own === undefined || active.every(ours)) return `${winnerOf(ranked)}.`
  const losses = lossesOf(own, active).map(
    ({ figure, better }) =>
      `${figure.name} (${written(own, figure)}, ${better[0]!.label} ${written(better[0]!, figure)})`,
  )
  return `${winnerOf(ranked)}; ${own.label} ${losses.length === 0 ? 'loses nowhere' : `loses on ${losses.join(', ')}`}.`
}

/** One for each run of something that should migrate and did not. */
export const stillness = (runs: readonly Run[]): readonly string[] =>
  runs.flatMap(({ result }) => {
    if (result.algorithm === 'none' || result.migrations > 0) return []
    const why =
      result.overloads === 0
        ? 'no host was ever overloaded; is the load too low?'
        : `${result.overloads} overloads lasted ${result.overloadSeconds.toFixed(1)} s; is its threshold out of reach?`
    return [`NOTHING MIGRATED: ${labelOf(result)}, ${result.hosts} hosts, seed ${result.seed}: ${why}`]
  })
