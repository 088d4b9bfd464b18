/**
 * From the publishing of a summary to its arrival in the core of another agent. One delay per pair of hosts, the same all
 * the time: it is the way through the mesh that takes long or not.
 */

/**
 * Quantiles in ms, linear between them: row `published → heard` of `npm run bench:gossip -- 32 60`, 2,759 deliveries among 32
 * agents in one process, on two cores that others kept busy (load 7). That errs on the slow side: with 16 agents the same minute
 * gave 8.7 (median), 21.7 (p90) and 73 ms (p99). 64 agents in one process measure their queue for the CPU.
 */
const quantiles: readonly (readonly [share: number, ms: number])[] = [
  [0, 0.7],
  [0.1, 4.3],
  [0.5, 35],
  [0.9, 135],
  [0.99, 422],
  [1, 575],
]

export const gossipDelayMsMax = quantiles.at(-1)![1]

/** murmur3's finaliser over the pair and the seed, as a share of 1. */
const shareOf = (seed: number, from: number, to: number): number => {
  let h = seed ^ Math.imul(from + 1, 0x9e3779b1) ^ Math.imul(to + 1, 0x85ebca77)
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return ((h ^ (h >>> 16)) >>> 0) / 0x1_0000_0000
}

export const gossipDelayMs = (seed: number, from: number, to: number): number => {
  const share = shareOf(seed, from, to)
  let [lowShare, lowMs] = quantiles[0]!
  for (const [highShare, highMs] of quantiles) {
    if (share < highShare) return lowMs + ((highMs - lowMs) * (share - lowShare)) / (highShare - lowShare)
    lowShare = highShare
    lowMs = highMs
  }
  return lowMs
}
