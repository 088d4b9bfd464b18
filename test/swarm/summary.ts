/** What a run of the swarm says at its end. */
import type { Outcome } from './play.ts'

interface Row {
  readonly hosts: string
  readonly seeds: number
  readonly failed: number
  readonly cpuS: number
  readonly migrations: number
  readonly cured: number
  readonly notCured: number
}

const bands: readonly (readonly [label: string, most: number])[] = [
  ['2', 2],
  ['3–5', 5],
  ['6–12', 12],
  ['13–40', 40],
  ['41–100', 100],
  ['101–200', 200],
]

const rowOf = (hosts: string, outcomes: readonly Outcome[]): Row => {
  const total = (of: (outcome: Outcome) => number): number => outcomes.reduce((sum, one) => sum + of(one), 0)
  return {
    hosts,
    seeds: outcomes.length,
    failed: outcomes.filter(({ violations }) => violations.length > 0).length,
    cpuS: total(({ cpuMs }) => cpuMs) / 1_000,
    migrations: total(({ migrations }) => migrations),
    cured: total(({ decisions }) => decisions.cured),
    notCured: total(({ decisions }) => decisions.failed),
  }
}

const rowsOf = (outcomes: readonly Outcome[]): readonly Row[] => {
  let least = 0
  const rows = bands.flatMap(([label, most]) => {
    const some = outcomes.filter(({ hosts }) => hosts > least && hosts <= most)
    least = most
    return some.length === 0 ? [] : [rowOf(label, some)]
  })
  return rows.length > 1 ? [...rows, rowOf('all', outcomes)] : rows
}

const perHour = ({ seeds, cpuS }: Row): number => (cpuS === 0 ? 0 : Math.round((3_600 * seeds) / cpuS))

const count = (words: readonly string[]): readonly (readonly [string, number])[] => {
  const counts = new Map<string, number>()
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1)
  return [...counts].toSorted(([a], [b]) => (a < b ? -1 : 1))
}

const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0

/** How near each promise of liveness came to its bound: the median, the 99th percentile and the longest, s. */
const livenessLine = (outcomes: readonly Outcome[]): readonly string[] => {
  const promises = [...new Set(outcomes.flatMap(({ longestMs }) => Object.keys(longestMs)))].toSorted()
  return promises.map((promise) => {
    const all = outcomes.map(({ longestMs }) => (longestMs[promise] ?? 0) / 1_000).toSorted((a, b) => a - b)
    const [median, p99, most] = [quantile(all, 0.5), quantile(all, 0.99), all.at(-1) ?? 0]
    return `${promise} ${median.toFixed(0)}/${p99.toFixed(0)}/${most.toFixed(0)}`
  })
}

/** Of all partitions that cured an overload, from its detection on: the median and the 90th percentile, s. */
const curesLine = (outcomes: readonly Outcome[]): readonly string[] => {
  const all = outcomes.flatMap(({ curesMs }) => curesMs.map((ms) => ms / 1_000)).toSorted((a, b) => a - b)
  if (all.length === 0) return []
  const [median, p90] = [quantile(all, 0.5), quantile(all, 0.9)]
  return [`${all.length} overloads cured, after ${median.toFixed(1)} s (median), ${p90.toFixed(1)} s (p90)`]
}

/** Lines for people. */
export const summaryOf = (outcomes: readonly Outcome[]): readonly string[] => {
  const head = ['hosts', 'seeds', 'failed', 'CPU s/seed', 'seeds/h/core', 'VMs moved', 'cured', 'not cured']
  const rows = rowsOf(outcomes).map((row) => [
    row.hosts,
    String(row.seeds),
    String(row.failed),
    (row.cpuS / Math.max(1, row.seeds)).toFixed(2),
    String(perHour(row)),
    String(row.migrations),
    String(row.cured),
    String(row.notCured),
  ])
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)))
  const line = (cells: readonly string[]): string =>
    cells.map((cell, i) => cell.padStart(widths[i] ?? 0)).join('  ')
  const kinds = count(outcomes.flatMap((one) => one.kinds))
  const broken = count(
    outcomes.flatMap((one) => [...new Set(one.violations.map(({ invariant }) => invariant))]),
  )
  return [
    line(head),
    ...rows.map(line),
    `seeds that had: ${kinds.map(([kind, n]) => `${kind} ${n}`).join(', ')}`,
    `seconds to hold (median/p99/longest): ${livenessLine(outcomes).join(', ')}`,
    ...curesLine(outcomes),
    broken.length === 0
      ? 'every promise was kept'
      : `broken in so many seeds: ${broken.map(([invariant, n]) => `${invariant} ${n}`).join(', ')}`,
  ]
}

/** The same as data. */
export const summaryData = (outcomes: readonly Outcome[]): Readonly<Record<string, unknown>> => ({
  rows: rowsOf(outcomes).map((row) => ({ ...row, seedsPerHourAndCore: perHour(row) })),
  kinds: Object.fromEntries(count(outcomes.flatMap((one) => one.kinds))),
  broken: Object.fromEntries(
    count(outcomes.flatMap((one) => [...new Set(one.violations.map(({ invariant }) => invariant))])),
  ),
  failedSeeds: outcomes.filter(({ violations }) => violations.length > 0).map(({ seed }) => seed),
})
