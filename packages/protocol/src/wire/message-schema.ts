/** Every message between two agents, in the order of `message-schema.ts`. */
import { z } from 'zod'
import { limits } from '../data/config.ts'
import type { Message } from '../data/message.ts'
import { decision, reason } from './decision-schema.ts'
import {
  actionId,
  type Check,
  code,
  count,
  type Describes,
  hostId,
  integer,
  measure,
  partitionId,
  resources,
  text,
  vmId,
} from './parts.ts'
import { actionResult, migrate, plan, problem } from './plan-schema.ts'
import { hostSnapshot, vmSnapshot } from './snapshot-schema.ts'

const fromPeer = { incarnation: count }
const inPartition = { ...fromPeer, partition: partitionId, epoch: count }
const ofAction = { ...inPartition, action: actionId }
const ofVm = { ...ofAction, vm: vmId }

const rank = z.object({ severity: integer, ageMs: measure, partition: partitionId })
const presence = z.enum([
  'running',
  'paused',
  'held',
  'outgoing',
  'incoming',
  'shut',
  'saved',
  'absent',
  'silent',
])

/** Versions before this field do not send it: their drivers see to it, as far as they can. */
const autostart = z.boolean().default(false)

/** One entry for each member that a plan touches. */
const epochs = z
  .record(hostId, count)
  .refine((all) => Object.keys(all).length <= limits.partitionHostsMax, 'more epochs than hosts')

export const message = z.discriminatedUnion('kind', [
  z.object({
    ...inPartition,
    kind: z.literal('reserve'),
    rank,
    reason,
    intent: z.enum(['lease', 'observe']),
  }),
  z.object({ ...inPartition, kind: z.literal('granted'), leaseMs: measure, snapshot: hostSnapshot }),
  z.object({ ...inPartition, kind: z.literal('busy'), holder: partitionId, rank, retryMs: measure }),
  z.object({ ...inPartition, kind: z.literal('declined'), code }),

  z.object({ ...inPartition, kind: z.literal('renew') }),
  z.object({ ...inPartition, kind: z.literal('release') }),
  z.object({ ...inPartition, kind: z.literal('revoked'), code: z.enum(['wounded', 'lapsed', 'unknown']) }),

  z.object({ ...inPartition, kind: z.literal('assign'), problem, plan, epochs, decision }),
  z.object({ ...inPartition, kind: z.literal('recorded'), decision }),
  z.object({ ...ofAction, kind: z.literal('begin') }),
  z.object({ ...ofVm, kind: z.literal('withdraw') }),
  z.object({ ...ofAction, kind: z.literal('ended'), result: actionResult }),

  z.object({
    ...ofAction,
    kind: z.literal('admit'),
    migrate,
    vm: vmSnapshot,
    paused: z.boolean(),
    sourceUri: text,
    cooldownMs: measure,
    autostart,
  }),
  z.object({ ...ofAction, kind: z.literal('admitted'), uri: text, validMs: measure }),
  z.object({ ...ofAction, kind: z.literal('not-admitted'), code }),
  z.object({ ...ofVm, kind: z.literal('hand-over'), round: count, demand: resources.nullable(), autostart }),
  z.object({ ...ofVm, kind: z.literal('took-over') }),
  z.object({ ...ofVm, kind: z.literal('closed') }),
  z.object({ ...ofVm, kind: z.literal('forgotten') }),
  z.object({ ...ofVm, kind: z.literal('cancelled') }),
  z.object({ ...ofVm, kind: z.literal('where-is'), round: count }),
  z.object({ ...ofVm, kind: z.literal('whereabouts'), round: count, presence }),

  z.object({ ...fromPeer, kind: z.literal('ping'), sequence: count }),
  z.object({ ...fromPeer, kind: z.literal('ack'), sequence: count, subject: hostId }),
  z.object({ ...fromPeer, kind: z.literal('ping-req'), sequence: count, target: hostId }),
  z.object({ ...fromPeer, kind: z.literal('suspect'), subject: hostId, subjectIncarnation: count }),
  z.object({ ...fromPeer, kind: z.literal('outdated'), known: count }),
])

export const messageKinds: ReadonlySet<string> = new Set(message.options.map(({ shape }) => shape.kind.value))

export type MessageSchemaMatches = Check<Describes<typeof message, Message>>
