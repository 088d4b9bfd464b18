/** The CPU counters of one VM in what libvirt tells of it. */
import type { CpuSum } from './demand.ts'
import { numberOf, type TypedValues } from './typed-params.ts'

export interface VcpuCounter {
  readonly vcpu: number
  readonly time: number
  readonly delay: number | null
}

/** Those that are there, in their order, whatever the daemon says of how many there are. Online vCPUs need not be numbered without gaps. */
export const vcpusTold = (stats: TypedValues): readonly VcpuCounter[] => {
  const told: VcpuCounter[] = []
  for (const [name, time] of stats) {
    const vcpu = timeOfVcpu.exec(name)?.[1]
    if (vcpu !== undefined)
      told.push({ vcpu: Number(vcpu), time, delay: numberOf(stats, `vcpu.${vcpu}.delay`, null) })
  }
  return told.sort((a, b) => a.vcpu - b.vcpu)
}

const timeOfVcpu = /^vcpu\.(\d+)\.time$/

/** Null where a part is missing; the time of the whole QEMU where vCPUs are not told apart at all. */
export const cpuSumOf = (stats: TypedValues): CpuSum | null => {
  const counters = vcpusTold(stats)
  let wantedNs = 0
  let waits = 0
  for (const { time, delay } of counters) {
    if (delay !== null) waits += 1
    wantedNs += time + (delay ?? 0)
  }
  if (counters.length === 0) {
    const time = numberOf(stats, 'cpu.time', null)
    return time === null ? null : { source: 'process', rank: 0, wantedNs: time }
  }
  const online = numberOf(stats, 'vcpu.current', counters.length)
  if (counters.length !== online || (waits !== 0 && waits !== counters.length)) return null
  return { source: counters.map(({ vcpu }) => vcpu).join(' '), rank: waits === 0 ? 1 : 2, wantedNs }
}
