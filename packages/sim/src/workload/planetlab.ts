/**
 * A day of PlanetLab on CloudSim's hosts (Beloglazov and Buyya, CCPE 24(13), 2012): one file per VM, 288 integers, the %
 * of its CPU that it wants, one per 300 s. docs/simulation-fidelity.md has the model.
 */
import { type Dirent, readdirSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { wholeOf, wordsOf } from '@drover/agent/runtime'
import { asVmId, byText } from '@drover/protocol'
import { FileError, readBytes } from './csv.ts'
import { ml110G4, ml110G5 } from './power.ts'
import { readTar, type TarFile } from './tar.ts'
import type { DemandChange, PowerCurve, Workload, WorkloadHost, WorkloadVm } from './workload.ts'

export interface PlanetlabModel {
  /** Default 800. */
  readonly hosts?: number
  /**
   * Default `enforced`: a host takes no VM that its memory has no room for. `ignored`: that is so at the beginning only,
   * as in CloudSim's experiment, where hosts of 4 GB end with VMs of 32 GB.
   */
  readonly memory?: 'enforced' | 'ignored'
  /** Default: from the first sample to the last, which are 287 steps, and what CloudSim meters. */
  readonly durationS?: number
}

/** What one VM wants, % of its CPU, by steps of 300 s. */
export interface PlanetlabTrace {
  readonly name: string
  readonly percents: readonly number[]
}

export const hostsDefault = 800
export const stepS = 300
/** 1000 cpuMilli are the CPU of the largest VM: so every percent of every VM is a whole number, and nothing is rounded. */
const milliPerMips = 0.4

interface HostType {
  /** Of each of its two cores. */
  readonly coreMips: number
  readonly power: PowerCurve
}
const hostTypes: readonly HostType[] = [
  { coreMips: 1_860, power: ml110G4 },
  { coreMips: 2_660, power: ml110G5 },
]
const coresPerHost = 2
const hostMemoryMiB = 4_096
/** 1 Gbit/s with 100 Mbit/s for each VM. */
const vmsPerHostMax = 10
const hostLinkMiBps = 125

interface VmType {
  /** Of its one vCPU. */
  readonly mips: number
  readonly memoryMiB: number
}
/** As many VMs of each, in this order. */
const vmTypes: readonly VmType[] = [
  { mips: 2_500, memoryMiB: 870 },
  { mips: 2_000, memoryMiB: 1_740 },
  { mips: 1_000, memoryMiB: 1_740 },
  { mips: 500, memoryMiB: 613 },
]
/** Half of the host's link: CloudSim keeps the other half for the VMs. Nothing is sent twice. */
const migrationMiBps = 62.5

/** Of a day there are some thousand; more files than this are another folder. */
const filesMax = 100_000

const readFolder = (path: string): readonly TarFile[] => {
  let entries: readonly Dirent[]
  try {
    entries = readdirSync(path, { withFileTypes: true })
  } catch (error) {
    throw new FileError(`${path}: ${wordsOf(error)}`)
  }
  const inner = entries.find((entry) => entry.isDirectory())
  if (inner !== undefined)
    throw new FileError(
      `${path}: holds the folder ${inner.name}: name the folder of one day, which holds one file per VM`,
    )
  if (entries.length > filesMax) throw new FileError(`${path}: holds more than ${filesMax} files`)
  return entries.map(({ name }) => ({ name, content: readBytes(join(path, name)) }))
}

const percentsOf = (path: string, { name, content }: TarFile): readonly number[] => {
  const words = content.toString('latin1').trim().split(/\s+/)
  if (words[0] === '') throw new FileError(`${path}: ${name}: is empty`)
  return words.map((word, i) => {
    const percent = wholeOf(word, 0, 100)
    if (percent !== null) return percent
    throw new FileError(`${path}: ${name}: line ${i + 1} is not a percentage from 0 to 100`)
  })
}

/** The VMs of a day, sorted by name, from `<day>.tar.gz` or a folder. Throws FileError. */
export const readPlanetlabTraces = (path: string): readonly PlanetlabTrace[] => {
  const files = statSync(path, { throwIfNoEntry: false })?.isDirectory() ? readFolder(path) : readTar(path)
  if (files.length === 0) throw new FileError(`${path}: holds no VMs`)
  const traces = files.map((file) => ({ name: basename(file.name), percents: percentsOf(path, file) }))
  const length = traces[0]!.percents.length
  const odd = traces.find(({ percents }) => percents.length !== length)
  if (odd !== undefined)
    throw new FileError(
      `${path}: ${odd.name}: has ${odd.percents.length} steps, ${traces[0]!.name} has ${length}`,
    )
  return traces.sort((a, b) => byText(a.name, b.name))
}

/**
 * First fit, VMs and hosts in their order: the first host whose cores are as fast as the VM's, with so much of its CPU,
 * memory and network not promised yet. Null where no host is left for it.
 */
const firstFit = (types: readonly VmType[], hosts: readonly HostType[]): readonly (number | null)[] => {
  const free = hosts.map(({ coreMips }) => ({
    coreMips,
    mips: coreMips * coresPerHost,
    memoryMiB: hostMemoryMiB,
    vms: vmsPerHostMax,
  }))
  return types.map(({ mips, memoryMiB }) => {
    const place = free.findIndex(
      (host) => host.coreMips >= mips && host.mips >= mips && host.memoryMiB >= memoryMiB && host.vms > 0,
    )
    const host = free[place]
    if (host === undefined) return null
    host.mips -= mips
    host.memoryMiB -= memoryMiB
    host.vms--
    return place
  })
}

/** Throws RangeError when the hosts are too few for the VMs. */
export const planetlabWorkload = (
  day: string,
  traces: readonly PlanetlabTrace[],
  model: PlanetlabModel = {},
): Workload => {
  const { hosts: count = hostsDefault, memory = 'enforced' } = model
  const steps = traces[0]?.percents.length ?? 0
  const durationS = model.durationS ?? (steps - 1) * stepS
  const types = Array.from({ length: count }, (_, i) => hostTypes[i % hostTypes.length]!)
  const vmTypeOf = (i: number): VmType => vmTypes[Math.floor(i / Math.ceil(traces.length / vmTypes.length))]!
  const allMiB = traces.reduce((sum, _, i) => sum + vmTypeOf(i).memoryMiB, 0)

  const hosts = types.map(
    ({ coreMips, power }, i): WorkloadHost => ({
      name: `host${i}`,
      capacity: {
        cpuMilli: coreMips * coresPerHost * milliPerMips,
        memoryMiB: memory === 'enforced' ? hostMemoryMiB : allMiB,
      },
      linkMiBps: hostLinkMiBps,
      power,
    }),
  )
  const cpuMilliAt = (i: number, step: number): number =>
    Math.round((traces[i]!.percents[step]! * vmTypeOf(i).mips * milliPerMips) / 100)
  const places = firstFit(
    traces.map((_, i) => vmTypeOf(i)),
    types,
  )
  const vms = traces.map(({ name }, i): WorkloadVm => {
    const place = places[i]
    if (place === null || place === undefined)
      throw new RangeError(
        `${count} hosts are too few: there is none left for ${name}, VM ${i + 1} of ${traces.length}`,
      )
    return {
      vm: asVmId(name),
      host: hosts[place]!.name,
      vcpus: 1,
      memoryMiB: vmTypeOf(i).memoryMiB,
      cpuMilli: cpuMilliAt(i, 0),
      dirtyMiBpsPerCore: 0,
    }
  })
  function* changes(): Generator<DemandChange> {
    for (let step = 1; step < steps; step++)
      for (const [i, { vm }] of vms.entries()) {
        const cpuMilli = cpuMilliAt(i, step)
        if (cpuMilli !== cpuMilliAt(i, step - 1)) yield { atMs: step * stepS * 1_000, vm, cpuMilli }
      }
  }
  return {
    name: `planetlab ${day}, ${count} hosts, memory ${memory}`,
    durationMs: durationS * 1_000,
    hosts,
    vms,
    migrationMiBps,
    energySampleMs: stepS * 1_000,
    changes,
  }
}

/** Throws FileError, also when the hosts are too few for the VMs of that day. */
export const readPlanetlab = (path: string, model: PlanetlabModel = {}): Workload => {
  const traces = readPlanetlabTraces(path)
  try {
    return planetlabWorkload(basename(path).replace(/\.(tar\.gz|tgz|tar)$/, ''), traces, model)
  } catch (error) {
    if (error instanceof RangeError) throw new FileError(`${path}: ${error.message}`)
    throw error
  }
}
