/** When this host may lead again after a partition of its own has ended. */
import { assertNever } from '@drover/placement'
import { limits } from '../data/config.ts'
import type { Decision } from '../data/decision.ts'
import type { Instant } from '../data/ids.ts'
import type { StepContext } from '../step-context.ts'

export interface BackOff {
  /** Until then nothing is begun; at or before now = free. */
  readonly until: Instant
  concluded(decision: Decision): void
  /** Someone can help now who could not before: what was impossible may be possible. Not at once: more may follow. */
  news(): void
  reset(): void
}

/** A doubling pause with jitter: [half, whole) of min × 2^tries, at most max. Integers only. */
const pauseMs = (context: StepContext, tries: number, min: number, max: number): number => {
  const half = Math.max(1, Math.floor(Math.min(max, min * 2 ** Math.min(tries, 16)) / 2))
  return half + context.random(half)
}

export const createBackOff = (context: StepContext): BackOff => {
  let until: Instant = 0
  /** Partitions in a row that met others, and that found nothing to do. */
  let failures = 0
  let idle = 0
  return {
    get until() {
      return until
    },
    concluded({ result, code }) {
      // No host could even be asked: one may be there in a moment (a cluster that starts, a cut that heals).
      const alone = result === 'nothing' && code === 'partition.alone'
      switch (alone ? 'failed' : result) {
        case 'running':
          return
        case 'cured':
          until = context.now()
          failures = 0
          idle = 0
          return
        case 'failed':
        case 'satisfied':
          until =
            context.now() +
            pauseMs(
              context,
              failures++,
              alone ? limits.aloneBackOffMsMin : limits.backOffMsMin,
              limits.backOffMsMax,
            )
          return
        case 'relieved':
        case 'nothing':
        case 'would':
          until = context.now() + pauseMs(context, idle++, limits.idleBackOffMsMin, limits.idleBackOffMsMax)
          return
        default:
          return assertNever(result as never)
      }
    },
    news() {
      if (until > context.now()) until = Math.min(until, context.now() + limits.backOffMsMin)
    },
    reset() {
      until = 0
      failures = 0
      idle = 0
    },
  }
}
