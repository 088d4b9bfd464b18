/** What people read on the terminal: one row per algorithm, and one line that says who wins and where drover loses. */
import { table } from '@drover/agent/cli'
import type { Run, RunResult } from './result.ts'

/** Runs that differ in nothing but the seed. */
export interface Group {
  readonly label: string
  readonly algorithm: string
  readonly runs: readonly RunResult[]
}

export const labelOf = ({ algorithm, preset }: RunResult): string =>
  preset === null ? algorithm : `${algorithm}:${preset}`

/** In the order in which they were first seen. */
export const groupsOf = (runs: readonly Run[]): readonly Group[] => {
  const groups = new Map<string, RunResult[]>()
  for (const { result } of runs) {
    const label = labelOf(result)
    const known = groups.get(label)
    if (known === undefined) groups.set(label, [result])
    else known.push(result)
  }
  return [...groups].map(([label, all]) => ({ label, algorithm: all[0]!.algorithm, runs: all }))
}

interface Measure {
  /** As in a sentence. */
  readonly name: string
  readonly of: (result: RunResult) => number
  readonly digits: number
}

const measures = {
  overloadS: { name: 'overload seconds', of: (r) => r.overloadSeconds, digits: 1 },
  overloads: { name: 'overloads', of: (r) => r.overloads, digits: 0 },
  median: { name: 'median overload', of: (r) => r.overloadMedianS, digits: 1 },
  p95: { name: 'p95 overload', of: (r) => r.overloadP95S, digits: 1 },
  migrations: { name: 'migrations', of: (r) => r.migrations, digits: 0 },
  movedGiB: { name: 'moved GiB', of: (r) => r.movedMiB / 1_024, digits: 1 },
  sizeMedian: { name: 'partition size', of: (r) => r.partitionSizeMedian, digits: 1 },
  sizeMax: { name: 'greatest partition', of: (r) => r.partitionSizeMax, digits: 0 },
  bookedS: { name: 'booked host-seconds', of: (r) => r.bookedHostSeconds, digits: 0 },
  messages: { name: 'messages', of: (r) => r.messages / r.hosts / r.durationS, digits: 2 },
  kWh: { name: 'energy', of: (r) => r.energyKwh, digits: 2 },
  cpuS: { name: 'CPU time', of: (r) => r.cpuSeconds, digits: 1 },
} as const satisfies Record<string, Measure>

const mean = (runs: readonly RunResult[], measure: Measure): number =>
  runs.reduce((sum, run) => sum + measure.of(run), 0) / runs.length

const figure = (runs: readonly RunResult[], measure: Measure): string =>
  mean(runs, measure).toFixed(measure.digits)

/** Means over the seeds; where there are several, the range of the overload seconds too. */
export const tableOf = (runs: readonly Run[]): string => {
  const groups = groupsOf(runs)
  const several = groups.some((group) => group.runs.length > 1)
  const head = [
    'algorithm',
    ...(several ? ['runs'] : []),
    'overload s',
    ...(several ? ['min–max'] : []),
    'overloads',
    'median/p95 s',
    'migrations',
    'moved GiB',
    'partition med/max',
    'booked host-s',
    'msg/host/s',
    'kWh',
    'CPU s',
  ]
  const rows = groups.map(({ label, runs: all }) => {
    const own = all.map((run) => run.overloadSeconds)
    return [
      label,
      ...(several ? [`${all.length}`] : []),
      figure(all, measures.overloadS),
      ...(several ? [`${Math.min(...own).toFixed(0)}–${Math.max(...own).toFixed(0)}`] : []),
      figure(all, measures.overloads),
      `${figure(all, measures.median)}/${figure(all, measures.p95)}`,
      figure(all, measures.migrations),
      figure(all, measures.movedGiB),
      `${figure(all, measures.sizeMedian)}/${figure(all, measures.sizeMax)}`,
      figure(all, measures.bookedS),
      figure(all, measures.messages),
      figure(all, measures.kWh),
      figure(all, measures.cpuS),
    ]
  })
  return table([head, ...rows])
}

/** What drover is judged by besides overload. */
const costs: readonly Measure[] = [
  measures.overloadS,
  measures.migrations,
  measures.movedGiB,
  measures.bookedS,
  measures.messages,
  measures.kWh,
  measures.cpuS,
]

/** Less than this apart, relative, is no difference that anyone should be told of. */
const alike = 0.005

/** Who is best on a measure among those who do something. */
const bestOn = (groups: readonly Group[], measure: Measure): Group =>
  groups.reduce((best, group) => (mean(group.runs, measure) < mean(best.runs, measure) ? group : best))

const numbers = (group: Group, measure: Measure): string => figure(group.runs, measure)

const percent = (value: number, of: number): string => {
  if (of === 0) return value === 0 ? '±0 %' : '+∞ %'
  const change = Math.round((value / of - 1) * 100)
  return `${change > 0 ? '+' : change < 0 ? '−' : '±'}${Math.abs(change)} %`
}

/** In how many of the seeds that both ran the first has fewer overload seconds than the second. */
const seedsWon = (a: Group, b: Group): string => {
  const pairs = a.runs.flatMap((run) => {
    const other = b.runs.find(
      ({ seed, hosts, vms }) => seed === run.seed && hosts === run.hosts && vms === run.vms,
    )
    return other === undefined ? [] : [run.overloadSeconds < other.overloadSeconds]
  })
  return pairs.length < 2 ? '' : `, ahead in ${pairs.filter((won) => won).length} of ${pairs.length} seeds`
}

/** One line; null where there is nothing to compare. */
export const verdictOf = (runs: readonly Run[]): string | null => {
  const active = groupsOf(runs).filter(({ algorithm }) => algorithm !== 'none')
  if (active.length < 2) return null
  const ranked = active.toSorted(
    (a, b) => mean(a.runs, measures.overloadS) - mean(b.runs, measures.overloadS),
  )
  const [winner, second] = [ranked[0]!, ranked[1]!]
  const won =
    `${winner.label} has the fewest overload seconds: ${numbers(winner, measures.overloadS)} against ` +
    `${numbers(second, measures.overloadS)} of ${second.label}` +
    ` (${percent(mean(winner.runs, measures.overloadS), mean(second.runs, measures.overloadS))})` +
    seedsWon(winner, second)
  const ours = ranked.find(({ algorithm }) => algorithm === 'drover')
  const rivals = active.filter(({ algorithm }) => algorithm !== 'drover')
  if (ours === undefined || rivals.length === 0) return `${won}.`
  const losses = costs.flatMap((measure) => {
    const best = bestOn(rivals, measure)
    const [own, other] = [mean(ours.runs, measure), mean(best.runs, measure)]
    if (own <= other * (1 + alike)) return []
    return [`${measure.name} (${numbers(ours, measure)}, ${best.label} ${numbers(best, measure)})`]
  })
  return `${won}; ${ours.label} ${losses.length === 0 ? 'loses nowhere' : `loses on ${losses.join(', ')}`}.`
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
