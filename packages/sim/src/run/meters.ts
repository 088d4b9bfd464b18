/** All that is measured in one run, and the figures that come of it. */

import type { MigrationTruth } from '../hypervisor/events.ts'
import { quantile } from '../quantile.ts'
import type { Workload } from '../workload/workload.ts'
import { createEnergyMeter, type PowerManagement } from './energy.ts'
import { createOverloadMeter } from './overload.ts'
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

export interface Meters {
  readonly metrics: RunMetrics
  readonly trace: Trace
  /** Demand or life of this host is from now on what it says. */
  host(host: RunHost): void
  begun(): void
  ended(migration: MigrationTruth, from: RunHost, to: RunHost): void
  /** Until now; `moving` are the migrations that still go on. */
  read(moving: readonly { readonly migration: MigrationTruth; from: RunHost; to: RunHost }[]): Measures
}

export interface MetersOptions {
  readonly workload: Workload
  readonly nowMs: () => number
  readonly listener: ((line: string) => void) | undefined
  readonly timeline: boolean
  readonly powerManagement: PowerManagement
}

const seconds = (ms: number): number => ms / 1_000

export const createMeters = (options: MetersOptions): Meters => {
  const { workload, nowMs, listener, timeline, powerManagement } = options
  const overload = createOverloadMeter(workload.hosts.length)
  const curves = workload.hosts.map((host) => host.power)
  const energy = createEnergyMeter(curves, { management: powerManagement })
  const sampled =
    workload.energySampleMs === undefined ? null : createSampledEnergyMeter(curves, workload.energySampleMs)
  const trace = createTrace(listener)
  const partitionSizes: number[] = []
  const held: (readonly [number, number, number])[] = []
  const migrations: (readonly [number, number, number, number])[] = []
  let heldMs = 0
  let migrationsBegun = 0
  let movedMiB = 0
  let messages = 0
  let bytes = 0
  let cured = 0

  const metrics: RunMetrics = {
    solved(members) {
      partitionSizes.push(members.length)
    },
    held(host, fromMs, toMs) {
      const [from, to] = [Math.max(0, fromMs), Math.min(workload.durationMs, toMs)]
      if (to <= from) return
      heldMs += to - from
      if (timeline) held.push([host.index, seconds(from), seconds(to)])
    },
    message(size) {
      messages += 1
      bytes += size
    },
    messages(count, size) {
      messages += count
      bytes += size
    },
    cured() {
      cured += 1
    },
    trace: (line) => trace.add(nowMs(), line),
  }

  return {
    metrics,
    trace,
    host({ index, record, cpuMilli, capacityMilli }) {
      const now = nowMs()
      overload.set(index, cpuMilli > capacityMilli, now)
      const share = record.alive ? cpuMilli / capacityMilli : null
      energy.set(index, share, now)
      sampled?.set(index, share, now)
    },
    begun() {
      migrationsBegun += 1
    },
    ended({ startedAt, transferredMiB }, from, to) {
      movedMiB += transferredMiB
      if (timeline) migrations.push([from.index, to.index, seconds(startedAt), seconds(nowMs())])
    },
    read(moving) {
      const now = nowMs()
      const spans = overload.spans(now)
      const durationsS = spans.map(({ fromMs, toMs }) => seconds(toMs - fromMs))
      const { kwh, fullKwh, idleOnKwh, idleOffKwh } = energy.read(now)
      const goingOn = moving.map(
        ({ migration, from, to }) =>
          [from.index, to.index, seconds(migration.startedAt), seconds(now)] as const,
      )
      return {
        measured: {
          hosts: workload.hosts.length,
          vms: workload.vms.length,
          overloadSeconds: durationsS.reduce((sum, s) => sum + s, 0),
          overloads: spans.length,
          overloadMedianS: quantile(durationsS, 500) ?? 0,
          overloadP95S: quantile(durationsS, 950) ?? 0,
          migrations: migrationsBegun,
          movedMiB: moving.reduce((sum, { migration }) => sum + migration.transferredMiB, movedMiB),
          partitionSizeMedian: quantile(partitionSizes, 500) ?? 0,
          partitionSizeMax: partitionSizes.reduce((most, size) => Math.max(most, size), 0),
          bookedHostSeconds: seconds(heldMs),
          messages,
          bytes,
          energyKwh: kwh,
          powerManagement,
          energyFullKwh: fullKwh,
          energyIdleOnKwh: idleOnKwh,
          energyIdleOffKwh: idleOffKwh,
          energySampledKwh: sampled?.read(now) ?? null,
          traceHash: trace.hash(),
          workload: workload.name,
          durationS: seconds(workload.durationMs),
          overloadsCured: cured,
          overloadDurationsS: durationsS,
        },
        partitionSizes: [...partitionSizes],
        timeline: timeline
          ? {
              hosts: workload.hosts.map((host) => host.name),
              overloads: spans.map(({ host, fromMs, toMs }) => [host, seconds(fromMs), seconds(toMs)]),
              held: [...held],
              migrations: [...migrations, ...goingOn],
            }
          : null,
      }
    },
  }
}
