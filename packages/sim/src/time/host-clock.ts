/**
 * The monotonic clock of one process, beside the clock of the world: it begins with what the wall clock of its host shows
 * then, runs up to a percent fast or slow, and stands still while its host is suspended.
 */
export interface HostClock {
  /** What it shows when the world's clock shows `worldMs`, ms. */
  at(worldMs: number): number
  /** What the world's clock counts while this one counts `ms`; never too short. */
  wait(ms: number): number
  /** It runs at this rate from the world's moment `worldMs` on; 1.01 = one percent fast. */
  setRate(rate: number, worldMs: number): void
  /** It has stood still for so long, ms of the world. */
  stoodStill(ms: number): void
  /** It goes on from a time that it was to show only so much later, ms of its own. */
  skip(ms: number): void
}

/** Added to a wait that had to be reckoned, ms: rounding must not let a timer fire before its time. */
const roundingMs = 0.001

/** `aheadMs`: what it shows when the world's clock is at 0. */
export const createHostClock = (aheadMs: number, initialRate: number): HostClock => {
  let rate = initialRate
  /** At rate 1 this is how far it is ahead. Both clocks are one while it is 0: then nothing is rounded. */
  let ahead = aheadMs
  return {
    at: (worldMs) => ahead + worldMs * rate,
    wait: (ms) => (rate === 1 && ahead === 0 ? ms : ms / rate + roundingMs),
    setRate(wanted, worldMs) {
      ahead += worldMs * (rate - wanted)
      rate = wanted
    },
    stoodStill(ms) {
      ahead -= ms * rate
    },
    skip(ms) {
      ahead += ms
    },
  }
}
