/**
 * Rules on the wire, each kind by the fields of its definition. A rule of an unknown kind makes its message undecodable: a rule that a
 * host cannot read is a rule that it would break. So rules may gain kinds, but a kind never changes its meaning.
 */

import { assert, byForm, exchangedDefinitions, type Form, type Rule } from '@drover/placement'
import { z } from 'zod'
import { limits } from '../data/config.ts'
import { codeText, count, hostId, label, listOf, prose, text, vmId } from './parts.ts'

const common = {
  name: z.exactOptional(prose),
  code: z.exactOptional(codeText),
  continuous: z.exactOptional(z.boolean()),
  weight: z.exactOptional(count),
}
const vms = listOf(vmId, limits.snapshotVmsMax)
const hosts = listOf(hostId, limits.viewHostsMax)

const forms: { readonly [F in Form]: z.ZodType } = {
  vms,
  hosts,
  vmParts: listOf(vms, limits.snapshotVmsMax),
  hostGroups: listOf(hosts, limits.viewHostsMax),
  dimension: text,
  label,
  amount: count,
  permille: count,
}

const [firstKind, ...otherKinds] = exchangedDefinitions.map(({ kind, fields }) =>
  z.object({ ...common, kind: z.literal(kind), ...byForm(fields, forms, z.exactOptional) }),
)
assert(firstKind !== undefined, 'agents exchange at least one kind of rule')
export const ruleSchema = z.discriminatedUnion('kind', [
  firstKind,
  ...otherKinds,
]) as unknown as z.ZodType<Rule>
