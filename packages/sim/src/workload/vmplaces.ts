/**
 * Overloads as in VMPlaceS (Lèbre, Pastor, Simonin and Südholt, Euro-Par 2015): ten one-core VMs per host whose loads
 * change now and then, each to a value that the earlier one says nothing about. docs/simulation-fidelity.md has the model.
 */
import { asVmId } from '@drover/protocol'
import { randomOf } from '../random.ts'
import { ml110G5 } from './power.ts'
import type { DemandChange, Workload, WorkloadHost, WorkloadVm } from './workload.ts'

export interface VmplacesModel {
  /** CPU of a host in VMPlaceS's measure, 100 = one core. Default 700: eight cores, less one for the system. */
  readonly capacity?: number
  /** Default 1800. */
  readonly durationS?: number
}

/** The law that loads are drawn from. */
export interface VmplacesLaw extends VmplacesModel {
  readonly hosts: number
  readonly seed: number
  /** Default 10. */
  readonly vmsPerHost?: number
  /** Of the normal distribution of loads, % of a core. Default 60 and 20. */
  readonly meanLoad?: number
  readonly std?: number
}

export const capacityDefault = 700
export const durationSDefault = 1_800
/** Every VM begins at this load, whatever the mean is. */
const startLoad = 60
/** A load of 1 is a hundredth of a core. */
const milliPerLoad = 10
const migrationMiBps = 125
/** One change per VM in so many seconds, on average. */
const gapS = 300
export const dirtyPercents = [10, 20, 30, 40, 50] as const

export const vmplacesHost = (name: string, capacity: number): WorkloadHost => ({
  name,
  capacity: { cpuMilli: capacity * milliPerLoad, memoryMiB: 32_768 },
  linkMiBps: 1_250,
  // VMPlaceS says nothing of power: any machine will do, as long as it is the same for all.
  power: ml110G5,
})

export const vmplacesVm = (name: string, host: string, dirtyPercent: number): WorkloadVm => ({
  vm: asVmId(name),
  host,
  vcpus: 1,
  memoryMiB: 1_024,
  cpuMilli: startLoad * milliPerLoad,
  dirtyMiBpsPerCore: (dirtyPercent / 100) * migrationMiBps,
})

export const dirtyPercentOf = (vm: WorkloadVm): number =>
  Math.round((vm.dirtyMiBpsPerCore / migrationMiBps) * 100)

export const cpuMilliOf = (load: number): number => load * milliPerLoad
export const loadOf = (cpuMilli: number): number => cpuMilli / milliPerLoad

export const vmplacesWorkload = (
  parts: Pick<Workload, 'name' | 'hosts' | 'vms' | 'changes'> & { readonly durationS: number },
): Workload => {
  const { durationS, ...rest } = parts
  return { ...rest, durationMs: durationS * 1_000, migrationMiBps }
}

/** The same law gives the same workload on every machine. Throws RangeError on a law that describes none. */
export const generateVmplaces = (law: VmplacesLaw): Workload => {
  const { hosts, seed, vmsPerHost = 10, meanLoad = 60, std = 20 } = law
  const { capacity = capacityDefault, durationS = durationSDefault } = law
  if (!(Number.isInteger(hosts) && hosts > 0 && Number.isInteger(vmsPerHost) && vmsPerHost > 0))
    throw new RangeError('a workload has at least one host, and one VM on each')

  const dirty = randomOf(seed, 'vmplaces dirty')
  const names = Array.from({ length: hosts }, (_, i) => `node${i}`)
  const vms = Array.from({ length: hosts * vmsPerHost }, (_, i) =>
    vmplacesVm(`vm-${i}`, names[Math.floor(i / vmsPerHost)]!, dirty.pick(dirtyPercents)),
  )
  function* changes(): Generator<DemandChange> {
    const [gap, which, load] = ['gap', 'vm', 'load'].map((name) => randomOf(seed, `vmplaces ${name}`))
    for (let atS = 0; ; ) {
      atS += gap!.exponential(gapS / vms.length)
      if (atS > durationS) return
      const drawn = Math.max(0, Math.min(100, load!.normal(meanLoad, std)))
      yield {
        // Whole microseconds: what is written to a file is read as the same number.
        atMs: Math.round(atS * 1e6) / 1e3,
        vm: which!.pick(vms).vm,
        cpuMilli: cpuMilliOf(10 * Math.round(drawn / 10)),
      }
    }
  }
  return vmplacesWorkload({
    name: `vmplaces ${hosts}h${vms.length}v N(${meanLoad}, ${std}) of ${capacity}, seed ${seed}`,
    hosts: names.map((name) => vmplacesHost(name, capacity)),
    vms,
    changes,
    durationS,
  })
}
