/** Plans, the problems they answer, and how actions end. */

import { type Action, type ActionResult, dimensions, type Plan, type Problem } from '@drover/placement'
import { z } from 'zod'
import { limits } from '../data/config.ts'
import {
  actionId,
  type Check,
  codeText,
  count,
  type Describes,
  hostId,
  labels,
  listOf,
  measure,
  prose,
  text,
  vmId,
} from './parts.ts'
import { ruleSchema } from './rule-schema.ts'

const common = {
  id: actionId,
  vm: vmId,
  after: listOf(actionId, limits.planActionsMax),
}
export const migrate = z.object({ ...common, kind: z.literal('migrate'), from: hostId, to: hostId })
const suspend = z.object({ ...common, kind: z.literal('suspend'), from: hostId })
const resume = z.object({ ...common, kind: z.literal('resume'), to: hostId })
const start = z.object({ ...common, kind: z.literal('start'), to: hostId })
const stop = z.object({ ...common, kind: z.literal('stop'), from: hostId })
export const action = z.discriminatedUnion('kind', [migrate, suspend, resume, start, stop])

export const plan = z.object({
  actions: listOf(action, limits.planActionsMax),
  makespanMs: measure,
})

export const actionResult = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('done') }),
  z.object({ kind: z.literal('refused'), code: codeText, detail: z.exactOptional(prose) }),
  z.object({ kind: z.literal('unknown'), code: codeText, detail: z.exactOptional(prose) }),
])

const amounts = listOf(count, dimensions.length, dimensions.length)
const vmState = z.enum(['running', 'sleeping', 'ready'])

const problemHost = z.object({
  id: hostId,
  state: z.enum(['online', 'draining', 'offline']),
  limit: amounts,
  admits: z.exactOptional(amounts),
  cpuBaseline: z.nullable(text),
  failureDomain: z.nullable(text),
})

const problemVm = z.object({
  id: vmId,
  host: z.nullable(hostId),
  state: vmState,
  wanted: vmState,
  demand: amounts,
  memoryMiB: count,
  dirtyMiBps: measure,
  movable: z.boolean(),
  labels,
})

/** Its dimensions must be those of this version: another one would go unchecked. */
export const problem = z.object({
  dimensions: listOf(text, dimensions.length).refine(
    (names) => names.join() === dimensions.join(),
    'other dimensions',
  ),
  hosts: listOf(problemHost, limits.partitionHostsMax),
  vms: listOf(problemVm, limits.partitionHostsMax * limits.snapshotVmsMax),
  rules: listOf(ruleSchema, limits.snapshotVmsMax),
  bandwidthMiBps: measure,
  migrationsOutMax: count,
  migrationsInMax: count,
})

export type PlanSchemasMatch = [
  Check<Describes<typeof action, Action>>,
  Check<Describes<typeof plan, Plan>>,
  Check<Describes<typeof actionResult, ActionResult>>,
  Check<Describes<typeof problem, Problem>>,
]
