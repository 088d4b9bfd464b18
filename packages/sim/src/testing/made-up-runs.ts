/** Runs that never happened, in the shape of those that do: for tests of the page, and for looking at it. */
import type { Manifest } from '../experiment/manifest.ts'
import { type Random, randomOf } from '../random.ts'
import { quantile, sortedNumbers } from '../report/numbers.ts'
import type { Run, Timeline } from '../run/result.ts'

export interface MadeUp {
  readonly algorithm: string
  readonly preset?: string | null
  readonly seed: number
  readonly hosts?: number
  /** Overloads; each is about `lengthS` long. */
  readonly overloads?: number
  readonly lengthS?: number
  readonly migrations?: number
  readonly partition?: number
  readonly withTimeline?: boolean
}

const durationS = 1800

const timelineOf = (
  random: Random,
  hosts: number,
  lengths: readonly number[],
  moves: number,
  partition: number,
): Timeline => {
  const overloads: [number, number, number][] = []
  const held: [number, number, number][] = []
  const migrations: [number, number, number, number][] = []
  for (const length of lengths) {
    const from = random.fraction() * (durationS - length)
    overloads.push([random.integer(0, hosts - 1), from, from + length])
  }
  for (let i = 0; i < moves; i++) {
    const [source, at] = overloads[i % overloads.length] ?? [
      random.integer(0, hosts - 1),
      random.fraction() * 1700,
    ]
    const destination = (source + random.integer(1, 4)) % hosts
    const to = at + 8.2 + random.fraction() * 7
    migrations.push([source, destination, at, to])
    for (let member = 0; member < partition; member++) held.push([(source + member) % hosts, at, to])
  }
  return { hosts: Array.from({ length: hosts }, (_, i) => `h${i}`), overloads, held, migrations }
}

export const madeUpRun = (told: MadeUp): Run => {
  const {
    algorithm,
    preset = null,
    seed,
    hosts = 64,
    overloads = 40,
    lengthS = 12,
    migrations = 60,
    partition = 2,
  } = told
  const random = randomOf(seed, `report/${algorithm}/${preset}`)
  const lengths = Array.from(
    { length: overloads },
    () => lengthS * (0.4 + random.fraction() * random.fraction() * 3),
  )
  const sorted = sortedNumbers(lengths)
  const sizes =
    partition === 0
      ? []
      : Array.from({ length: migrations }, () => partition + random.integer(0, 2) * random.integer(0, 2))
  const booked = sizes.reduce((sum, size) => sum + size * 11, 0)
  return {
    result: {
      schemaVersion: 1,
      algorithm,
      preset,
      hosts,
      vms: hosts * 10,
      seed,
      overloadSeconds: lengths.reduce((sum, length) => sum + length, 0),
      overloads,
      overloadMedianS: quantile(sorted, 0.5),
      overloadP95S: quantile(sorted, 0.95),
      migrations,
      movedMiB: migrations * 1180,
      partitionSizeMedian: quantile(sortedNumbers(sizes), 0.5),
      partitionSizeMax: Math.max(0, ...sizes),
      bookedHostSeconds: booked,
      messages: partition === 0 ? 0 : Math.round(hosts * durationS * (0.4 + random.fraction() * 0.02)),
      bytes: partition === 0 ? 0 : Math.round(hosts * durationS * (130 + random.fraction() * 9)),
      energyKwh: hosts * 0.061 + random.fraction() * 0.02,
      cpuSeconds: hosts * (0.02 + random.fraction() * 0.004),
      peakRssMiB: 70 + hosts * 0.12,
      traceHash: random.bits().toString(16).padStart(8, '0').repeat(8),
      workload: 'vmplaces',
      durationS,
      overloadsCured: Math.min(overloads, migrations),
      events: hosts * 20_000,
      heapKiBPerHost: null,
      powerManagement: 'load',
      energyFullKwh: hosts * 0.0675,
      energyIdleOnKwh: hosts * 0.061,
      energyIdleOffKwh: hosts * 0.059,
      energySampledKwh: null,
      overloadDurationsS: lengths,
    },
    partitionSizes: sizes,
    timeline: told.withTimeline === false ? null : timelineOf(random, hosts, lengths, migrations, partition),
  }
}

/** Nine ways to schedule, 64 hosts: roughly the figures of docs/simulation-baselines.md. */
export const madeUpComparison = (seeds: readonly number[]): readonly Run[] =>
  seeds.flatMap((seed) =>
    (
      [
        { algorithm: 'none', overloads: 47, lengthS: 82, migrations: 0, partition: 0 },
        { algorithm: 'lazy-ffd', overloads: 52, lengthS: 43, migrations: 87, partition: 0 },
        { algorithm: 'entropy', overloads: 50, lengthS: 34, migrations: 57, partition: 0 },
        { algorithm: 'snooze', overloads: 64, lengthS: 14, migrations: 84, partition: 32 },
        { algorithm: 'dvms', overloads: 62, lengthS: 11, migrations: 65, partition: 4 },
        {
          algorithm: 'greedy-central',
          preset: '700/700',
          overloads: 36,
          lengthS: 10,
          migrations: 44,
          partition: 0,
        },
        {
          algorithm: 'greedy-central',
          preset: '690/650',
          overloads: 27,
          lengthS: 10,
          migrations: 66,
          partition: 0,
        },
        {
          algorithm: 'greedy-central',
          preset: '680/660',
          overloads: 16,
          lengthS: 10,
          migrations: 93,
          partition: 0,
        },
        { algorithm: 'drover', preset: 'conservative', overloads: 33, lengthS: 10, migrations: 42 },
        { algorithm: 'drover', preset: 'balanced', overloads: 24, lengthS: 9.5, migrations: 63 },
        { algorithm: 'drover', preset: 'aggressive', overloads: 14, lengthS: 9, migrations: 99 },
      ] as const
    ).map((told) => madeUpRun({ ...told, seed })),
  )

export const madeUpManifest: Manifest = {
  schemaVersion: 1,
  version: '0.1.0',
  commit: '0123456789abcdef',
  seeds: [23, 24, 25],
  algorithms: ['none', 'dvms', 'drover:balanced'],
  configuration: { workload: { kind: 'vmplaces', hosts: 64 } },
  configurationHash: 'ab'.repeat(32),
  command: ['drover', 'sim', 'compare', 'examples/vm places.toml', '--seeds', '23,24,25'],
  runtime: 'v24.21.0',
  startedAt: '2026-01-01T00:00:00.000Z',
  name: 'VMPlaceS, 64 hosts',
}
