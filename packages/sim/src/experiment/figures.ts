/** The figures of a run that terminal and report compare: how each is named, measured and written. */
import type { Run, RunResult } from '../run/result.ts'

export interface Figure {
  readonly title: string
  /** The title as it stands in a sentence. */
  readonly name: string
  /** Head of its column in the summary, narrow. */
  readonly head: string
  readonly unit: string
  readonly decimals: number
  /** null: the scheduler has no such thing (a central policy sends no messages), so there is nothing to compare. */
  readonly of: (result: RunResult) => number | null
  /** A cost of scheduling: one that never migrates has none, and is no better for it. */
  readonly cost: boolean
}

const orNull = (value: number): number | null => (value === 0 ? null : value)
const each =
  (of: (result: RunResult) => number): Figure['of'] =>
  (result) =>
    orNull(of(result) / (result.hosts * result.durationS))

/** In all of them less is better. */
export const figures = {
  overloadSeconds: {
    title: 'Overload seconds',
    name: 'overload seconds',
    head: 'Over\u00adload, s',
    unit: 's',
    decimals: 1,
    of: (r) => r.overloadSeconds,
    cost: false,
  },
  overloads: {
    title: 'Overloads',
    name: 'overloads',
    head: 'Over\u00adloads',
    unit: '',
    decimals: 0,
    of: (r) => r.overloads,
    cost: false,
  },
  overloadMedianS: {
    title: 'Median overload',
    name: 'median overload',
    head: 'Median, s',
    unit: 's',
    decimals: 1,
    of: (r) => r.overloadMedianS,
    cost: false,
  },
  overloadP95S: {
    title: '95th percentile overload',
    name: '95th percentile overload',
    head: 'p95, s',
    unit: 's',
    decimals: 1,
    of: (r) => r.overloadP95S,
    cost: false,
  },
  migrations: {
    title: 'Migrations',
    name: 'migrations',
    head: 'Migra\u00adtions',
    unit: '',
    decimals: 0,
    of: (r) => r.migrations,
    cost: true,
  },
  movedMiB: {
    title: 'Moved',
    name: 'moved',
    head: 'Moved, MiB',
    unit: 'MiB',
    decimals: 0,
    of: (r) => r.movedMiB,
    cost: true,
  },
  partitionSizeMedian: {
    title: 'Median partition',
    name: 'median partition',
    head: 'Parti\u00adtion, hosts',
    unit: 'hosts',
    decimals: 1,
    of: (r) => orNull(r.partitionSizeMedian),
    cost: true,
  },
  partitionSizeMax: {
    title: 'Largest partition',
    name: 'largest partition',
    head: 'largest',
    unit: 'hosts',
    decimals: 0,
    of: (r) => orNull(r.partitionSizeMax),
    cost: true,
  },
  bookedHostSeconds: {
    title: 'Booked host-seconds',
    name: 'booked host-seconds',
    head: 'Booked, host-s',
    unit: 'host-s',
    decimals: 0,
    of: (r) => orNull(r.bookedHostSeconds),
    cost: true,
  },
  bookedPerCure: {
    title: 'Booked per cured overload',
    name: 'booked per cured overload',
    head: 'per cure, host-s',
    unit: 'host-s',
    decimals: 1,
    of: (r) => (r.overloadsCured === 0 ? null : orNull(r.bookedHostSeconds / r.overloadsCured)),
    cost: true,
  },
  messages: {
    title: 'Messages per host and second',
    name: 'messages per host and second',
    head: 'Msg per host·s',
    unit: '1/s',
    decimals: 3,
    of: each((r) => r.messages),
    cost: true,
  },
  bytes: {
    title: 'Bytes per host and second',
    name: 'bytes per host and second',
    head: 'Bytes per host·s',
    unit: 'B/s',
    decimals: 1,
    of: each((r) => r.bytes),
    cost: true,
  },
  energyKwh: {
    title: 'Energy',
    name: 'energy',
    head: 'kWh',
    unit: 'kWh',
    decimals: 2,
    of: (r) => orNull(r.energyKwh),
    cost: false,
  },
  energyIdleOffKwh: {
    title: 'Energy, hosts without demand switched off',
    name: 'energy, hosts without demand switched off',
    head: 'kWh, idle off',
    unit: 'kWh',
    decimals: 2,
    of: (r) => orNull(r.energyIdleOffKwh),
    cost: false,
  },
  cpuSeconds: {
    title: 'CPU time of the run',
    name: 'CPU time of the run',
    head: 'CPU, s',
    unit: 's',
    decimals: 2,
    of: (r) => r.cpuSeconds,
    cost: true,
  },
  peakRssMiB: {
    title: 'Peak memory of the run',
    name: 'peak memory of the run',
    head: 'Peak, MiB',
    unit: 'MiB',
    decimals: 0,
    of: (r) => r.peakRssMiB,
    cost: true,
  },
} as const satisfies Readonly<Record<string, Figure>>

export const titleOf = (figure: Figure): string =>
  figure.unit === '' ? figure.title : `${figure.title}, ${figure.unit}`

/** Runs that differ in nothing but the seed. */
export interface Runs {
  readonly runs: readonly Run[]
}

/** Of every run that has it, by seed. */
export const valuesOf = ({ runs }: Runs, figure: Pick<Figure, 'of'>): readonly number[] =>
  runs.map(({ result }) => figure.of(result)).filter((value) => value !== null)

export const meanOf = (one: Runs, figure: Pick<Figure, 'of'>): number | null => {
  const values = valuesOf(one, figure)
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length
}

export const migrates = ({ runs }: Runs): boolean => runs.some(({ result }) => result.migrations > 0)
