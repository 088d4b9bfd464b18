/**
 * The bounds of liveness, in time that counts (`starvation.ts`), from the moment when everything is healed. Made of the product's
 * own numbers, and of two that are measured while there are no faults: how long an agent takes to start, and to cure.
 */

import { retryPauses } from '../../../packages/agent/src/retry-pauses.ts'
import { bounds as transport } from '../../../packages/agent/src/transport/bounds.ts'
import { limits } from '../../../packages/protocol/src/index.ts'

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

export const boundsOf = ({ startMs, cureMs }: Measured): Readonly<Record<PromiseCode, Bound>> => {
  /** The longest that a host goes unnoticed which was cut off until now: pauses between dials are drawn up to half as long again. */
  const dialMs = retryPauses.dial.maxMs * 1.5 + transport.dialMs
  /** A migration that hangs: noticed, stopped, stopped again; and one that its hypervisor had not read yet. */
  const actionMs = limits.migrationStallMs + limits.stopAgainMs + limits.lateStartMs
  /** Three starts, for those that are begun at the same time share the machine. */
  const backMs = 3 * startMs + limits.leaseMs + 10 * limits.probeMs
  return {
    L1: {
      ms: limits.leaseMs + actionMs + backMs,
      what: 'every partition of the time of faults is dissolved',
      why: 'restart + lease + longest action (stall, stop again, late start)',
    },
    L3: {
      ms: backMs + dialMs + 10 * cureMs,
      what: 'every overload is cured',
      why: 'restart + longest pause between dials + 10 × the cure without faults',
    },
    L4: {
      ms: backMs + dialMs + transport.exchangeEveryMs + 10 * limits.probeMs,
      what: 'each agent is connected to all others and sees them alive',
      why: 'restart + longest pause between dials + one exchange of addresses + 10 probes',
    },
    L5: {
      ms: backMs,
      what: 'agents that were dead take part, and report what is on its way',
      why: '3 × start + lease (a lost journal) + 10 probes',
    },
    L6: {
      ms: backMs + limits.lateStartMs + limits.settleRoundMsMax + 2 * limits.settlePollMs,
      what: 'every end in doubt is settled',
      why: 'restart + late start + a round of answers + 2 polls',
    },
  }
}
