/** `[workload]`: what happens to the cluster, whoever schedules it. Percents are of one core, as VMPlaceS counts. */
import * as z from 'zod'

const count = z.int().min(1)
const path = z.string().min(1)
const duration = z.number().positive()

const vmplaces = z
  .strictObject({
    kind: z.literal('vmplaces'),
    /** Replayed: both files, relative to where `drover` is run. */
    events: path.optional(),
    vms: path.optional(),
    /** Generated: by VMPlaceS's law, from the seed of the run. */
    hosts: count.optional(),
    vms_per_host: count.optional(),
    mean: z.number().min(0).max(100).optional(),
    std: z.number().min(0).max(100).optional(),
    /** Of both. */
    capacity: z.number().positive().optional(),
    duration_s: duration.optional(),
  })
  .superRefine((section, { addIssue }) => {
    const say = (key: string, message: string): void => addIssue({ code: 'custom', path: [key], message })
    const { events, vms } = section
    if ((events === undefined) !== (vms === undefined))
      say(
        events === undefined ? 'vms' : 'events',
        `needs ${events === undefined ? 'events' : 'vms'} as well: the events of a run and its VMs are two files`,
      )
    if (events === undefined && vms === undefined && section.hosts === undefined)
      say('hosts', 'is missing: give hosts to generate a workload, or events and vms to replay one')
    for (const key of ['hosts', 'vms_per_host', 'mean', 'std'] as const)
      if (section[key] !== undefined && (events !== undefined || vms !== undefined))
        say(key, 'is of generated workloads; the files say it where one is replayed')
  })

export const workloadSection = z.discriminatedUnion('kind', [vmplaces])
export type WorkloadSpec = z.output<typeof workloadSection>
