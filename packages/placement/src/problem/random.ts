/** A small deterministic random stream (mulberry32): integers only, seeded by the caller. */
export interface RandomStream {
  /** 0 ≤ result < bound. */
  readonly below: (bound: number) => number
}

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
