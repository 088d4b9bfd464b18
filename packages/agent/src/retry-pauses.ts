/** How long the agent waits before it repeats what has failed: exponential back-off (`backOffMs` of the core), and its numbers. */
import { backOffMs } from '@drover/protocol'

/** The pause doubles with each failure in a row. */
export interface RetryPauses {
  readonly firstMs: number
  readonly maxMs: number
}

export const retryPauses = {
  /** A journal that could not be written. A disk is cleaned up by people, in minutes; ten seconds more do not matter to them. */
  journal: { firstMs: 250, maxMs: 10_000 },
  /** A peer that could not be dialled. It may be down for days, and dozens of agents try. */
  dial: { firstMs: 200, maxMs: 30_000 },
  /** The daemon of this host's hypervisor. Asked on this machine only, and nothing can be done without it. */
  hypervisor: { firstMs: 100, maxMs: 5_000 },
} as const satisfies Record<string, RetryPauses>

/** `failures`: in a row, from 1. */
export const pauseMs = ({ firstMs, maxMs }: RetryPauses, failures: number): number =>
  backOffMs(failures, firstMs, maxMs)
