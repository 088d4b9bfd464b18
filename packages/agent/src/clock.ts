/**
 * Time as the agent knows it: the present moment, and timers. Code that decides when something happens reads no other
 * clock and sets no other timer. So it runs in real and in virtual time.
 */
import type { Instant } from '@drover/protocol'

export interface Clock {
  /** Milliseconds since some moment; never goes back. */
  now(): number
  /** Calls `fn` once, `ms` (≥ 0) from now or a little later; returns what cancels it. */
  after(ms: number, fn: () => void): () => void
}

/** The core counts whole milliseconds. */
export const instantOf = (clock: Clock): Instant => Math.floor(clock.now())

/**
 * Milliseconds since 1970 as the wall clock said when this *process* started, and monotonic from then on: it never
 * jumps when the wall clock is set. So instants of two runs are as comparable as the wall clock was right at both starts.
 */
export const monotonicClock: Clock = {
  now: () => performance.timeOrigin + performance.now(),
  after(ms, fn) {
    const timer = setTimeout(fn, ms)
    return () => clearTimeout(timer)
  },
}
