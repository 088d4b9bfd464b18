/** The placement rules of the configuration. VMs and hosts are named by ids: see each pattern's message for why. */
import * as z from 'zod'
import { about, peerId, uuid } from './fields.ts'

const ruleCommon = {
  name: z
    .string()
    .min(1)
    .optional()
    .meta(
      about({
        description: 'For people, and for `drover explain`.',
        defaultText: 'none',
        prevents: '"rule 7 forbids it"',
      }),
    ),
  continuous: z
    .boolean()
    .default(true)
    .meta(
      about({
        description: 'Holds between two migrations too, not only at the end of a plan.',
        prevents: 'both database replicas on one host for the minute in which it fails',
      }),
    ),
  weight: z
    .int()
    .min(1)
    .optional()
    .meta(
      about({
        description: 'Makes the rule soft: breaking it costs this much.',
        defaultText: 'none: the rule is hard',
        prevents: 'an overload that cannot be cured because of a mere wish',
      }),
    ),
}
const ruleVms = z.array(uuid).meta(
  about({
    description: 'UUIDs of VMs.',
    defaultText: 'required',
    prevents: 'a rule that holds only on hosts which happen to know the name',
  }),
)
const ruleHosts = z
  .array(peerId)
  .min(1)
  .meta(
    about({
      description: '`ban` and `fence`: peer ids of hosts.',
      defaultText: 'required',
      prevents: 'a rule that a renamed host escapes',
    }),
  )
const ruleKind = <K extends 'spread' | 'ban' | 'fence'>(kind: K) =>
  z.literal(kind).meta(
    about({
      description:
        '`spread`: no two of the VMs on one host. `ban`: none of the VMs on these hosts. `fence`: the VMs only on these hosts.',
      defaultText: 'required',
      prevents: 'placements that the owner of the VMs must not have',
    }),
  )

export const rule = z.discriminatedUnion('kind', [
  z.strictObject({ kind: ruleKind('spread'), vms: ruleVms.min(2), ...ruleCommon }),
  z.strictObject({ kind: ruleKind('ban'), vms: ruleVms.min(1), hosts: ruleHosts, ...ruleCommon }),
  z.strictObject({ kind: ruleKind('fence'), vms: ruleVms.min(1), hosts: ruleHosts, ...ruleCommon }),
])
