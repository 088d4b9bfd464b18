/**
 * A median filter against one wrong answer of a hypervisor. Such an answer would move VMs, because demand that was steady for
 * long is expected to last. Or it would make room for a promise that cannot be kept, because a VM seems idle for one sample.
 * So nothing follows from a surprising sample. The belief stays until the next sample, which is asked for at once. Then the
 * median of three counts: the belief, the surprise, and the second sample.
 */
import { dimensions, type Resources, scale } from '@drover/placement'
import { limits } from '../data/config.ts'
import type { VmId } from '../data/ids.ts'
import type { Amounts } from './belief.ts'

/** The amounts that a surprising sample told of each VM. */
export type Doubt = ReadonlyMap<VmId, Amounts>

export interface Weighed {
  readonly vm: VmId
  readonly believed: Amounts
  /** The same object as `believed` where nothing is new: most VMs of most samples. */
  readonly told: Amounts
}

const amounts = (of: (amount: keyof Amounts) => number | null): Amounts => ({
  cpuMilli: of('cpuMilli'),
  memoryMiB: of('memoryMiB'),
  dirtyMiBps: of('dirtyMiBps'),
})

/** The median. Null is no answer; of an amount that was unknown, a second sample decides. */
const middle = (believed: number | null, doubted: number | null, told: number | null): number | null => {
  if (told === null || doubted === null) return believed
  if (believed === null) return told
  return Math.max(Math.min(believed, doubted), Math.min(Math.max(believed, doubted), told))
}

/** The belief of each VM after this sample; and the amounts that wait for a second sample (null = none). */
export const settle = (
  each: readonly Weighed[],
  doubt: Doubt | null,
  usable: Resources,
): { readonly settled: readonly Amounts[]; readonly doubt: Doubt | null } => {
  const stands = each.map(({ vm, believed, told }): Amounts => {
    const doubted = doubt?.get(vm)
    return doubted === undefined ? believed : amounts((of) => middle(believed[of], doubted[of], told[of]))
  })
  const told = each.map((one, i) => {
    const before = stands[i]!
    return one.told === before ? before : amounts((of) => one.told[of] ?? before[of])
  })
  if (!isSurprising(stands, told, usable)) return { settled: told, doubt: null }
  return { settled: stands, doubt: new Map(each.map((one, i) => [one.vm, told[i]!])) }
}

const isSurprising = (stands: readonly Amounts[], told: readonly Amounts[], usable: Resources): boolean => {
  const share = scale(usable, limits.surprisePermille)
  const milli = Math.min(limits.surpriseMilliMax, Math.max(limits.surpriseMilliMin, share.cpuMilli))
  if (told.some((one, i) => differs(stands[i]!, one, milli))) return true
  return dimensions.some((d) => {
    let was = 0
    let is = 0
    let moved = 0
    for (const [i, one] of told.entries()) {
      const before = stands[i]![d]
      const now = one[d] ?? 0
      was += before ?? 0
      is += now
      if (before !== null) moved += now - before
    }
    if (was <= usable[d] && is > usable[d]) return true
    return Math.abs(moved) > (d === 'cpuMilli' ? Math.max(milli, share[d]) : share[d])
  })
}

const differs = (stands: Amounts, told: Amounts, milli: number): boolean => {
  if (stands === told) return false
  const by = (of: keyof Amounts) =>
    stands[of] === null || told[of] === null ? 0 : Math.abs(told[of] - stands[of])
  return (
    by('cpuMilli') > milli ||
    by('memoryMiB') * 1_000 > (stands.memoryMiB ?? 0) * limits.surpriseMemoryPermille ||
    by('dirtyMiBps') > limits.surpriseDirtyMiBps
  )
}
