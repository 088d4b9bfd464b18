/** Time for the core. */
import type { Instant } from '@drover/protocol'

export interface Clock {
  now(): Instant
}

/**
 * Whole milliseconds since 1970 as the wall clock said when this *process* started, and monotonic from then on: it never
 * jumps when the wall clock is set. So instants of two runs are as comparable as the wall clock was right at both starts.
 */
export const monotonicClock: Clock = {
  now: () => Math.floor(performance.timeOrigin + performance.now()),
}
