/**
 * What VMs want of the CPU, from two looks at their counters: time that the vCPUs ran plus time that they waited for
 * a CPU (`vcpu.N.time`, `vcpu.N.delay`, ns). The wait is what makes an overload visible: without it a VM on a full host
 * seems to want only what it gets.
 *
 * The counters belong to one QEMU process: they begin at 0 whenever the VM starts or arrives. Samples are therefore
 * compared only within one incarnation, and never when a counter has run backwards. Nor when the VM was paused in between:
 * what it did in a part of the time is not what it wants.
 *
 * libvirt leaves out what it fails to read in /proc: a vCPU, the waits, the whole group. Two samples say something only
 * together if the same counters are in both, and only what so many vCPUs can have wanted in that time.
 */
import type { VmId } from '@drover/protocol'

export interface CpuCounters {
  readonly vm: VmId
  /** Number of the domain: a new one for every start on this host. */
  readonly id: number
  readonly running: boolean
  /** ns, all vCPUs together. */
  readonly wantedNs: number
  /** Which counters that is the sum of, as a text to compare. */
  readonly source: string
  /** vCPUs that are online; 0 = not told. */
  readonly vcpus: number
}

/** One sample of all VMs, to compare the next one with. */
export interface CpuSample {
  /** Monotonic, ms: in the middle of asking and being answered. The counters were read at most `offMs` away from it. */
  readonly atMs: number
  readonly offMs: number
  readonly counters: ReadonlyMap<VmId, CpuCounters>
}

/**
 * Two looks closer together than this say little, however finely the counters tick: a guest works in bursts. One that is
 * busy for half of each second wants a whole core in one look's 100 ms and nothing in the next, and looks do come in
 * quick succession: after every event, and when the core asks for one before it plans.
 */
export const intervalMsMin = 1_000

export const cpuSample = (
  askedMs: number,
  answeredMs: number,
  counters: readonly CpuCounters[],
): CpuSample => ({
  atMs: (askedMs + answeredMs) / 2,
  offMs: (answeredMs - askedMs) / 2,
  counters: new Map(counters.map((one) => [one.vm, one])),
})

/** Demand in thousandths of a core, or null when the two samples do not show one incarnation of the VM, running. */
export const cpuMilli = (before: CpuSample | null, now: CpuSample, vm: VmId): number | null => {
  const first = before?.counters.get(vm)
  const second = now.counters.get(vm)
  if (before === null || first === undefined || second === undefined) return null
  const elapsedNs = (now.atMs - before.atMs) * 1_000_000
  const wantedNs = second.wantedNs - first.wantedNs
  if (first.id !== second.id || !first.running || !second.running) return null
  if (first.source !== second.source || wantedNs < 0 || elapsedNs <= 0) return null
  // So slow an answer may have been read at any time of its way: the interval is not known well enough.
  if ((before.offMs + now.offMs) * offTimes > now.atMs - before.atMs) return null
  const milli = Math.round((wantedNs * 1000) / elapsedNs)
  const most = Math.max(first.vcpus, second.vcpus) * 1000
  return most > 0 && milli * 1000 > most * toleratedPermille ? null : milli
}

/** The error of an interval must be less than one part in so many of it. */
const offTimes = 4
/** Counters tick in steps: a busy VM may seem to want so much of what it can, permille. */
const toleratedPermille = 1_250
