/**
 * The placement rules of the configuration: each kind that agents exchange, by the fields of its definition. VMs and hosts are named
 * by ids: see each pattern's message for why.
 */

import { exchangedDefinitions, type Field, type Form, formOf } from '@drover/placement'
import { asHostId, asVmId, dimensions, limits, type Rule } from '@drover/protocol'
import * as z from 'zod'
import { words } from './addresses.ts'
import { about, peerId, uuid } from './fields.ts'

const common = (continuous: boolean) => ({
  name: z.exactOptional(
    words(255).meta(
      about({
        description: 'For people, and for `drover explain`.',
        defaultText: 'none',
        prevents: '"rule 7 forbids it"',
      }),
    ),
  ),
  continuous: z
    .boolean()
    .default(continuous)
    .meta(
      about({
        description:
          'Holds between two migrations too, not only at the end of a plan. `false`: a plan that fails half-way may leave it broken until drover repairs it.',
        prevents: 'both database replicas on one host for the minute in which it fails',
      }),
    ),
  weight: z.exactOptional(
    z
      .int()
      .min(1)
      .max(limits.amountMax)
      .meta(
        about({
          description: 'Makes the rule soft: breaking it costs this much.',
          defaultText: 'none: the rule is hard',
          prevents: 'an overload that cannot be cured because of a mere wish',
        }),
      ),
  ),
})

const vm = uuid.transform((id) => asVmId(id.toLowerCase()))
const host = peerId.transform(asHostId)

/** What other agents would refuse to read is no rule either: they bound their lists by the same limits. */
const distinct = <T extends string>(of: z.ZodType<T>, min: number, max: number) =>
  z
    .array(of)
    .min(min)
    .max(max)
    .superRefine((ids, { addIssue }) => {
      const seen = new Set<T>()
      for (const [index, id] of ids.entries()) {
        if (seen.has(id)) addIssue({ code: 'custom', path: [index], message: `${id} is listed twice` })
        seen.add(id)
      }
    })

interface FormText {
  readonly schema: (vmsMin: number) => z.ZodType
  readonly what: string
  readonly prevents: string
}

const forms: { readonly [F in Form]: FormText } = {
  vms: {
    schema: (vmsMin) => distinct(vm, vmsMin, limits.snapshotVmsMax),
    what: 'UUIDs of VMs',
    prevents: 'a rule that holds only on hosts which happen to know the name',
  },
  hosts: {
    schema: () => distinct(host, 1, limits.viewHostsMax),
    what: 'peer ids of hosts',
    prevents: 'a rule that a renamed host escapes',
  },
  vmParts: {
    schema: () =>
      z
        .array(distinct(vm, 1, limits.snapshotVmsMax))
        .min(2)
        .max(limits.snapshotVmsMax),
    what: 'lists of UUIDs of VMs',
    prevents: 'a rule that holds only on hosts which happen to know the name',
  },
  hostGroups: {
    schema: () =>
      z
        .array(distinct(host, 1, limits.viewHostsMax))
        .min(1)
        .max(limits.viewHostsMax),
    what: 'lists of peer ids of hosts',
    prevents: 'a rule that a renamed host escapes',
  },
  dimension: {
    schema: () => z.enum(dimensions),
    what: 'what is counted',
    prevents: 'a limit on something that is not measured',
  },
  label: {
    schema: () =>
      z
        .string()
        .min(1)
        .max(limits.labelCharsMax)
        .regex(/^[^\s,]+$/, 'expected one word'),
    what: 'a label that VMs have in their metadata',
    prevents: 'a list of VMs that is out of date tomorrow',
  },
  amount: {
    schema: () => z.int().min(0).max(limits.amountMax),
    what: 'the most there may be',
    prevents: 'a limit that is none',
  },
  permille: {
    schema: () => z.int().min(1).max(limits.amountMax),
    what: 'permille of the limits',
    prevents: 'a limit of nothing',
  },
}

const quoted = (kinds: readonly string[]): string => {
  const names = kinds.map((kind) => `\`${kind}\``)
  return names.length < 2 ? names.join() : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
}

/** The field as the page tells it: once, for all kinds that have it. */
const fieldOf = (key: string, field: Field, vmsMin: number): z.ZodType => {
  const { schema, what, prevents } = forms[formOf(field)]
  const having = exchangedDefinitions.filter(({ fields }) => key in fields)
  const without = having.filter(({ fields }) => fields[key]?.endsWith('?')).map(({ kind }) => kind)
  const described = schema(vmsMin).meta(
    about({
      description: `${quoted(having.map(({ kind }) => kind))}: ${what}.`,
      defaultText: without.length === 0 ? 'required' : `required; ${quoted(without)}: all`,
      prevents,
    }),
  )
  return field.endsWith('?') ? z.exactOptional(described) : described
}

const meanings = exchangedDefinitions.map(({ kind, meaning }) => `\`${kind}\`: ${meaning}.`).join(' ')

const [firstKind, ...otherKinds] = exchangedDefinitions.map(({ kind, fields, vmsMin, continuous }) =>
  z.strictObject({
    kind: z.literal(kind).meta(
      about({
        description: meanings,
        defaultText: 'required',
        prevents: 'placements that the owner of the VMs must not have',
      }),
    ),
    ...Object.fromEntries(
      Object.entries(fields).map(([key, field]) => [key, fieldOf(key, field, vmsMin ?? 1)]),
    ),
    ...common(continuous ?? true),
  }),
)

if (firstKind === undefined) throw new Error('there are no kinds of rules')
export const rule = z.discriminatedUnion('kind', [firstKind, ...otherKinds]) as unknown as z.ZodType<Rule>
