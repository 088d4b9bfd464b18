/** Decision records, as a leader hands them to the participants. */
import { z } from 'zod'
import { limits } from '../data/config.ts'
import type { Decision } from '../data/decision.ts'
import {
  type Check,
  code,
  type Describes,
  hostId,
  integer,
  listOf,
  measure,
  partitionId,
  prose,
  resources,
  totals,
  vmId,
} from './parts.ts'
import { action, actionResult } from './plan-schema.ts'

export const reason = z.enum([
  'overload.cpu',
  'overload.mem',
  'forecast.cpu',
  'drain',
  'operator',
  'rule.violation',
])

const actionRecord = z.object({
  action,
  vmName: prose,
  demand: resources,
  result: z.nullable(z.union([actionResult, z.object({ kind: z.literal('would') })])),
})

export const decision = z.object({
  id: partitionId,
  leader: hostId,
  leaderName: prose,
  reason,
  need: prose,
  mode: z.enum(['observe', 'auto']),
  members: listOf(hostId, limits.partitionHostsMax),
  candidates: listOf(
    z.object({ host: hostId, name: prose, code: z.nullable(code), text: prose }),
    limits.viewHostsMax,
  ),
  stayed: listOf(z.object({ vm: vmId, name: prose, code }), limits.snapshotVmsMax),
  actions: listOf(actionRecord, limits.planActionsMax),
  hosts: listOf(
    z.object({ host: hostId, name: prose, usable: resources, before: totals, after: totals }),
    limits.partitionHostsMax,
  ),
  result: z.enum(['running', 'cured', 'relieved', 'nothing', 'failed', 'would', 'satisfied']),
  code: z.nullable(code),
  text: prose,
  detectedAt: integer,
  reservedMs: z.nullable(measure),
  solvedMs: z.nullable(measure),
  detectToStartMs: z.nullable(measure),
  endedMs: z.nullable(measure),
  asMember: z.boolean(),
})

export type DecisionSchemaMatches = Check<Describes<typeof decision, Decision>>
