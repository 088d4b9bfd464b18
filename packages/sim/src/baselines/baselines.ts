/** All ways to schedule that the simulator carries, by name. */
import type { Scheduler } from '../run/simulated-run.ts'
import { crs } from './crs.ts'
import { drover } from './drover/drover.ts'
import { type DvmsOptions, dvms } from './dvms.ts'
import { entropy } from './entropy.ts'
import { greedyCentral } from './greedy-central.ts'
import { lazyFfd } from './lazy-ffd.ts'
import { none } from './none.ts'
import { snooze } from './snooze.ts'

export interface SchedulerEntry {
  /** One line for people. */
  readonly about: string
  /** A fresh one: a scheduler serves one run. */
  readonly create: (options?: never) => Scheduler
}

export const schedulers = {
  none: { about: 'no scheduling at all', create: none },
  'lazy-ffd': {
    about: 'central, every 30 s: evict from overloaded hosts until they fit, first fit over all hosts',
    create: lazyFfd,
  },
  entropy: {
    about: 'central, every 30 s: an exact plan for the whole cluster, planning time charged (Entropy)',
    create: entropy,
  },
  'greedy-central': {
    about: 'central and all-knowing, every second: the fastest sufficient move to the least loaded host',
    create: greedyCentral,
  },
  snooze: {
    about: 'hierarchical, reactive: managers of 32 hosts each plan for their group (Snooze)',
    create: snooze,
  },
  dvms: {
    about: 'distributed: an event goes round the ring and gathers a partition, one host after another (DVMS)',
    create: dvms,
  },
  'dvms-random': {
    about: 'as dvms, the next host drawn at random',
    create: (options: DvmsOptions = {}) => dvms({ ...options, next: 'random' }),
  },
  crs: {
    about: "central, every 10 s: one balancing move when imbalance lasts (Proxmox VE's scheduler)",
    create: crs,
  },
  drover: {
    about:
      "distributed: on every host the core of drover's own daemon, in the smallest partitions that suffice",
    create: drover,
  },
} as const satisfies Readonly<Record<string, SchedulerEntry>>

export type SchedulerName = keyof typeof schedulers
