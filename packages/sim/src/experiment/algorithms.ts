/** The algorithm of a run as plain data, which travels to the process of that run, and the scheduler made of it. */

import { type SchedulerName, schedulers } from '../baselines/baselines.ts'
import type { CrsOptions } from '../baselines/crs.ts'
import type { DroverOptions } from '../baselines/drover/drover-options.ts'
import type { DvmsOptions } from '../baselines/dvms.ts'
import type { EntropyOptions } from '../baselines/entropy.ts'
import type { GreedyCentralOptions } from '../baselines/greedy-central.ts'
import type { LazyFfdOptions } from '../baselines/lazy-ffd.ts'
import type { SnoozeOptions } from '../baselines/snooze.ts'
import type { Scheduler } from '../run/simulated-run.ts'

export type AlgorithmSpec = {
  /** As it was asked for, e.g. `drover:aggressive`; as tables call it. */
  readonly label: string
  /** drover's; null for the others. */
  readonly preset: string | null
} & (
  | { readonly name: 'none' }
  | { readonly name: 'lazy-ffd'; readonly options: LazyFfdOptions }
  | { readonly name: 'entropy'; readonly options: EntropyOptions }
  | { readonly name: 'greedy-central'; readonly options: GreedyCentralOptions }
  | { readonly name: 'snooze'; readonly options: SnoozeOptions }
  | { readonly name: 'dvms' | 'dvms-random'; readonly options: DvmsOptions }
  | { readonly name: 'crs'; readonly options: CrsOptions }
  | { readonly name: 'drover'; readonly options: DroverOptions }
)

export const algorithmNames = Object.keys(schedulers) as readonly SchedulerName[]

/** A fresh one: it serves one run. */
export const createScheduler = (spec: AlgorithmSpec): Scheduler => {
  switch (spec.name) {
    case 'none':
      return schedulers.none.create()
    case 'lazy-ffd':
      return schedulers['lazy-ffd'].create(spec.options)
    case 'entropy':
      return schedulers.entropy.create(spec.options)
    case 'greedy-central':
      return schedulers['greedy-central'].create(spec.options)
    case 'snooze':
      return schedulers.snooze.create(spec.options)
    case 'dvms':
    case 'dvms-random':
      return schedulers[spec.name].create(spec.options)
    case 'crs':
      return schedulers.crs.create(spec.options)
    case 'drover':
      return schedulers.drover.create(spec.options)
    default:
      return spec satisfies never
  }
}
