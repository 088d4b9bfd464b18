/** What may stand in the configuration of an experiment. Keys are snake_case with the unit last, as in the agent's. */
import * as z from 'zod'
import { algorithmSections } from './algorithm-sections.ts'
import { workloadSection } from './workload-section.ts'

export const experimentSchema = z.strictObject({
  /** For headings. Default: the name of the workload. */
  name: z.string().min(1).optional(),
  /** `drover:conservative` and the like are drover with that preset. */
  algorithms: z.array(z.string().min(1)).min(1).max(100).default(['drover']),
  seeds: z.array(z.int().min(0).max(0xffff_ffff)).min(1).max(100_000).default([1]),
  workload: workloadSection,
  /** Of `drover sim scale`: the same workload at each of these sizes. */
  scaling: z.strictObject({ hosts: z.array(z.int().min(2).max(100_000)).min(1).max(100) }).optional(),
  ...algorithmSections,
})

export type ExperimentFile = z.output<typeof experimentSchema>
