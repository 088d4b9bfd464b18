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

/** Entropy is given a second for every so many hosts (VMPlaceS, `setTimeLimit(hosts / 8)`), ms. */
const limitMs = (hosts: number): number => (hosts < 8 ? smallLimitMs : Math.floor(hosts / 8) * 1000)
/** That would be no limit for fewer; the planner that DVMS's agents bring along has this one. */
const smallLimitMs = 3000
/** To make the model and find a first plan, ms: about what its authors give for DVMS's partitions (docs/simulation-baselines.md). */
const firstPlanMs = 290
/** Search nodes that Choco visits in a millisecond, and VMs on an overloaded host that may move: by order of magnitude. */
const nodesPerMs = 1
const movable = 10

/**
 * What Entropy takes to plan for so many hosts, of which so many are overloaded, ms. Its first plan is nearly always the
 * best, but it has to prove that: for one overloaded host that is immediate, since one must leave; for each further
 * one every VM of it has to be tried on every host, for all that was tried before, until the limit ends it. With
 * nothing overloaded there is nothing to decide: Entropy repairs.
 */
export const planningMs = (hosts: number, overloaded: number): number => {
  if (overloaded === 0) return 0
  let nodes = 0
  for (let left = overloaded; left > 1 && nodes < limitMs(hosts) * nodesPerMs; left--)
    nodes = Math.max(1, nodes) * movable * hosts
  return Math.min(limitMs(hosts), firstPlanMs + Math.ceil(nodes / nodesPerMs))
}
