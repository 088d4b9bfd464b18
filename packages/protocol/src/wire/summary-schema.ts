/** The gossiped load summary. */
import { z } from 'zod'
import type { LoadSummary } from '../data/summary.ts'
import {
  type Check,
  codeText,
  count,
  type Describes,
  hostId,
  measure,
  partitionId,
  prose,
  resources,
  text,
  totals,
} from './parts.ts'

export const loadSummary = z.object({
  host: hostId,
  name: prose,
  location: text,
  incarnation: count,
  sequence: count,
  capacity: resources,
  reserve: resources,
  demand: totals,
  committedIn: totals,
  committedOut: totals,
  vms: count,
  forecast: z.nullable(
    z.object({ meanMilli: measure, awayMilli: measure, deviationMilli: measure, turnoverS: measure }),
  ),
  overloaded: z.boolean(),
  state: z.enum(['up', 'draining', 'leaving']),
  able: z.boolean(),
  partition: z.nullable(partitionId),
  failureDomain: z.nullable(text),
  cpuBaseline: text,
  // Versions before this field do not send it.
  migrationUri: text.default(''),
  mode: z.enum(['observe', 'auto']),
  version: text,
  policyHash: codeText,
})

export type SummarySchemaMatches = Check<Describes<typeof loadSummary, LoadSummary>>
