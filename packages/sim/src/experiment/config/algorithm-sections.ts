/** What can be chosen about each algorithm. A key that is left out is as the algorithm's own code says. */
import { policySchema } from '@drover/agent/cli'
import * as z from 'zod'

/** Up to eleven days: as with the numbers of a workload, what is larger says never, and is a slip. */
const msMax = 1e9
const ms = z.number().min(0).max(msMax).optional()
const period = z.number().min(1).max(msMax).optional()
const count = z.int().min(1).max(1_000_000_000).optional()
const milli = z.int().min(0).max(1_000_000_000).optional()
const share = z.number().min(0).max(1).optional()

export const algorithmSections = {
  drover: z
    .strictObject({
      policy: policySchema,
      sample_ms: ms,
      latency_ms: ms,
      jitter_ms: ms,
      arc_hosts: count,
      gossip: z.enum(['arcs', 'full']).optional(),
    })
    .prefault({}),
  'lazy-ffd': z.strictObject({ pause_ms: period }).prefault({}),
  entropy: z.strictObject({ period_ms: period, nodes_max: count }).prefault({}),
  'greedy-central': z
    .strictObject({ period_ms: period, act_reserve_milli: milli, relieve_reserve_milli: milli })
    .prefault({}),
  snooze: z
    .strictObject({ group_hosts_max: count, pause_ms: period, heartbeat_ms: period, nodes_max: count })
    .prefault({}),
  /** Of `dvms-random` too. */
  dvms: z
    .strictObject({
      poll_ms: period,
      members_min: count,
      timeout_ms: period,
      message_ms: ms,
      nodes_max: count,
    })
    .prefault({}),
  crs: z.strictObject({ round_ms: period, threshold: share, hold_rounds: count, margin: share }).prefault({}),
}
