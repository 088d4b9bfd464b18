/**
 * Seeded randomness. One stream per concern, addressed by (seed, name, index), so that drawing more numbers for one
 * purpose never shifts those of another. Integer arithmetic only: the same numbers on every machine.
 */
import { sfc32 } from '@drover/placement'

export interface Random {
  /** 32 random bits, 0 … 2^32 − 1. */
  bits(): number
  /** A number in [0, 1). */
  fraction(): number
  /** An integer in [low, high], both included. */
  integer(low: number, high: number): number
  /** True with the given probability, 0 … 1. */
  chance(probability: number): boolean
  /** About normal (the sum of twelve uniform draws: no logarithm, so no rounding that differs by machine). */
  normal(mean: number, deviation: number): number
  /** Exponential, exactly, by comparing uniform draws (von Neumann 1951): no logarithm here either. */
  exponential(mean: number): number
  /** One of a non-empty list. */
  pick<T>(from: readonly T[]): T
  /** A shuffled copy. */
  shuffle<T>(from: readonly T[]): T[]
}

/** FNV-1a over the text, then mixed (murmur3's finaliser), so that near names give far seeds. */
const hash = (text: string, salt: number): number => {
  let h = 0x811c9dc5 ^ salt
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

/** The stream of that address. */
export const randomOf = (seed: number, name: string, index = 0): Random => {
  const address = `${seed}/${name}/${index}`
  const bits = sfc32(hash(address, 1), hash(address, 2), hash(address, 3))
  const fraction = (): number => bits() / 0x1_0000_0000
  const integer = (low: number, high: number): number => low + Math.floor(fraction() * (high - low + 1))
  return {
    bits,
    fraction,
    integer,
    chance: (probability) => fraction() < probability,
    normal(mean, deviation) {
      let total = -6
      for (let i = 0; i < 12; i++) total += fraction()
      return mean + total * deviation
    },
    exponential(mean) {
      // A falling run of draws x > u1 > u2 > … of odd length has density e^−x on [0, 1); each even one adds 1 to x.
      for (let whole = 0; ; whole++) {
        const first = fraction()
        let last = first
        let length = 0
        for (let next = last; next <= last; length++) {
          last = next
          next = fraction()
        }
        if (length % 2 === 1) return mean * (whole + first)
      }
    },
    pick<T>(from: readonly T[]): T {
      if (from.length === 0) throw new RangeError('nothing to pick from')
      return from[integer(0, from.length - 1)] as T
    },
    shuffle<T>(from: readonly T[]): T[] {
      const out = [...from]
      for (let i = out.length - 1; i > 0; i--) {
        const j = integer(0, i)
        const kept = out[i] as T
        out[i] = out[j] as T
        out[j] = kept
      }
      return out
    },
  }
}
