/** How long each promise of liveness may take to hold, from the numbers of the protocol; docs/architecture.md (Promises). */
import { limits, type Policy, type Resources } from '@drover/protocol'
import type { Liveness } from './findings.ts'

export interface LivenessBounds extends Readonly<Record<Liveness, number>> {
  /** How long a host may wait for one action of a plan that it leads, ms: a VM of so much memory moves over the slowest link. */
  readonly ledMs: (memoryMiB: number) => number
  /** What an overloaded host must come down to, and no other above. */
  readonly curedAt: (capacity: Resources) => Resources
}

/** One exchange of messages, ms, at the greatest delay of a link. */
const roundTripMs = 1_000

/**
 * What a cluster without faults takes to cure an overload that has lasted for the hold time, ms: the median of 443 is 4.1 s from
 * its detection (`npm run swarm -- --kinds none --seed 1 --seeds 100 --size small`), and a sample may pass before that.
 */
const medianCureMs = 5_000
/** Ten times that, as the promise says. */
const cureMs = (policy: Policy): number => 10 * (medianCureMs + policy.overloadHoldMs)

export const livenessBounds = (policy: Policy, hosts: number, sampleMs: number): LivenessBounds => {
  // A guest that rewrites its memory leaves a fifth of the link.
  const slowestMiBps = (policy.bandwidthMiBps ?? limits.assumedLinkMiBps) / limits.linkSlownessMax / 5
  const settleMs = 2 * limits.settleRoundMsMax + limits.lateStartMs
  // Membership spreads in rounds: their number grows with the logarithm of the cluster.
  const rounds = hosts <= 100 ? 10 : 20
  return {
    L1: limits.leaseMs + Math.max(limits.migrationStallMs + limits.stopAgainMs, settleMs) + 2 * roundTripMs,
    L2: 3 * limits.leaseMs,
    L3: cureMs(policy),
    L4: Math.max(rounds * limits.probeMs, 2 * policy.gossipMs),
    L5: 2 * limits.probeMs + 2 * sampleMs + roundTripMs,
    L6: settleMs + 2 * limits.settlePollMs,
    ledMs: (memoryMiB) =>
      limits.migrationMsMin +
      limits.migrationTimesMax * ((memoryMiB * 1_000) / slowestMiBps) +
      limits.stopAgainMs +
      settleMs +
      2 * roundTripMs,
    curedAt: ({ cpuMilli, memoryMiB }) => ({
      cpuMilli: Math.floor((cpuMilli * policy.clearPermille) / 1_000),
      memoryMiB: Math.floor((memoryMiB * policy.clearPermille) / 1_000),
    }),
  }
}
