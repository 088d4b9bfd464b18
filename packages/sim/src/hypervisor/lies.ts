/** What hypervisors say wrongly of VMs: once, for a while, or by leaving them out. */
import type { VmId } from '@drover/protocol'

export interface Misreading {
  readonly cpuMilli?: number
  /** What it wants is told so many times too high; negative, if you like. */
  readonly cpuTimes?: number
  readonly memoryMiB?: number
  /** The sample lacks it. */
  readonly missing?: boolean
}

export interface Lies {
  /** Told in the next sample that would show the VM, or, with a time, in all until then. */
  tell(vm: VmId, wrong: Misreading, untilMs: number | null): void
  /** The next sample of this host lacks all its VMs. */
  blind(host: string): void
  /** No more of them, and of those that last. */
  clear(): void
  /** Is the sample that is taken now blind? */
  isBlind(host: string): boolean
  /** What is said wrongly of it now; null = nothing. */
  of(vm: VmId, nowMs: number): Misreading | null
  /** When the last wrong thing was said of it, ms; null = never. */
  toldAt(vm: VmId): number | null
}

export const createLies = (): Lies => {
  const once = new Map<VmId, Misreading>()
  const lasting = new Map<VmId, { readonly wrong: Misreading; readonly untilMs: number }>()
  const blind = new Set<string>()
  const told = new Map<VmId, number>()

  const find = (vm: VmId, nowMs: number): Misreading | null => {
    const wrong = once.get(vm)
    if (wrong !== undefined) {
      once.delete(vm)
      return wrong
    }
    const found = lasting.get(vm)
    if (found === undefined) return null
    if (nowMs < found.untilMs) return found.wrong
    lasting.delete(vm)
    return null
  }

  return {
    tell(vm, wrong, untilMs) {
      if (untilMs === null) once.set(vm, wrong)
      else lasting.set(vm, { wrong, untilMs })
    },
    blind: (host) => void blind.add(host),
    clear() {
      once.clear()
      lasting.clear()
      blind.clear()
    },
    isBlind: (host) => blind.size > 0 && blind.delete(host),
    of(vm, nowMs) {
      if (once.size + lasting.size === 0) return null
      const wrong = find(vm, nowMs)
      if (wrong !== null) told.set(vm, nowMs)
      return wrong
    },
    toldAt: (vm) => told.get(vm) ?? null,
  }
}
