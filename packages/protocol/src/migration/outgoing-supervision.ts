/** Supervises the migrations that leave this host: says which take long, and breaks off those that would never end. */

import { limits } from '../data/config.ts'
import type { Instant } from '../data/ids.ts'
import type { OutgoingJob } from '../data/io.ts'
import type { ReasonCode } from '../data/reasons.ts'
import { expected, told, whyBreakOff } from './migration-job.ts'
import { type OutgoingMigration, type OutgoingState, put, seenHere } from './outgoing-table.ts'

/** The job that runs is the one that was begun for it. After a restart only the other end can tell: it is being sent there. */
const isOurs = ({ phase, rounds }: OutgoingMigration): boolean =>
  phase === 'moving' || (phase === 'settling' && rounds.here === 'outgoing' && rounds.there === 'incoming')

const seconds = (ms: number): string => `${Math.round(ms / 1000)} s`

/** In doubt, it is looked at with each answer. */
const wakeAt = (state: OutgoingState, migration: OutgoingMigration, at: number): OutgoingMigration =>
  put(state, migration.phase === 'moving' ? { ...migration, nextAt: at } : migration)

const stop = (state: OutgoingState, migration: OutgoingMigration, code: ReasonCode): void => {
  const { context } = state
  const { action, vm, to, job } = migration
  const now = context.now()
  const again = job.stopping !== null && now - job.stopping.askedAt < limits.stopAgainMs
  if (again) return
  const words = `${seconds(now - job.since)} under way to ${to}, ${job.sentMiB ?? '?'} MiB sent for ${job.memoryMiB} MiB of memory`
  context.warn(code, `VM ${vm} is asked to stay: ${words}`, vm)
  context.emit({ kind: 'abort', action, vm })
  const stopping = { code: job.stopping?.code ?? code, askedAt: now }
  wakeAt(state, { ...migration, job: { ...job, stopping } }, now + limits.stopAgainMs)
}

/** Has it to be broken off? Call it when `nextAt` has come, and whenever both ends of one in doubt say that it runs. */
export const supervise = (state: OutgoingState, migration: OutgoingMigration): void => {
  if (!isOurs(migration)) return
  const { context } = state
  const { vm, to, job } = migration
  const now = context.now()
  const why = job.stopping?.code ?? whyBreakOff(job, context.policy, now)
  if (why !== null) return stop(state, migration, why)
  const { ms, slowAt, overAt } = expected(job, context.policy, now)
  if (now < slowAt) return void wakeAt(state, migration, slowAt)
  const words = `${seconds(now - job.since)} under way to ${to}, ${seconds(ms)} were expected`
  context.warn('migration.slow', `VM ${vm} is ${words}`, vm)
  wakeAt(state, migration, Math.min(overAt, now + limits.warningAgainMs))
}

/** Asks the hypervisor to stop all that run; how they ended is seen later. */
export const breakOff = (state: OutgoingState, code: ReasonCode): void => {
  for (const migration of [...state.all.values()]) if (isOurs(migration)) stop(state, migration, code)
}

/** What the hypervisor says of the migrations that run. */
export const jobsTold = (state: OutgoingState, jobs: readonly OutgoingJob[], askedAt: Instant): void => {
  for (const migration of [...state.all.values()]) {
    const said = jobs.find((one) => one.vm === migration.vm)
    if (said === undefined) continue
    const next = put(state, {
      ...seenHere(migration, askedAt),
      job: told(migration.job, said.sentMiB, askedAt),
    })
    if (next.phase === 'moving') supervise(state, next)
  }
}
