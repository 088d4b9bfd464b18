/** The counters and histograms of one agent: names, help and buckets. `counters.ts` says what moves them. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

const secondsOfWork = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10]
const secondsOfMove = [0.3, 1, 3, 10, 30, 100, 300, 1_000]
const secondsOfDowntime = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3]
const hosts = [1, 2, 3, 4, 6, 8, 12, 16]

export type Meters = ReturnType<typeof createMeters>

export const createMeters = (registry: Registry) => {
  const registers = [registry]
  const counter = <T extends string>(name: string, help: string, labelNames: readonly T[] = []) =>
    new Counter({ name: `drover_${name}`, help, labelNames: [...labelNames], registers })
  const histogram = (name: string, help: string, buckets: number[]) =>
    new Histogram({ name: `drover_${name}`, help, buckets, registers })
  return {
    decisions: counter('decisions_total', 'Decisions that this host led, by reason and result.', [
      'reason',
      'result',
    ]),
    rejections: counter('rejections_total', 'Hosts and VMs left out of a decision, by reason code.', [
      'code',
    ]),
    moves: counter('moves_total', 'Migrations away from this host that have ended, by reason and result.', [
      'reason',
      'result',
    ]),
    operations: counter(
      'operations_total',
      'Starts, stops, suspends and resumes that the hypervisor has answered, by result.',
      ['operation', 'result'],
    ),
    moveSeconds: histogram('move_duration_seconds', 'Duration of migrations away from here.', secondsOfMove),
    downtime: histogram('move_downtime_seconds', 'How long a migrating VM stood still.', secondsOfDowntime),
    moveBytes: counter('move_bytes_total', 'Bytes that migrations away from here have transferred.'),
    overload: counter(
      'overload_seconds_total',
      'Seconds in which the VMs wanted more than the host may give.',
      ['resource'],
    ),
    pressure: new Gauge({
      name: 'drover_host_pressure_ratio',
      help: "The kernel's pressure stall information (avg10), 0 to 1.",
      labelNames: ['resource', 'kind'],
      registers,
    }),
    warnings: counter('warnings_total', 'Warnings to operators, by code.', ['code']),
    solver: histogram('solver_duration_seconds', 'From the question to the answer.', secondsOfWork),
    toStart: histogram(
      'detect_to_start_seconds',
      'From the detection of a need to the start of its first migration.',
      secondsOfWork,
    ),
    partitionSize: histogram('partition_size', 'Hosts of the partitions that this host led.', hosts),
    partitionSeconds: histogram('partition_duration_seconds', 'From detection to the end.', secondsOfMove),
    aborts: counter('partition_aborts_total', 'Partitions that failed, by cause.', ['cause']),
  }
}
