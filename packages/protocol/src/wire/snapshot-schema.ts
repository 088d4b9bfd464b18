/** Snapshots: hosts and VMs as a member froze them. */
import { z } from 'zod'
import { limits } from '../data/config.ts'
import type { HostSnapshot, VmSnapshot } from '../data/snapshot.ts'
import {
  amountMeasure,
  type Check,
  code,
  type Describes,
  hostId,
  labels,
  listOf,
  measure,
  prose,
  resources,
  text,
  totals,
  vmId,
} from './parts.ts'
import { ruleSchema } from './rule-schema.ts'

export const vmSnapshot = z.object({
  vm: vmId,
  name: prose,
  state: z.enum(['running', 'paused']),
  incarnation: text,
  demand: resources,
  dirtyMiBps: measure,
  demandStats: z.object({
    watchedS: amountMeasure,
    meanMilli: amountMeasure,
    deviationMilli: amountMeasure,
    turnoverS: amountMeasure,
  }),
  fixed: z.nullable(code),
  cooldownMs: measure,
  movedFrom: z.nullable(hostId),
  labels,
})

export const hostSnapshot = z.object({
  host: hostId,
  name: prose,
  capacity: resources,
  reserve: resources,
  vms: listOf(vmSnapshot, limits.snapshotVmsMax),
  promisedIn: totals,
  draining: z.boolean(),
  overloaded: z.boolean(),
  foresees: z.boolean(),
  cpuBaseline: text,
  failureDomain: z.nullable(text),
  rules: listOf(ruleSchema, limits.snapshotVmsMax),
  sampleAgeMs: measure,
})

export type SnapshotSchemasMatch = [
  Check<Describes<typeof vmSnapshot, VmSnapshot>>,
  Check<Describes<typeof hostSnapshot, HostSnapshot>>,
]
