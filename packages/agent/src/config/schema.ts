/**
 * What may stand in the configuration. One place: the check, `docs/configuration.md`, the types of environment
 * variables and the suggestions for misspelt keys are all read from it.
 *
 * Keys are snake_case with the unit last. Every key has a description, and says which failure it prevents.
 */
import * as z from 'zod'
import { about, amounts } from './fields.ts'
import { api, host, hypervisor, log, network } from './host-sections.ts'
import { policy } from './policy-section.ts'
import { rule } from './rules-section.ts'

export const fileSchema = z.strictObject({
  mode: z
    .enum(['observe', 'auto'])
    .default('observe')
    .meta(
      about({
        description:
          '`observe` decides and says what it would do, and moves nothing; `auto` migrates. `drover mode` changes it at run time and outlives a restart.',
        prevents: 'a first start that moves VMs before an operator has looked',
      }),
    ),
  host,
  capacity: amounts(
    'that this host has',
    'what the hypervisor says',
    'what the hypervisor says',
    'planning with cores or memory that belong to something else',
  ),
  reserve: amounts(
    'kept free for the host itself',
    '20 % of the capacity',
    'the greater of 2048 and 5 % of the capacity, but at most half of it',
    'VMs that starve the host, and hosts that run out of memory',
  ),
  hypervisor,
  network,
  policy,
  rules: z.array(rule).max(1_000).default([]),
  api,
  log,
})

/** The checked files, still with the names of the files; `load.ts` turns it into `Settings`. */
export type FileConfig = z.output<typeof fileSchema>
