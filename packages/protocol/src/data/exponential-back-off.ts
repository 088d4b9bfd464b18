/**
 * Exponential back-off: the one rule of how long to wait before something that failed is tried again. Pure, and the same
 * for all that wait: leaders, rounds of questions, VMs whose migrations fail, connections. The bounds are policy
 * (`config.ts`).
 */

import { assert } from '@drover/placement'

/**
 * `firstMs` after the first failure, doubled with each further one, never above `maxMs`. `failures`: in a row; 0 = none yet,
 * which waits as long as one. Exact for any count: a power above the bound is never multiplied out.
 */
export const backOffMs = (failures: number, firstMs: number, maxMs: number): number => {
  assert(
    firstMs >= 0 && maxMs >= 0,
    () => `a pause is no less than nothing: ${firstMs} ms, at most ${maxMs} ms`,
  )
  let pauseMs = firstMs
  for (let failure = 1; failure < failures && pauseMs < maxMs; failure++) pauseMs *= 2
  return Math.min(pauseMs, maxMs)
}

/**
 * With jitter of one half, in whole ms: [half, whole) of it. Two that collided must not collide again. `random`: an integer in
 * [0, below).
 */
export const jitteredMs = (pauseMs: number, random: (below: number) => number): number => {
  const half = Math.max(1, Math.floor(pauseMs / 2))
  return half + random(half)
}
