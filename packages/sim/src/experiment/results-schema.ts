/** What a directory of results holds, as far as the report reads it: a file that another program wrote is looked at first. */
import * as z from 'zod'
import type { Run } from '../run/result.ts'
import type { Manifest } from './manifest.ts'

const number = z.number()
const numbers = z.array(number)
const texts = z.array(z.string())

export const manifestSchema = z.looseObject({
  schemaVersion: z.literal(1),
  version: z.string(),
  commit: z.nullable(z.string()),
  seeds: numbers,
  algorithms: texts,
  configurationHash: z.string(),
  command: texts,
  runtime: z.string(),
  startedAt: z.string(),
  name: z.string(),
}) as unknown as z.ZodType<Manifest>

/** The report prints every field: one that it does not know is left out. */
const result = z.object({
  schemaVersion: z.literal(1),
  algorithm: z.string(),
  hosts: number,
  vms: number,
  seed: number,
  overloadSeconds: number,
  overloads: number,
  overloadMedianS: number,
  overloadP95S: number,
  migrations: number,
  movedMiB: number,
  partitionSizeMedian: number,
  partitionSizeMax: number,
  bookedHostSeconds: number,
  messages: number,
  bytes: number,
  energyKwh: number,
  cpuSeconds: number,
  peakRssMiB: number,
  traceHash: z.string(),
  workload: z.string(),
  preset: z.nullable(z.string()),
  durationS: number,
  overloadsCured: number,
  events: number,
  heapKiBPerHost: z.nullable(number),
  powerManagement: z.enum(['load', 'none']),
  energyFullKwh: number,
  energyIdleOnKwh: number,
  energyIdleOffKwh: number,
  energySampledKwh: z.nullable(number),
  overloadDurationsS: numbers,
})

const span = z.tuple([number, number, number])

export const runSchema = z.looseObject({
  result,
  partitionSizes: numbers,
  timeline: z.nullable(
    z.looseObject({
      hosts: texts,
      overloads: z.array(span),
      held: z.array(span),
      migrations: z.array(z.tuple([number, number, number, number])),
    }),
  ),
}) as unknown as z.ZodType<Run>
