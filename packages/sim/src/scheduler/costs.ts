/**
 * What talking and thinking cost the baselines in virtual time. One table, so that no baseline has a figure of its own:
 * every number is what VMPlaceS charges (its configuration and code), or was published with it.
 */

/**
 * One way between two hosts, ms. VMPlaceS' platform: 50 µs per host link and 500 µs of backbone, which SimGrid's
 * default network model (LV08, Velho and Legrand 2009) multiplies by 13.01 for the behaviour of TCP.
 */
export const messageMs = 0.6 * 13.01
/** A message of DVMS or Snooze, whatever it says (VMPlaceS' ARBITRARY_MSG_SIZE). */
export const messageBytes = 1024
/** A manager asks all its hosts how they are, in parallel, and has their answers, ms (Snooze in VMPlaceS: "a round trip"). */
export const pullMs = 70

/** Entropy is given a second for every so many hosts (VMPlaceS, `setTimeLimit(hosts / 8)`; 0 = as long as it takes). */
const hostsPerSecond = 8
/** So long it takes without a limit, in partitions of four hosts (Euro-Par 2015: 0.29 s ± 0.03 s), ms. */
const smallMs = 290

/**
 * What Entropy takes to plan for so many hosts, ms. It minimises the sum of the actions' ends, which constraint
 * programming hardly ever proves within its limit, so it takes all of it. With nothing overloaded there is nothing to
 * decide: Entropy repairs, and no VM is in need (published means over *all* rounds are a fifth of the limit with a
 * deviation twice the mean, at 128 to 1024 hosts: nearly nothing, or nearly the limit).
 */
export const planningMs = (hosts: number, overloaded: number): number => {
  if (overloaded === 0) return 0
  return Math.max(smallMs, Math.floor(hosts / hostsPerSecond) * 1000)
}
