/** What a copy wants of the CPU, measured as a hypervisor can: from its counters at two looks, between which it ran. */
import type { VmId } from '@drover/protocol'
import type { Copy } from './state.ts'

export interface CpuMeter {
  /**
   * What the copy wanted since the look before this one, or null: there was none in this life of it, or it was paused in
   * between. The counters of its host are right as of `at`.
   */
  measure(copy: Copy, at: number): number | null
  /** All but these copies are gone from here. */
  keep(here: { has(vm: VmId): boolean }): void
  /** The daemon starts anew, and knows of no earlier look. */
  reset(): void
}

interface Look {
  readonly incarnation: string
  readonly at: number
  readonly wanted: number
  readonly ranMs: number
  readonly cpuMilli: number | null
}

/** Looks closer together, ms, say little: the later one has the answer of the earlier one. */
const intervalMsMin = 200
/** Times on a real clock are fractions, whose sums are off by less than this, ms. */
const roundingMs = 1e-3

export const createCpuMeter = (): CpuMeter => {
  const last = new Map<VmId, Look>()
  return {
    measure(copy, at) {
      const { incarnation, ranMs, used, waited } = copy
      const { vm } = copy.vm.spec
      const wanted = used + waited
      const found = last.get(vm)
      const before = found?.incarnation === incarnation ? found : null
      const elapsedMs = before === null ? 0 : at - before.at
      const whole = before !== null && ranMs - before.ranMs > elapsedMs - roundingMs
      if (whole && elapsedMs < intervalMsMin) return before.cpuMilli
      const cpuMilli = whole ? (wanted - before.wanted) / elapsedMs : null
      last.set(vm, { incarnation, at, wanted, ranMs, cpuMilli })
      return cpuMilli
    },
    keep(here) {
      for (const vm of last.keys()) if (!here.has(vm)) last.delete(vm)
    },
    reset: () => last.clear(),
  }
}
