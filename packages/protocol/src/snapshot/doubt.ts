/**
 * One wrong answer of a hypervisor must not count as much as a minute of right ones: demand that was steady for long is
 * expected to last, so the first wrong sample would move VMs; and a VM that seems to want nothing for one sample makes room
 * for a promise that cannot be kept. So a sample that surprises is looked at twice. Nothing follows from it: what was believed
 * stays believed until the next sample, which is asked for at once. Then the middle one counts of what was believed, what
 * surprised, and what the second sample says.
 */
import { dimensions, type Resources, scale } from '@drover/placement'
import { limits } from '../data/config.ts'
import type { VmId } from '../data/ids.ts'
import type { Amounts } from './belief.ts'

/** What a sample told of each VM that is not believed yet. */
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

/** Null is no answer; two samples that agree on what was not known are one. */
const middle = (believed: number | null, doubted: number | null, told: number | null): number | null => {
  if (told === null || doubted === null) return believed
  if (believed === null) return told
  return Math.max(Math.min(believed, doubted), Math.min(Math.max(believed, doubted), told))
}

/** What to believe of each VM now, and what to wait for another sample with (null = nothing). */
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
