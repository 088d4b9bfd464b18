/** The CPU counters of one VM in what libvirt tells of it. */
import type { CpuSum } from './demand.ts'
import { numberOf, type TypedValues } from './typed-params.ts'

/** Null where a part is missing; the time of the whole QEMU where vCPUs are not told apart at all. */
export const cpuSumOf = (stats: TypedValues): CpuSum | null => {
  const counters: string[] = []
  let wantedNs = 0
  let waits = 0
  // Online vCPUs need not be numbered without gaps.
  const vcpusMax = numberOf(stats, 'vcpu.maximum', 0)
  for (let i = 0; i < vcpusMax; i += 1) {
    const time = numberOf(stats, `vcpu.${i}.time`, null)
    if (time === null) continue
    const delay = numberOf(stats, `vcpu.${i}.delay`, null)
    counters.push(`${i}`)
    if (delay !== null) waits += 1
    wantedNs += time + (delay ?? 0)
  }
  if (counters.length === 0) {
    const time = numberOf(stats, 'cpu.time', null)
    return time === null ? null : { source: 'process', rank: 0, wantedNs: time }
  }
  const online = numberOf(stats, 'vcpu.current', counters.length)
  if (counters.length !== online || (waits !== 0 && waits !== counters.length)) return null
  return { source: counters.join(' '), rank: waits === 0 ? 1 : 2, wantedNs }
}
