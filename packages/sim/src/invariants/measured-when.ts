/** When each host was last shown what its VMs want, and the last time that its hypervisor was silent about that for long. */
import { limits, type ObservedVm, type VmId } from '@drover/protocol'
import type { Clock } from '../time/clock.ts'

export interface MeasuredWhen {
  /** The agent there was shown these. */
  shown(host: string, vms: readonly ObservedVm[]): void
  /** It begins a new life, and knows of no measurement. */
  begins(host: string): void
  /**
   * When what a promise rests on that was given then was last measured, ms, if that was longer ago than usual: it counts for a minute
   * (docs/adr/011). Else null.
   */
  silentSince(host: string, vm: VmId, promisedAt: number): number | null
}

interface Watch {
  readonly incarnation: string
  readonly measuredAt: number
  /** The last silence that is over. */
  readonly gap: { readonly from: number; readonly to: number } | null
}

/** `staleMs`: so old is the measurement behind a promise usually at most. */
export const createMeasuredWhen = (clock: Pick<Clock, 'now'>, staleMs: number): MeasuredWhen => {
  const watches = new Map<string, Map<VmId, Watch>>()

  /** After this look. Null: nothing that was measured before counts any more. */
  const after = (before: Watch | null, { incarnation, state, cpuMilli }: ObservedVm): Watch | null => {
    const now = clock.now()
    const same = before?.incarnation === incarnation ? before : null
    if (state !== 'running' || cpuMilli === null) return same
    const isLong = same !== null && now - same.measuredAt > staleMs
    return {
      incarnation,
      measuredAt: now,
      gap: isLong ? { from: same.measuredAt, to: now } : (same?.gap ?? null),
    }
  }

  return {
    begins: (host) => void watches.delete(host),
    shown(host, vms) {
      const here = watches.get(host) ?? new Map<VmId, Watch>()
      watches.set(host, here)
      for (const vm of vms) {
        const watch = after(here.get(vm.vm) ?? null, vm)
        if (watch === null) here.delete(vm.vm)
        else here.set(vm.vm, watch)
      }
    },
    silentSince(host, vm, promisedAt) {
      const watch = watches.get(host)?.get(vm)
      if (watch === undefined) return null
      const { gap, measuredAt } = watch
      const from = gap !== null && promisedAt <= gap.to ? gap.from : measuredAt
      const age = promisedAt - from
      return age > staleMs && age <= limits.demandAgeMsMax ? from : null
    },
  }
}
