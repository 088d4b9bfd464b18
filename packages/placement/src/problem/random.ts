/**
 * The seeded random generators of all packages: integers only, so that a seed gives the same numbers on every machine.
 * There are three because each has results that depend on its sequence: the golden stories on the agents' jitter, published
 * figures on the solver's searches and on the simulator's workloads. New code takes `randomStream`, or the simulator's
 * `randomOf` for streams that must not touch each other.
 */

/** Gives 32 random bits at each call, 0 … 2^32 − 1. */
export type RandomBits = () => number

/** One word of state (Marsaglia 2003). */
export const xorshift32 = (seed: number): RandomBits => {
  let x = seed >>> 0 || 0x9e3779b9
  return () => {
    x ^= x << 13
    x >>>= 0
    x ^= x >>> 17
    x ^= x << 5
    x >>>= 0
    return x
  }
}

/** Four words of state (C. Doty-Humphrey, PractRand), warmed up: seeds that differ in one bit give streams far apart. */
export const sfc32 = (a: number, b: number, c: number): RandomBits => {
  let counter = 1
  const bits = (): number => {
    const t = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (c << 21) | (c >>> 11)
    c = (c + t) | 0
    return t >>> 0
  }
  for (let i = 0; i < 16; i++) bits()
  return bits
}

/** The stream of one search. */
export interface RandomStream {
  /** 0 ≤ result < bound. */
  readonly below: (bound: number) => number
}

/** mulberry32 (T. Ettinger 2017): one word of state. In the solver's inner loops, so written in one piece. */
export const randomStream = (seed: number): RandomStream => {
  let state = seed >>> 0
  return {
    below: (bound) => {
      state = (state + 0x6d2b79f5) >>> 0
      let t = Math.imul(state ^ (state >>> 15), state | 1)
      t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
      return ((t ^ (t >>> 14)) >>> 0) % bound
    },
  }
}
