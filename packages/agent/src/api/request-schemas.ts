/** What the local API accepts. */
import * as z from 'zod'

const name = z.string().min(1).max(512)

export const planRequest = z.strictObject({})

export const explainQuery = z.strictObject({
  /** Name, id, or unambiguous part of an id; absent = this host. */
  about: name.optional(),
  kind: z.enum(['vm', 'host', 'decision']).optional(),
})

const count = z
  .string()
  .regex(/^\d{1,15}$/, 'expected a whole number')
  .transform(Number)

export const historyQuery = z.strictObject({
  /** Id or name of a VM. */
  vm: name.optional(),
  /** Wall clock, ms since 1970. */
  since: count.optional(),
  limit: count.pipe(z.int().min(1).max(10_000)).optional(),
})

/** `to`: name or id of a host; null = the best one. */
export const migrateRequest = z.strictObject({ vm: name, to: name.nullable() })

export const drainRequest = z.strictObject({
  onBlocker: z.enum(['abort', 'skip']).default('abort'),
  dryRun: z.boolean().default(false),
})

export const undrainRequest = z.strictObject({})

export const modeRequest = z.strictObject({ mode: z.enum(['observe', 'auto']) })
