/** What came of it: as JSON for programs, as a table for people. */
import type { Violation } from '../invariants/checker.ts'
import { quantile } from '../quantile.ts'
import type { Paint } from './screen/paint.ts'
import type { Told } from './story.ts'
import { plural, seconds } from './words.ts'

/** The object of `--json`. */
export interface Summary {
  readonly schemaVersion: 1
  readonly hosts: number
  readonly vms: number
  /** Episodes of a living host's VMs wanting more than is usable. */
  readonly overloads: number
  readonly cured: number
  /** By the world's own arithmetic: those that were cured, and those for which a cure was proven to exist. */
  readonly curable: number
  readonly migrations: number
  /** Hosts of a partition that moved something; null when none did. */
  readonly partitionSizeMedian: number | null
  /** From the agent's detection to the start of the plan's first migration, ms. */
  readonly detectToStartMsMedian: number | null
  readonly detectToStartMsP99: number | null
  readonly violations: readonly (
    | Violation
    | { readonly invariant: 'Q3'; readonly atMs: number; readonly text: string }
  )[]
}

export const summaryOf = (told: Told): Summary => {
  const { cluster, episodes, quiet } = told
  const cured = episodes.all.filter((one) => one.ended?.how === 'cured')
  const left = new Set(episodes.stillCurable())
  // One that ended with its host, or whose agent is dead for good, cannot be cured.
  const curable = episodes.all.filter((one) => one.ended?.how === 'cured' || left.has(one))
  const acted = told.decisions.filter((one) => !one.asMember && one.detectToStartMs !== null)
  const delays = acted.flatMap((one) => one.detectToStartMs ?? [])
  const restless =
    quiet.migrations === 0
      ? []
      : [
          {
            invariant: 'Q3' as const,
            atMs: Math.round(cluster.world.clock.now()),
            text: `${plural(quiet.migrations, 'migration')} in ${seconds(quiet.ms)} of constant load`,
          },
        ]
  return {
    schemaVersion: 1,
    hosts: cluster.hosts.length,
    vms: cluster.world.vms().length,
    overloads: episodes.all.length,
    cured: cured.length,
    curable: curable.length,
    migrations: told.migrations,
    partitionSizeMedian: quantile(
      acted.map((one) => one.members.length),
      500,
    ),
    detectToStartMsMedian: quantile(delays, 500),
    detectToStartMsP99: quantile(delays, 990),
    violations: [...told.violations, ...restless],
  }
}

export const passed = (summary: Summary): boolean =>
  summary.cured >= summary.curable && summary.violations.length === 0 && summary.overloads > 0

export const tableOf = (summary: Summary, told: Told, paint: Paint): string[] => {
  const largest = told.decisions.reduce((most, one) => Math.max(most, one.members.length), 0)
  const ms = (value: number | null): string => (value === null ? '–' : `${value} ms`)
  const killed = [plural(told.agentsKilled, 'agent'), plural(told.hostsKilled, 'host')].join(', ')
  const rows: [string, string][] = [
    ['hosts, VMs', `${summary.hosts}, ${summary.vms}`],
    ['killed', told.agentsKilled + told.hostsKilled === 0 ? 'none' : killed],
    ['overloads', `${summary.overloads}; ${summary.cured} of ${summary.curable} curable ones cured`],
    ['migrations', `${summary.migrations} done, ${told.migrationsFailed} failed`],
    ['partition size', `${summary.partitionSizeMedian ?? '–'} (median), ${largest} (largest)`],
    [
      'detection to first move',
      `${ms(summary.detectToStartMsMedian)} (median), ${ms(summary.detectToStartMsP99)} (p99)`,
    ],
    ['constant load', `${plural(told.quiet.migrations, 'migration')} in ${seconds(told.quiet.ms)}`],
    ['promises broken', summary.violations.length === 0 ? 'none' : String(summary.violations.length)],
    ['the story took', seconds(told.tookMs)],
  ]
  const label = Math.max(...rows.map(([name]) => name.length))
  const verdict = passed(summary)
    ? paint.good('✔ every curable overload was cured, and no promise was broken')
    : paint.bad(
        summary.violations.length > 0
          ? '✘ a promise was broken'
          : summary.overloads === 0
            ? '✘ there was no time for a single overload'
            : '✘ not every curable overload was cured',
      )
  return [
    '',
    ...rows.map(([name, value]) => `  ${paint.dim(name.padEnd(label))}  ${value}`),
    ...summary.violations.map(
      (one) => `  ${paint.bad(`${one.invariant} at ${seconds(one.atMs)}: ${one.text}`)}`,
    ),
    '',
    `  ${verdict}`,
    '',
  ]
}
