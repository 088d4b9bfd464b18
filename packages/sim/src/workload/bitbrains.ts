/**
 * A day of 500 business VMs of Bitbrains (GWA-T-12; Shen, van Beek and Iosup, CCGrid 2015): the CPU that each used, by
 * steps of 300 s, and what it was given. The traces say nothing of hosts: how large they are and where the VMs begin
 * is chosen here.
 */
import { decimalOf } from '@drover/agent/runtime'
import { asVmId } from '@drover/protocol'
import { payloadMiBpsOf } from '../hypervisor/line-rate.ts'
import { FileError, readRecords, readTable } from './csv.ts'
import { ml110G5 } from './power.ts'
import type { DemandChange, Workload, WorkloadHost, WorkloadVm } from './workload.ts'

export interface BitbrainsModel {
  /** Default: as few as the VMs fit on. */
  readonly hosts?: number
  /** Of each host. Default 32: three of the VMs have as many. */
  readonly hostCores?: number
  /** Default 512: the largest VM has 511. */
  readonly hostMemoryGiB?: number
  /** vCPUs promised for each core, at the beginning. Default 4; of what they are given, these VMs use 6 %. */
  readonly overcommit?: number
  /**
   * Default `first-fit`: hosts are filled one after another, which leaves them unequally loaded. `spread`: each VM to the
   * host with the fewest vCPUs so far.
   */
  readonly placement?: 'first-fit' | 'spread'
  /** Of a VM: all that it was `given` (default), or the most that it `used` during the day. */
  readonly memory?: 'given' | 'used'
  /** Memory that a VM rewrites for each core that it uses, MiB/s; the traces do not say it. Default 25, as VMPlaceS's VMs. */
  readonly dirtyMibpsPerCore?: number
  /** Of hosts and of one migration; the line's, Mbit/s. Default 10,000. */
  readonly linkMbps?: number
  /** Default: from the first sample to the last. */
  readonly durationS?: number
}

export const bitbrainsStepS = 300
const hostCoresDefault = 32
const hostMemoryGiBDefault = 512
const overcommitDefault = 4
const dirtyDefault = 25
const linkMbpsDefault = 10_000

/** The three files of a day, e.g. `../shared/data/bitbrains/rnd-20130814`. */
export const bitbrainsPaths = (prefix: string) => ({
  vms: `${prefix}-vms.csv.gz`,
  cpuMhz: `${prefix}-cpu_mhz.csv.gz`,
  memKb: `${prefix}-mem_kb.csv.gz`,
})

export interface BitbrainsVm {
  readonly name: string
  readonly cores: number
  readonly givenMiB: number
  readonly usedMiB: number
  /** What it used, by steps. Now and then a little more than it was given, as measured. */
  readonly cpuMilli: readonly number[]
}

const kibPerMib = 1_024

const readRows = (path: string, vms: number): readonly (readonly number[])[] => {
  const rows: number[][] = []
  readRecords(path, (record, line) => {
    const cells = record.map((cell) => decimalOf(cell) ?? -1)
    const wrong = cells.findIndex((cell) => cell < 0 || cell > Number.MAX_SAFE_INTEGER)
    if (wrong >= 0) throw new FileError(`${path}: line ${line}, column ${wrong + 1}: not a number from 0 on`)
    const width = rows[0]?.length ?? cells.length
    if (cells.length !== width)
      throw new FileError(`${path}: line ${line}: ${cells.length} samples, the lines before have ${width}`)
    rows.push(cells)
  })
  if (rows.length !== vms) throw new FileError(`${path}: has ${rows.length} rows for ${vms} VMs`)
  return rows
}

/** In the order of the file, without VMs that had neither cores nor memory: they never ran. Throws FileError. */
export const readBitbrainsVms = (prefix: string): readonly BitbrainsVm[] => {
  const paths = bitbrainsPaths(prefix)
  const given: { name: string; cores: number; capacityMhz: number; capacityKb: number }[] = []
  readTable(paths.vms, ['vm', 'cores', 'cpu_capacity_mhz', 'mem_capacity_kb'], (row) =>
    given.push({
      name: row.text('vm'),
      cores: row.number('cores'),
      capacityMhz: row.number('cpu_capacity_mhz'),
      capacityKb: row.number('mem_capacity_kb'),
    }),
  )
  if (given.length === 0) throw new FileError(`${paths.vms}: holds no VMs`)
  const cpuMhz = readRows(paths.cpuMhz, given.length)
  const memKb = readRows(paths.memKb, given.length)
  return given.flatMap(({ name, cores, capacityMhz, capacityKb }, i): readonly BitbrainsVm[] => {
    if (cores === 0 || capacityMhz === 0 || capacityKb === 0) return []
    const usedKb = memKb[i]!.reduce((most, kb) => Math.max(most, kb), 0)
    return [
      {
        name: `vm-${name}`,
        cores,
        givenMiB: Math.ceil(capacityKb / kibPerMib),
        usedMiB: Math.max(1, Math.ceil(usedKb / kibPerMib)),
        cpuMilli: cpuMhz[i]!.map((mhz) => Math.round((mhz / capacityMhz) * cores * 1_000)),
      },
    ]
  })
}

