/**
 * The scaling study: one workload at growing sizes, and what each agent of it costs. The claim is that an agent does not
 * notice how many others there are, so every figure here is per agent, or of one overload.
 */
import { csv, table } from '@drover/agent/cli'
import type { Run, RunResult } from '../run/result.ts'
import type { RunSpec } from './spec.ts'

export interface ScalingRow {
  readonly algorithm: string
  readonly hosts: number
  readonly vms: number
  readonly seed: number
  /** Sent by one agent. */
  readonly messagesPerHostPerS: number
  readonly bytesPerHostPerS: number
  /** See `RunResult.heapKiBPerHost`. */
  readonly heapKiBPerHost: number | null
  /** CPU time of the whole run by its events: what deciding costs, simulating included. */
  readonly cpuUsPerEvent: number
  readonly eventsPerHostPerS: number
  readonly cpuSeconds: number
  readonly peakRssMiB: number
  /** From the beginning of an overload to its end. */
  readonly cureMedianS: number
  readonly cureP95S: number
  readonly overloadSecondsPerHost: number
  readonly partitionSizeMedian: number
  readonly partitionSizeMax: number
}

/** The same runs at every size. */
export const atSizes = (specs: readonly RunSpec[], sizes: readonly number[]): readonly RunSpec[] =>
  sizes.flatMap((hosts) => specs.map((spec) => ({ ...spec, workload: { ...spec.workload, hosts } })))

export const scalingRow = (result: RunResult): ScalingRow => {
  const hostSeconds = result.hosts * result.durationS
  return {
    algorithm: result.algorithm,
    hosts: result.hosts,
    vms: result.vms,
    seed: result.seed,
    messagesPerHostPerS: result.messages / hostSeconds,
    bytesPerHostPerS: result.bytes / hostSeconds,
    heapKiBPerHost: result.heapKiBPerHost,
    cpuUsPerEvent: result.events === 0 ? 0 : (result.cpuSeconds * 1_000_000) / result.events,
    eventsPerHostPerS: result.events / hostSeconds,
    cpuSeconds: result.cpuSeconds,
    peakRssMiB: result.peakRssMiB,
    cureMedianS: result.overloadMedianS,
    cureP95S: result.overloadP95S,
    overloadSecondsPerHost: result.overloadSeconds / result.hosts,
    partitionSizeMedian: result.partitionSizeMedian,
    partitionSizeMax: result.partitionSizeMax,
  }
}

export const scalingCsv = (rows: readonly ScalingRow[]): string => {
  const [first] = rows
  if (first === undefined) return ''
  const columns = Object.keys(first) as (keyof ScalingRow)[]
  return csv([columns, ...rows.map((row) => columns.map((column) => row[column]))])
}

export const scalingTable = (rows: readonly ScalingRow[]): string =>
  table([
    [
      'algorithm',
      'hosts',
      'VMs',
      'msg/agent/s',
      'B/agent/s',
      'heap KiB/agent',
      'CPU µs/event',
      'CPU s',
      'peak MiB',
      'cure med/p95 s',
      'overload s/host',
      'partition med/max',
    ],
    ...rows.map((row) => [
      row.algorithm,
      `${row.hosts}`,
      `${row.vms}`,
      row.messagesPerHostPerS.toFixed(3),
      row.bytesPerHostPerS.toFixed(0),
      row.heapKiBPerHost === null ? '–' : row.heapKiBPerHost.toFixed(0),
      row.cpuUsPerEvent.toFixed(1),
      row.cpuSeconds.toFixed(1),
      row.peakRssMiB.toFixed(0),
      `${row.cureMedianS.toFixed(1)}/${row.cureP95S.toFixed(1)}`,
      row.overloadSecondsPerHost.toFixed(2),
      `${row.partitionSizeMedian}/${row.partitionSizeMax}`,
    ]),
  ])

/** Below it, arcs are not full yet, and every agent knows all others. */
export const flatFromHosts = 256
/** Of the target: within 10 %. */
const flatWithin = 0.1

const flatFigures: readonly (readonly [string, (row: ScalingRow) => number | null])[] = [
  ['messages', (row) => row.messagesPerHostPerS],
  ['bytes', (row) => row.bytesPerHostPerS],
  ['memory', (row) => row.heapKiBPerHost],
]

/** One line: is what an agent sends and keeps the same at every size? Null where fewer than two sizes can say. */
export const flatness = (rows: readonly ScalingRow[]): string | null => {
  const large = rows.filter(({ hosts }) => hosts >= flatFromHosts)
  const sizes = [...new Set(large.map(({ hosts }) => hosts))].sort((a, b) => a - b)
  if (sizes.length < 2) return null
  const spreads = flatFigures.flatMap(([name, of]) => {
    const values = large.map(of).filter((value) => value !== null)
    const [least, most] = [Math.min(...values), Math.max(...values)]
    return values.length === large.length && least > 0 ? [{ name, spread: most / least - 1 }] : []
  })
  if (spreads.length === 0) return null
  const told = spreads.map(({ name, spread }) => `${name} ${Math.round(spread * 100)} %`).join(', ')
  const flat = spreads.every(({ spread }) => spread <= flatWithin)
  return `${flat ? 'Flat' : 'NOT flat'} from ${sizes[0]} to ${sizes.at(-1)} hosts: per agent, the most is above the least by: ${told}.`
}

export const scalingRows = (runs: readonly Run[]): readonly ScalingRow[] =>
  runs.map(({ result }) => scalingRow(result))
