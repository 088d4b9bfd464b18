/** `[workload]`: what happens to the cluster under every scheduler. Percents are of one core, as VMPlaceS counts. */
import * as z from 'zod'

const count = z.int().min(1).max(100_000)
/** Of one host: all of them are made in memory. */
const vmsPerHost = z.int().min(1).max(1_000)
const path = z.string().min(1)
const positive = z.number().min(1e-6).max(1e12)
/** Up to thirty years, s. */
const duration = z.number().min(0.001).max(1e9)

const vmplaces = z
  .strictObject({
    kind: z.literal('vmplaces'),
    /** Replayed: both files, relative to where `drover` is run. */
    events: path.optional(),
    vms: path.optional(),
    /** Generated: by VMPlaceS's law, from the seed of the run. */
    hosts: count.optional(),
    vms_per_host: vmsPerHost.optional(),
    mean: z.number().min(0).max(100).optional(),
    std: z.number().min(0).max(100).optional(),
    /** Of both. */
    capacity: positive.optional(),
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

/** Replayed: a day of PlanetLab on CloudSim's hosts. */
const planetlab = z.strictObject({
  kind: z.literal('planetlab'),
  /** `<day>.tar.gz`, or a folder. */
  data: path.default('../shared/data/planetlab/20110303.tar.gz'),
  hosts: count.optional(),
  memory: z.enum(['enforced', 'ignored']).optional(),
  /** Default: `none` under the algorithm `none` (CloudSim's baseline), else `load`. */
  power_management: z.enum(['none', 'load']).optional(),
  duration_s: duration.optional(),
})

/** Replayed: a day of business VMs; the hosts are made up. */
const bitbrains = z.strictObject({
  kind: z.literal('bitbrains'),
  /** What the names of its three files begin with. */
  data: path.default('../shared/data/bitbrains/rnd-20130814'),
  hosts: count.optional(),
  host_cores: count.optional(),
  host_memory_gib: count.optional(),
  overcommit: positive.optional(),
  placement: z.enum(['first-fit', 'spread']).optional(),
  memory: z.enum(['given', 'used']).optional(),
  dirty_mibps_per_core: z.number().min(0).max(1e12).optional(),
  link_mbps: positive.optional(),
  duration_s: duration.optional(),
})

/** Generated: demand with a shape, from the seed of the run. */
const shape = {
  hosts: count,
  vms_per_host: vmsPerHost.optional(),
  capacity: positive.optional(),
  duration_s: duration.optional(),
  mean: z.number().min(0).max(100).optional(),
  std: z.number().min(0).max(100).optional(),
  peak: z.number().min(0).max(100).optional(),
  sample_s: duration.optional(),
}
const pause = z.number().min(0).max(1e9)
const share = z.number().min(0).max(1).optional()
const steps = z.strictObject({
  kind: z.literal('steps'),
  ...shape,
  every_s: duration.optional(),
  hold_s: pause.optional(),
  share,
})
const waves = z.strictObject({
  kind: z.literal('waves'),
  ...shape,
  period_s: duration.optional(),
  groups: count.optional(),
})
const flashCrowds = z.strictObject({
  kind: z.literal('flash-crowds'),
  ...shape,
  gap_s: duration.optional(),
  share,
  rise_s: pause.optional(),
  hold_s: pause.optional(),
  fall_s: pause.optional(),
})

export const workloadSection = z.discriminatedUnion('kind', [
  vmplaces,
  planetlab,
  bitbrains,
  steps,
  waves,
  flashCrowds,
])
export type WorkloadSpec = z.output<typeof workloadSection>
