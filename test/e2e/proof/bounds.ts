/**
 * The bounds of liveness, in time that counts (`starvation.ts`), from the moment when everything is healed. They are those of the
 * simulated swarm (`liveness-bounds.ts`), and what real processes take beside: agents start, and dial again after a pause. Two
 * numbers are measured while there are no faults: how long an agent takes to start, and to cure.
 */

import { retryPauses } from '../../../packages/agent/src/retry-pauses.ts'
import { bounds as transport } from '../../../packages/agent/src/transport/bounds.ts'
import { limits, policyOf } from '../../../packages/protocol/src/index.ts'
import { livenessBounds } from '../../../packages/sim/src/invariants/liveness-bounds.ts'
import { policy, sampleMs } from '../agents/agent-config.ts'

export const promises = ['L1', 'L3', 'L4', 'L5', 'L6'] as const
export type PromiseCode = (typeof promises)[number]

export interface Measured {
  /** From the start of a process until its agent takes part, median. */
  readonly startMs: number
  /** From the beginning of an overload until it is cured, median. */
  readonly cureMs: number
}

export interface Bound {
  readonly ms: number
  /** What has to come true. */
  readonly what: string
  /** What the bound is made of. */
  readonly why: string
}

export const boundsOf = (
  { startMs, cureMs }: Measured,
  hosts: number,
): Readonly<Record<PromiseCode, Bound>> => {
  const simulated = livenessBounds(policyOf('aggressive', policy), hosts, sampleMs)
  /** The longest that a host goes unnoticed which was cut off until now: pauses between dials are drawn up to half as long again. */
  const dialMs = retryPauses.dial.maxMs * 1.5 + transport.dialMs
  /** Three starts, for those that are begun at the same time share the machine; and a lost journal. */
  const backMs = 3 * startMs + limits.lateStartMs + simulated.L5
  return {
    L1: {
      ms: backMs + simulated.L1,
      what: 'every partition of the time of faults is dissolved',
      why: 'restart + lease + longest action (stall and stop again, or late start)',
    },
    L3: {
      ms: backMs + dialMs + 10 * cureMs,
      what: 'every overload is cured',
      why: 'restart + longest pause between dials + 10 × the cure without faults',
    },
    L4: {
      ms: backMs + dialMs + transport.exchangeEveryMs + simulated.L4,
      what: 'each agent is connected to all others and sees them alive',
      why: 'restart + longest pause between dials + one exchange of addresses + 10 probes or 2 gossips',
    },
    L5: {
      ms: backMs,
      what: 'agents that were dead take part, and report what is on its way',
      why: '3 × start + 34 s (a lost journal) + 2 probes + 2 samples',
    },
    L6: {
      ms: backMs + simulated.L6,
      what: 'every end in doubt is settled',
      why: 'restart + late start + 2 rounds of answers + 2 polls',
    },
  }
}
