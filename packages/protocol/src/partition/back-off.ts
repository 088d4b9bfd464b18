/** When this host may lead again after a partition of its own has ended. */
import { assertNever } from '@drover/placement'
import { limits } from '../data/config.ts'
import type { Decision } from '../data/decision.ts'
import { backOffMs, jitteredMs } from '../data/exponential-back-off.ts'
import type { Instant } from '../data/ids.ts'
import type { StepContext } from '../step-context.ts'

export interface BackOff {
  /** Until then nothing is begun; at or before now = free. */
  readonly until: Instant
  begun(): void
  concluded(decision: Decision): void
  /** What was impossible may be possible now. Not at once: more may follow. */
  news(): void
  reset(): void
}

export const createBackOff = (context: StepContext): BackOff => {
  let until: Instant = 0
  /** Partitions in a row that met others, and that found nothing to do. */
  let failures = 0
  let idle = 0
  /** Since the partition under way was begun: it may not have counted on that any more. */
  let heardNews = false
  const soon = (): Instant => context.now() + limits.backOffMsMin
  const idleMsMax = Math.min(
    limits.idleBackOffMsMax,
    limits.idleBackOffTimesMax * (limits.idleBackOffMsMin + context.policy.overloadHoldMs),
  )
  const pause = (times: number, firstMs: number, maxMs: number): void => {
    until = context.now() + jitteredMs(backOffMs(times, firstMs, maxMs), context.random)
    if (heardNews) until = Math.min(until, soon())
  }
  return {
    get until() {
      return until
    },
    begun() {
      heardNews = false
    },
    concluded({ result, code }) {
      // No host could even be asked: one may be there in a moment (a cluster that starts, a cut that heals).
      const alone = result === 'nothing' && code === 'partition.alone'
      switch (result) {
        case 'running':
          return
        case 'cured':
          until = context.now()
          failures = 0
          idle = 0
          return
        case 'failed':
        case 'satisfied':
          failures += 1
          return pause(failures, limits.backOffMsMin, limits.backOffMsMax)
        case 'relieved':
        case 'nothing':
        case 'would':
          idle += 1
          return pause(idle, alone ? limits.aloneBackOffMsMin : limits.idleBackOffMsMin, idleMsMax)
        default:
          return assertNever(result as never)
      }
    },
    news() {
      heardNews = true
      if (until > context.now()) until = Math.min(until, soon())
    },
    reset() {
      until = 0
      failures = 0
      idle = 0
    },
  }
}