interface Sized {
  readonly name: string
  readonly cores: number
  readonly memoryMiB: number
}

/** The place of each VM, and how many hosts there are. Throws RangeError when a VM fits nowhere. */
const placesOf = (
  vms: readonly Sized[],
  model: BitbrainsModel,
  host: { readonly vcpus: number; readonly memoryMiB: number },
): { readonly places: readonly number[]; readonly hosts: number } => {
  const filling = (spread: boolean, count: number | undefined) => {
    const used: { vcpus: number; memoryMiB: number }[] = Array.from({ length: count ?? 0 }, () => ({
      vcpus: 0,
      memoryMiB: 0,
    }))
    const places = vms.map(({ name, cores, memoryMiB }) => {
      const fits = used.flatMap((one, i) =>
        one.vcpus + cores <= host.vcpus && one.memoryMiB + memoryMiB <= host.memoryMiB ? [i] : [],
      )
      let place = fits.reduce<number | undefined>(
        (best, i) => (best === undefined || (spread && used[i]!.vcpus < used[best]!.vcpus) ? i : best),
        undefined,
      )
      if (place === undefined) {
        if (count !== undefined || cores > host.vcpus || memoryMiB > host.memoryMiB)
          throw new RangeError(
            `${name} (${cores} vCPUs, ${memoryMiB} MiB) fits on ${count === undefined ? 'no host, however many there are' : `none of ${count} hosts`}`,
          )
        place = used.push({ vcpus: 0, memoryMiB: 0 }) - 1
      }
      used[place]!.vcpus += cores
      used[place]!.memoryMiB += memoryMiB
      return place
    })
    return { places, hosts: used.length }
  }
  if (model.placement !== 'spread') return filling(false, model.hosts)
  return filling(true, model.hosts ?? filling(false, undefined).hosts)
}

/** Throws RangeError when the hosts are too small or too few. */
export const bitbrainsWorkload = (
  name: string,
  traces: readonly BitbrainsVm[],
  model: BitbrainsModel = {},
): Workload => {
  const { hostCores = hostCoresDefault, hostMemoryGiB = hostMemoryGiBDefault } = model
  const { overcommit = overcommitDefault, dirtyMibpsPerCore = dirtyDefault } = model
  const memoryMiB = hostMemoryGiB * 1_024
  const linkMiBps = payloadMiBpsOf(model.linkMbps ?? linkMbpsDefault)
  const sized = traces.map((trace) => ({
    name: trace.name,
    cores: trace.cores,
    memoryMiB: model.memory === 'used' ? trace.usedMiB : trace.givenMiB,
  }))
  const { places, hosts: count } = placesOf(sized, model, { vcpus: hostCores * overcommit, memoryMiB })
  const hosts = Array.from(
    { length: count },
    (_, i): WorkloadHost => ({
      name: `host${i}`,
      capacity: { cpuMilli: hostCores * 1_000, memoryMiB },
      linkMiBps,
      // The traces say nothing of power either: the same machine for all, so that runs can be compared.
      power: ml110G5,
    }),
  )
  const cpuMilliAt = ({ cpuMilli, cores }: BitbrainsVm, step: number): number =>
    Math.min(cpuMilli[step]!, cores * 1_000)
  const vms = traces.map(
    (trace, i): WorkloadVm => ({
      vm: asVmId(trace.name),
      host: hosts[places[i]!]!.name,
      vcpus: trace.cores,
      memoryMiB: sized[i]!.memoryMiB,
      cpuMilli: cpuMilliAt(trace, 0),
      dirtyMiBpsPerCore: dirtyMibpsPerCore,
    }),
  )
  const steps = traces[0]?.cpuMilli.length ?? 0
  function* changes(): Generator<DemandChange> {
    for (let step = 1; step < steps; step++)
      for (const [i, trace] of traces.entries()) {
        const cpuMilli = cpuMilliAt(trace, step)
        if (cpuMilli !== cpuMilliAt(trace, step - 1))
          yield { atMs: step * bitbrainsStepS * 1_000, vm: vms[i]!.vm, cpuMilli }
      }
  }
  return {
    name: `bitbrains ${name}, ${count} hosts of ${hostCores} cores`,
    durationMs: (model.durationS ?? (steps - 1) * bitbrainsStepS) * 1_000,
    hosts,
    vms,
    migrationMiBps: linkMiBps,
    energySampleMs: bitbrainsStepS * 1_000,
    changes,
  }
}

/** Throws FileError, also when the hosts are too small or too few for the VMs. */
export const readBitbrains = (prefix: string, model: BitbrainsModel = {}): Workload => {
  const traces = readBitbrainsVms(prefix)
  if (traces.length === 0) throw new FileError(`${prefix}: none of its VMs ever ran`)
  try {
    return bitbrainsWorkload(prefix.split('/').at(-1)!, traces, model)
  } catch (error) {
    if (error instanceof RangeError) throw new FileError(`${prefix}: ${error.message}`)
    throw error
  }
}
