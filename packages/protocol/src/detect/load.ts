/**
 * Is this host overloaded? Demand above the usable capacity, held for a time, begins an overload; demand well below
 * it ends one. Between the two marks the answer stays what it was, so a demand that hovers at the edge starts one
 * partition at most.
 *
 * ```
 *            usable ────────────●━━━━━━━━━━━━━   above for overloadHoldMs: overloaded
 *  clear (permille) ──────────────────────────●  at or below: over
 * ```
 */

import {
  assert,
  type Dimension,
  dimensions,
  excessPermille,
  fits,
  type Resources,
  resources,
  scale,
} from '@drover/placement'
import { limits, type Policy } from '../data/config.ts'
import type { Instant } from '../data/ids.ts'
import type { Reason } from '../data/need.ts'

export interface LoadState {
  /**
   * Since when demand has been above usable, in whichever dimension; a dip to usable or below begins anew. Once
   * overloaded, it is kept until the overload ends: the age of the need.
   */
  readonly since: Instant | null
  /** The dimension that is worst now, or null when the host is not overloaded. It may change during one overload. */
  readonly overloaded: Dimension | null
  /** When the hold time was over. */
  readonly overloadedAt: Instant | null
}

export const calm: LoadState = { since: null, overloaded: null, overloadedAt: null }

export const overloadReason: Readonly<Record<Dimension, Reason>> = {
  cpuMilli: 'overload.cpu',
  memoryMiB: 'overload.mem',
}

const boundedExcess = (demand: number, usable: number): number =>
  Math.min(limits.excessPermilleMax, excessPermille(demand, usable))

/** Excess over usable in permille of usable, summed over the dimensions; 0 if and only if the demand fits. */
export const severityOf = (demand: Resources, usable: Resources): number =>
  dimensions.reduce((total, d) => total + boundedExcess(demand[d], usable[d]), 0)

/** The dimension with the greatest relative excess over `mark`; the first of equals; null when all fit. */
const worstAbove = (demand: Resources, mark: Resources): Dimension | null => {
  let worst: Dimension | null = null
  let most = 0
  for (const d of dimensions) {
    const excess = boundedExcess(demand[d], mark[d])
    if (excess > most) {
      worst = d
      most = excess
    }
  }
  return worst
}

/** The mark that ends an overload. It is never above usable: else one sample could end an overload and begin the next. */
const clearOf = (usable: Resources, clearPermille: number): Resources => {
  const clear = scale(usable, clearPermille)
  return resources((d) => Math.min(clear[d], usable[d]))
}

/** After a clock was set back, a time in the future counts as now: a hold time is never longer than asked for. */
const notAfter = (at: Instant | null, now: Instant): Instant | null =>
  at === null ? null : Math.min(at, now)

/**
 * The next state, from demand and usable (= capacity − reserve) as they are at `now`. Call it on every change, and
 * at `nextLoadCheck`. `lasts`: demand is expected to stay above, so there is no blip to wait for. Returns `state` itself when nothing changed.
 */
export const detectLoad = (
  state: LoadState,
  now: Instant,
  demand: Resources,
  usable: Resources,
  policy: Policy,
  lasts = false,
): LoadState => {
  const next = nextState(state, now, demand, usable, lasts ? 0 : policy.overloadHoldMs, policy.clearPermille)
  const same =
    next.since === state.since &&
    next.overloaded === state.overloaded &&
    next.overloadedAt === state.overloadedAt
  if (same) return state
  checkLoad(state, next, now, demand, usable)
  return next
}

/** What holds of each change, if this code is right. No measurement can break it. */
const checkLoad = (
  before: LoadState,
  next: LoadState,
  now: Instant,
  demand: Resources,
  usable: Resources,
): void => {
  const { since, overloaded, overloadedAt } = next
  assert((overloaded === null) === (overloadedAt === null), 'an overload has a dimension and a beginning')
  assert(overloadedAt === null || since !== null, 'an overload has lasted since some time')
  assert(
    since === null || since <= now,
    () => `demand has been too much since ${since}, and not since after ${now}`,
  )
  assert(
    since === null || overloadedAt === null || since <= overloadedAt,
    () => `the overload of ${overloadedAt} began after demand was too much, at ${since}`,
  )
  if (before.overloaded === null && overloaded !== null)
    assert(demand[overloaded] > usable[overloaded], `an overload begins only above what is usable`)
  if (before.overloaded !== null && overloaded === null)
    assert(fits(demand, usable), `an overload ends only where demand is usable`)
}

const nextState = (
  state: LoadState,
  now: Instant,
  demand: Resources,
  usable: Resources,
  holdMs: number,
  clearPermille: number,
): LoadState => {
  const above = worstAbove(demand, usable)
  const since = notAfter(state.since, now)

  if (state.overloaded !== null) {
    const clear = clearOf(usable, clearPermille)
    if (fits(demand, clear)) return calm
    const current = state.overloaded
    const overloaded = above ?? (demand[current] > clear[current] ? current : worstAbove(demand, clear))
    return { since, overloaded, overloadedAt: notAfter(state.overloadedAt, now) }
  }

  if (above === null) return calm
  const began = since ?? now
  if (now - began < holdMs) return { since: began, overloaded: null, overloadedAt: null }
  return { since: began, overloaded: above, overloadedAt: now }
}

/** When `detectLoad` must be called again although nothing changed: the end of the hold time; null = never. */
export const nextLoadCheck = (state: LoadState, policy: Policy): Instant | null =>
  state.since !== null && state.overloaded === null ? state.since + policy.overloadHoldMs : null
