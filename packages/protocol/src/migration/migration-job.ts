/**
 * How long a migration may take, and when it is broken off. The estimate says how long it should take; what the hypervisor
 * tells of the job says how fast its link really is, and whether anything is sent at all. Pure: the whole rule is here. It
 * needs of the agent that began the migration no more than its journal tells, so that a restarted agent supervises it again.
 */

import { migrationMs } from '@drover/placement'
import { limits, linkMiBpsOf, type Policy } from '../data/config.ts'
import type { Instant } from '../data/ids.ts'
import type { ReasonCode } from '../data/reasons.ts'

/** Why a migration is broken off for its own sake. The VM runs on where it was, and is left alone for a while. */
export type BrokenOffCode = 'migration.stalled' | 'migration.timeout' | 'mem.would_not_converge'

const brokenOffCodes: ReadonlySet<string> = new Set<BrokenOffCode>([
  'migration.stalled',
  'migration.timeout',
  'mem.would_not_converge',
])
export const isBrokenOff = (said: string): boolean => brokenOffCodes.has(said)

export interface Job {
  /** When it began; after a restart of the agent, as its journal tells, or when it was found. */
  readonly since: Instant
  readonly memoryMiB: number
  readonly dirtyMiBps: number
  /** What it has sent, as the hypervisor last said, when that was, and since when it says the same; null = it does not say. */
  readonly sentMiB: number | null
  readonly toldAt: Instant
  readonly sameSince: Instant
  /** The hypervisor was asked to stop it: why, and when the last time. */
  readonly stopping: { readonly code: ReasonCode; readonly askedAt: Instant } | null
}

export const jobOf = (since: Instant, memoryMiB: number, dirtyMiBps: number): Job => ({
  since,
  memoryMiB,
  dirtyMiBps,
  sentMiB: null,
  toldAt: since,
  sameSince: since,
  stopping: null,
})

/** The hypervisor has been asked again how much it has sent. */
export const told = (job: Job, sentMiB: number | null, now: Instant): Job => ({
  ...job,
  sentMiB,
  toldAt: now,
  sameSince: sentMiB === job.sentMiB ? job.sameSince : now,
})

/** MiB/s that its link carries: what was seen of it, between the assumed rate and a part of that. */
const linkOf = ({ since, sentMiB }: Job, assumed: number, now: Instant): number => {
  if (sentMiB === null) return assumed
  const seen = Math.floor((sentMiB * 1000) / Math.max(1, now - since))
  return Math.min(assumed, Math.max(seen, slowest(assumed)))
}

/** However little it is seen to carry, a link is taken to carry so much, MiB/s. */
const slowest = (assumed: number): number => Math.ceil(assumed / limits.linkSlownessMax)

/** One that is expected to take so long is broken off after this, ms. */
const mostMsOf = (ms: number): number => Math.max(limits.migrationMsMin, ms * limits.migrationTimesMax)

export interface Expected {
  readonly ms: number
  /** From here on it is worth a word; and from here on it is broken off. */
  readonly slowAt: Instant
  readonly overAt: Instant
}

export const expected = (job: Job, policy: Policy, now: Instant): Expected => {
  const ms = migrationMs(job.memoryMiB, job.dirtyMiBps, linkOf(job, linkMiBpsOf(policy), now))
  const mostMs = mostMsOf(ms)
  return { ms, slowAt: job.since + Math.floor(mostMs / 2), overAt: job.since + mostMs }
}

/** However slow its link is seen to be, it is broken off after so long, ms. */
export const longestMs = (memoryMiB: number, dirtyMiBps: number, policy: Policy): number =>
  mostMsOf(migrationMs(memoryMiB, dirtyMiBps, slowest(linkMiBpsOf(policy))))

/** Why it has to be broken off now, or null. */
export const whyBreakOff = (job: Job, policy: Policy, now: Instant): BrokenOffCode | null => {
  // Two looks that show the same prove that nothing was sent between them; having no look proves nothing.
  if (job.sentMiB !== null && job.toldAt - job.sameSince >= limits.migrationStallMs)
    return 'migration.stalled'
  if (now < expected(job, policy, now).overAt) return null
  return (job.sentMiB ?? 0) > job.memoryMiB ? 'mem.would_not_converge' : 'migration.timeout'
}
