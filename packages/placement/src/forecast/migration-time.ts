/**
 * How long a live migration is expected to take: the closed form of pre-copy (Clark et al., NSDI 2005, §5).
 * Each round resends what the guest dirtied during the previous one, so the rounds form a geometric series
 * with ratio dirty/bandwidth, whose sum is memory / (bandwidth − dirty).
 */

/** Handshake, device state and the last pause. Also what makes moving even an idle VM cost something. */
export const setupMs = 100

/**
 * A guest that dirties nearly as fast as the link carries is throttled by the hypervisor (auto-converge), so
 * the net rate never falls below this part of the link.
 */
const netRateShareMin = 5

/** Milliseconds (integer ≥ `setupMs`). Amounts in MiB and MiB/s; a link of 0 MiB/s counts as 1. */
export const migrationMs = (memoryMiB: number, dirtyMiBps: number, bandwidthMiBps: number): number => {
  const link = Math.max(1, bandwidthMiBps)
  const net = Math.max(link - dirtyMiBps, link / netRateShareMin)
  return setupMs + Math.ceil((memoryMiB * 1000) / net)
}
