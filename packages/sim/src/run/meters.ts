/** All that is measured in one run, and the figures that come of it. */

import type { MigrationTruth } from '../hypervisor/events.ts'
import { quantile } from '../quantile.ts'
import type { Workload } from '../workload/workload.ts'
import { createEnergyMeter, type PowerManagement } from './energy.ts'
import { createOverloadMeter, type OverloadSpan } from './overload.ts'
import type { RunResult, Timeline } from './result.ts'
import { createSampledEnergyMeter } from './sampled-energy.ts'
import type { RunHost, RunMetrics } from './simulated-run.ts'
import { createTrace, type Trace } from './trace.ts'

/** The part of a result that is seen in the run itself; the rest is known to its caller. */
export type Measured = Omit<
  RunResult,
  | 'schemaVersion'
  | 'algorithm'
  | 'seed'
  | 'preset'
  | 'events'
  | 'cpuSeconds'
  | 'peakRssMiB'
  | 'heapKiBPerHost'
>

export interface Measures {
  readonly measured: Measured
  readonly partitionSizes: readonly number[]
  readonly timeline: Timeline | null
}

/** A migration that still goes on. */
export interface Moving {
  readonly migration: MigrationTruth
  readonly from: RunHost
  readonly to: RunHost
}

export interface Meters {
  readonly metrics: RunMetrics
  readonly trace: Trace
  /** Demand or life of this host is from now on what it says. */
  host(host: RunHost): void
  begun(): void
  ended(migration: MigrationTruth, from: RunHost, to: RunHost): void
  /** Until now; `moving` are the migrations that still go on. */
  read(moving: readonly Moving[]): Measures
}

export interface MetersOptions {
  readonly workload: Workload
  readonly nowMs: () => number
  readonly listener: ((line: string) => void) | undefined
  readonly timeline: boolean
  readonly powerManagement: PowerManagement
}

const seconds = (ms: number): number => ms / 1_000

/** What is counted while a run goes on. */
interface Counts {
  readonly partitionSizes: number[]
  /** For the timeline: [host, from, to], s. */
  readonly held: (readonly [number, number, number])[]
  /** For the timeline: [source, destination, from, to], s. */
  readonly migrations: (readonly [number, number, number, number])[]
  heldMs: number
  migrationsBegun: number
  movedMiB: number
  messages: number
  bytes: number
  cured: number
}

/** What schedulers report of themselves is counted here. */
const metricsOf = (
  counts: Counts,
  trace: Trace,
  { workload, nowMs, timeline }: MetersOptions,
): RunMetrics => ({
  solved(members) {
    counts.partitionSizes.push(members.length)
  },
  held(host, fromMs, toMs) {
    const [from, to] = [Math.max(0, fromMs), Math.min(workload.durationMs, toMs)]
    if (to <= from) return
    counts.heldMs += to - from
    if (timeline) counts.held.push([host.index, seconds(from), seconds(to)])
  },
  message(size) {
    counts.messages += 1
    counts.bytes += size
  },
  messages(count, size) {
    counts.messages += count
    counts.bytes += size
  },
  cured() {
    counts.cured += 1
  },
  trace: (line) => trace.add(nowMs(), line),
})

const timelineOf = (
  { workload, nowMs }: MetersOptions,
  { held, migrations }: Counts,
  spans: readonly OverloadSpan[],
  moving: readonly Moving[],
): Timeline => {
  const now = nowMs()
  const goingOn = moving.map(
    ({ migration, from, to }) => [from.index, to.index, seconds(migration.startedAt), seconds(now)] as const,
  )
  return {
    hosts: workload.hosts.map((host) => host.name),
    overloads: spans.map(({ host, fromMs, toMs }) => [host, seconds(fromMs), seconds(toMs)]),
    held: [...held],
    migrations: [...migrations, ...goingOn],
  }
}

const overloadFigures = (spans: readonly OverloadSpan[]) => {
  const durationsS = spans.map(({ fromMs, toMs }) => seconds(toMs - fromMs))
  return {
    overloadSeconds: durationsS.reduce((sum, s) => sum + s, 0),
    overloads: spans.length,
    overloadMedianS: quantile(durationsS, 500) ?? 0,
    overloadP95S: quantile(durationsS, 950) ?? 0,
    overloadDurationsS: durationsS,
  }
}

export const createMeters = (options: MetersOptions): Meters => {
  const { workload, nowMs, listener, timeline, powerManagement } = options
  const overload = createOverloadMeter(workload.hosts.length)
  const curves = workload.hosts.map((host) => host.power)
  const energy = createEnergyMeter(curves, { management: powerManagement })
  const sampled =
    workload.energySampleMs === undefined ? null : createSampledEnergyMeter(curves, workload.energySampleMs)
  const trace = createTrace(listener)
  const counts: Counts = {
    partitionSizes: [],
    held: [],
    migrations: [],
    heldMs: 0,
    migrationsBegun: 0,
    movedMiB: 0,
    messages: 0,
    bytes: 0,
    cured: 0,
  }
  const { partitionSizes } = counts

  return {
    metrics: metricsOf(counts, trace, options),
    trace,
    host({ index, record, cpuMilli, capacityMilli }) {
      const now = nowMs()
      overload.set(index, cpuMilli > capacityMilli, now)
      const share = record.alive ? cpuMilli / capacityMilli : null
      energy.set(index, share, now)
      sampled?.set(index, share, now)
    },
    begun() {
      counts.migrationsBegun += 1
    },
    ended({ startedAt, transferredMiB }, from, to) {
      counts.movedMiB += transferredMiB
      if (timeline) counts.migrations.push([from.index, to.index, seconds(startedAt), seconds(nowMs())])
    },
    read(moving) {
      const now = nowMs()
      const spans = overload.spans(now)
      const { kwh, fullKwh, idleOnKwh, idleOffKwh } = energy.read(now)
      return {
        measured: {
          hosts: workload.hosts.length,
          vms: workload.vms.length,
          ...overloadFigures(spans),
          migrations: counts.migrationsBegun,
          movedMiB: moving.reduce((sum, { migration }) => sum + migration.transferredMiB, counts.movedMiB),
          partitionSizeMedian: quantile(partitionSizes, 500) ?? 0,
          partitionSizeMax: partitionSizes.reduce((most, size) => Math.max(most, size), 0),
          bookedHostSeconds: seconds(counts.heldMs),
          messages: counts.messages,
          bytes: counts.bytes,
          energyKwh: kwh,
          powerManagement,
          energyFullKwh: fullKwh,
          energyIdleOnKwh: idleOnKwh,
          energyIdleOffKwh: idleOffKwh,
          energySampledKwh: sampled?.read(now) ?? null,
          traceHash: trace.hash(),
          workload: workload.name,
          durationS: seconds(workload.durationMs),
          overloadsCured: counts.cured,
        },
        partitionSizes: [...partitionSizes],
        timeline: timeline ? timelineOf(options, counts, spans, moving) : null,
      }
    },
  }
}
