/**
 * Rules on the wire. A rule of an unknown kind makes its message undecodable: a rule that a host cannot read is a
 * rule that it would break. So rules may gain kinds, but a kind never changes its meaning.
 */
import { z } from 'zod'
import { limits } from '../../config.ts'
import { type Check, type Describes, hostId, prose, vmId } from '../../wire/parts.ts'
import type { Rule } from './rule.ts'

const common = {
  name: z.exactOptional(prose),
  continuous: z.exactOptional(z.boolean()),
  weight: z.exactOptional(z.int().min(0)),
}
const vms = z.array(vmId).max(limits.snapshotVmsMax)
const hosts = z.array(hostId).max(limits.viewHostsMax)

const spread = z.object({ ...common, kind: z.literal('spread'), vms })
const ban = z.object({ ...common, kind: z.literal('ban'), vms, hosts })
const fence = z.object({ ...common, kind: z.literal('fence'), vms, hosts })

export const ruleSchema = z.discriminatedUnion('kind', [spread, ban, fence])

export type RuleSchemaMatches = Check<Describes<typeof ruleSchema, Rule>>
