/**
 * VMPlaceS's workloads as files, to replay them and to give them to others. Two tables, gzipped or plain:
 * `time_s,vm,cpu_demand` (s, name, 0–100) and `vm,class,dirty_pct,initial_host`.
 */
import { writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { gzipSync } from 'node:zlib'
import { FileError, readTable } from './csv.ts'
import {
  capacityDefault,
  cpuMilliOf,
  dirtyPercentOf,
  durationSDefault,
  loadOf,
  type VmplacesModel,
  vmplacesHost,
  vmplacesVm,
  vmplacesWorkload,
} from './vmplaces.ts'
import type { DemandChange, Workload, WorkloadVm } from './workload.ts'

export interface VmplacesPaths {
  /** `F.load.csv.gz` */
  readonly events: string
  /** `F.vms.csv.gz` */
  readonly vms: string
}

/** Moves the decimal point of a number written in decimal, which multiplying would round. */
const shifted = (text: string, by: number): number =>
  /e/i.test(text) ? Number(text) * 10 ** by : Number(`${text}e${by}`)

/** The same without going through a number: plain digits in, plain digits out. */
const secondsText = (ms: number): string => {
  const text = String(ms)
  if (/e/i.test(text)) return String(ms / 1_000)
  const [whole = '0', rest = ''] = text.split('.')
  const padded = whole.padStart(4, '0')
  return `${padded.slice(0, -3)}.${padded.slice(-3)}${rest}`.replace(/\.?0+$/, '')
}

/** `node2` before `node10`: neighbours in the ring have neighbouring numbers. */
const byNumber = (a: string, b: string): number => {
  const [stemA, stemB] = [a.replace(/\d+$/, ''), b.replace(/\d+$/, '')]
  if (stemA !== stemB) return stemA < stemB ? -1 : 1
  return Number(a.slice(stemA.length)) - Number(b.slice(stemB.length)) || (a < b ? -1 : a > b ? 1 : 0)
}

const readVms = (path: string): WorkloadVm[] => {
  const vms: WorkloadVm[] = []
  const seen = new Set<string>()
  readTable(path, ['vm', 'dirty_pct', 'initial_host'], (row) => {
    const name = row.text('vm')
    if (seen.has(name)) throw row.wrong('vm', `${name} is there twice`)
    seen.add(name)
    const dirtyPercent = row.number('dirty_pct')
    if (dirtyPercent > 100) throw row.wrong('dirty_pct', `${dirtyPercent} is more than 100`)
    vms.push(vmplacesVm(name, row.text('initial_host'), dirtyPercent))
  })
  if (vms.length === 0) throw new FileError(`${path}: holds no VMs`)
  return vms
}

/** By time; kept as numbers, since there may be a million of them. */
const readChanges = (path: string, vms: readonly WorkloadVm[]): (() => Generator<DemandChange>) => {
  const places = new Map<string, number>(vms.map(({ vm }, i) => [vm, i]))
  const times: number[] = []
  const who: number[] = []
  const demands: number[] = []
  let ordered = true
  readTable(path, ['time_s', 'vm', 'cpu_demand'], (row) => {
    row.number('time_s')
    const atMs = shifted(row.text('time_s'), 3)
    const place = places.get(row.text('vm'))
    if (place === undefined) throw row.wrong('vm', `no ${row.text('vm')} in the table of VMs`)
    const load = row.number('cpu_demand')
    if (load > 100) throw row.wrong('cpu_demand', `${load} is more than 100 (one core)`)
    ordered &&= atMs >= (times.at(-1) ?? 0)
    times.push(atMs)
    who.push(place)
    demands.push(cpuMilliOf(load))
  })
  const order = ordered ? null : times.map((_, i) => i).sort((a, b) => times[a]! - times[b]! || a - b)
  return function* () {
    for (let n = 0; n < times.length; n++) {
      const i = order === null ? n : order[n]!
      yield { atMs: times[i]!, vm: vms[who[i]!]!.vm, cpuMilli: demands[i]! }
    }
  }
}

/** Throws FileError, naming file, line and column. Changes after the end of the run are left out by running. */
export const readVmplaces = (paths: VmplacesPaths, model: VmplacesModel = {}): Workload => {
  const { capacity = capacityDefault, durationS = durationSDefault } = model
  const vms = readVms(paths.vms)
  const hosts = [...new Set(vms.map(({ host }) => host))].sort(byNumber)
  return vmplacesWorkload({
    name: `vmplaces ${basename(paths.events).replace(/\.(load\.)?csv(\.gz)?$/, '')}`,
    hosts: hosts.map((name) => vmplacesHost(name, capacity)),
    vms,
    changes: readChanges(paths.events, vms),
    durationS,
  })
}

/** Writes what `readVmplaces` reads as the same workload again. */
export const writeVmplaces = ({ vms, changes }: Workload, paths: VmplacesPaths): void => {
  const table = (path: string, lines: readonly string[]): void =>
    writeFileSync(path, gzipSync(`${lines.join('\n')}\n`))
  table(paths.vms, [
    'vm,class,dirty_pct,initial_host',
    ...vms.map((vm) => `${vm.vm},m1.small,${dirtyPercentOf(vm)},${vm.host}`),
  ])
  table(paths.events, [
    'time_s,vm,cpu_demand',
    ...Array.from(changes(), ({ atMs, vm, cpuMilli }) => `${secondsText(atMs)},${vm},${loadOf(cpuMilli)}`),
  ])
}
