/**
 * What VMs want of the CPU, from two looks at their counters: time that the vCPUs ran plus time that they waited for
 * a CPU (`vcpu.N.time`, `vcpu.N.delay`, ns). The wait is what makes an overload visible: without it a VM on a full host
 * seems to want only what it gets.
 *
 * The counters belong to one QEMU process: they begin at 0 whenever the VM starts or arrives. Looks are therefore compared
 * only within one incarnation, and never when a counter has run backwards. Nor when the VM was paused in between: what it did
 * in a part of the time is not what it wants.
 *
 * libvirt leaves out what it fails to read in /proc: a vCPU, the waits, the whole group. Two looks say something only together
 * if the same counters are in both, and none is missing that was told before.
 *
 * A look takes time, and it is unknown when in it the counters were read. The longer two looks took, the further apart they must
 * be: a slow daemon is measured over a longer time, not wrongly.
 */
import { limits, type VmId } from '@drover/protocol'
import { vmsKeptMax } from './told-bounds.ts'

/** What the counters of a VM are the sum of; two sums are compared only when it is the same. */
export interface CpuSum {
  /** As a text to compare. */
  readonly source: string
  /** The more it tells, the higher: the whole QEMU, its vCPUs, these and their waits. */
  readonly rank: 0 | 1 | 2
  readonly wantedNs: number
}

export interface CpuCounters {
  readonly vm: VmId
  /** Number of the domain: a new one for every start on this host. */
  readonly id: number
  readonly running: boolean
  /** vCPUs that are online; null = not told. */
  readonly vcpus: number | null
  /** Null: a part of it is missing. */
  readonly sum: CpuSum | null
}

/** One look at all VMs. The times are monotonic, ms: of asking and of being answered. */
export interface CpuLook {
  readonly askedMs: number
  readonly answeredMs: number
  readonly counters: ReadonlyMap<VmId, CpuCounters>
}

/**
 * Two looks closer together than this say little, however finely the counters tick: a guest works in bursts. One that is
 * busy for half of each second wants a whole core in one look's 100 ms and nothing in the next, and looks do come in
 * quick succession: after every event, and when the core asks for one before it plans.
 */
const intervalMsMin = limits.measuredOverMsMin
/** What is not known of the time between two looks must be less than one part in so many of it. */
const errorParts = 8
/** Older looks are not kept beside newer ones, ms: what a VM did then is not what it wants now. */
const keptMsMax = 30_000
/** Counters tick in steps of 10 ms: a busy VM may seem to want so much of what it can, permille. */
const toleratedPermille = 1_100

export const cpuLookOf = (
  askedMs: number,
  answeredMs: number,
  counters: readonly CpuCounters[],
): CpuLook => ({
  askedMs,
  answeredMs,
  counters: new Map(counters.map((one) => [one.vm, one])),
})

/** The time between two looks, ms: as likely, and how far from it it may be. */
const between = (before: CpuLook, now: CpuLook): { readonly ms: number; readonly offMs: number } => {
  const least = now.askedMs - before.answeredMs
  const most = now.answeredMs - before.askedMs
  return { ms: (least + most) / 2, offMs: (most - least) / 2 }
}

export interface CpuHistory {
  /** What each VM wanted until this look, thousandths of a core; null = it was not measured. */
  measure(look: CpuLook): ReadonlyMap<VmId, number | null>
  /** It was paused or resumed then; no look may have seen it paused. */
  paused(vm: VmId, atMs: number): void
  /** vCPUs of this life of the VM when they were last told; null = never. */
  vcpusOf(vm: VmId): number | null
}

export const createCpuHistory = (): CpuHistory => {
  /** Newest first, `intervalMsMin` apart. */
  let kept: readonly CpuLook[] = []
  const pausedMs = new Map<VmId, number>()
  /** The most that was ever told of this life of a VM. */
  const best = new Map<VmId, { readonly id: number; readonly rank: number; readonly vcpus: number | null }>()

  const learn = ({ vm, id, sum, vcpus }: CpuCounters): void => {
    const known = best.get(vm)
    const same = known?.id === id ? known : null
    best.set(vm, {
      id,
      rank: Math.max(sum?.rank ?? 0, same?.rank ?? 0),
      vcpus: vcpus ?? same?.vcpus ?? null,
    })
  }

  const wholeSum = ({ vm, sum }: CpuCounters): CpuSum | null =>
    sum !== null && sum.rank === best.get(vm)?.rank ? sum : null

  const wanted = (now: CpuLook, counters: CpuCounters): number | null => {
    const { vm, id, running } = counters
    const last = wholeSum(counters)
    if (last === null || !running) return null
    for (const look of kept) {
      const before = look.counters.get(vm)
      if (before === undefined || before.id !== id || !before.running) return null
      if ((pausedMs.get(vm) ?? Number.NEGATIVE_INFINITY) >= look.askedMs) return null
      const first = wholeSum(before)
      const { ms, offMs } = between(look, now)
      if (first === null || ms < intervalMsMin || offMs * errorParts > ms) continue
      const wantedNs = last.wantedNs - first.wantedNs
      if (first.source !== last.source || wantedNs < 0) return null
      const most = (best.get(vm)?.vcpus ?? Number.POSITIVE_INFINITY) * (ms + offMs) * 1_000_000
      return wantedNs * 1_000 > most * toleratedPermille ? null : wantedNs / (ms * 1_000)
    }
    return null
  }

  return {
    measure(look) {
      for (const map of [pausedMs, best])
        for (const vm of map.keys()) if (!look.counters.has(vm)) map.delete(vm)
      for (const counters of look.counters.values()) learn(counters)
      const measured = new Map([...look.counters].map(([vm, counters]) => [vm, wanted(look, counters)]))
      const [newest] = kept
      if (newest === undefined || between(newest, look).ms >= intervalMsMin)
        kept = [look, ...kept].filter((one) => look.answeredMs - one.askedMs <= keptMsMax)
      return measured
    },
    paused(vm, atMs) {
      // A daemon tells of no more VMs than these; without a bound it could fill the memory.
      if (pausedMs.size < vmsKeptMax) pausedMs.set(vm, atMs)
    },
    vcpusOf: (vm) => best.get(vm)?.vcpus ?? null,
  }
}
