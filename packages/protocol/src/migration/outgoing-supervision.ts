/** Supervises the migrations that leave this host: says which take long, and breaks off those that would never end. */

import { limits } from '../data/config.ts'
import type { OutgoingJob } from '../data/io.ts'
import type { ReasonCode } from '../data/reasons.ts'
import type { StepContext } from '../step-context.ts'
import { expected, told, whyBreakOff } from './migration-job.ts'
import type { OutgoingMigration, OutgoingTable } from './outgoing-table.ts'

export interface OutgoingSupervision {
  /** Has it to be broken off? Call it when `nextAt` has come, and whenever both ends of one in doubt say that it runs. */
  look(migration: OutgoingMigration): void
  /** What the hypervisor says of the migrations that run. */
  told(jobs: readonly OutgoingJob[]): void
  /** Asks the hypervisor to stop all that run; how they ended is seen later. */
  breakOff(code: ReasonCode): void
}

/** The job that runs is the one that was begun for it. After a restart only the other end can tell: it is being sent there. */
const isOurs = ({ phase, rounds }: OutgoingMigration): boolean =>
  phase === 'moving' || (phase === 'settling' && rounds.here === 'outgoing' && rounds.there === 'incoming')

export const createOutgoingSupervision = (
  context: StepContext,
  { all, put }: OutgoingTable,
): OutgoingSupervision => {
  const { policy } = context
  const seconds = (ms: number): string => `${Math.round(ms / 1000)} s`

  /** In doubt, it is looked at with each answer. */
  const wakeAt = (migration: OutgoingMigration, at: number): OutgoingMigration =>
    put(migration.phase === 'moving' ? { ...migration, nextAt: at } : migration)

  const stop = (migration: OutgoingMigration, code: ReasonCode): void => {
    const { action, vm, to, job } = migration
    const now = context.now()
    const again = job.stopping !== null && now - job.stopping.askedAt < limits.stopAgainMs
    if (again) return
    const words = `${seconds(now - job.since)} under way to ${to}, ${job.sentMiB ?? '?'} MiB sent for ${job.memoryMiB} MiB of memory`
    context.warn(code, `VM ${vm} is asked to stay: ${words}`, vm)
    context.emit({ kind: 'abort', action, vm })
    const stopping = { code: job.stopping?.code ?? code, askedAt: now }
    wakeAt({ ...migration, job: { ...job, stopping } }, now + limits.stopAgainMs)
  }

  const look = (migration: OutgoingMigration): void => {
    if (!isOurs(migration)) return
    const { vm, to, job } = migration
    const now = context.now()
    const why = job.stopping?.code ?? whyBreakOff(job, policy, now)
    if (why !== null) return stop(migration, why)
    const { ms, slowAt, overAt } = expected(job, policy, now)
    if (now < slowAt) return void wakeAt(migration, slowAt)
    const words = `${seconds(now - job.since)} under way to ${to}, ${seconds(ms)} were expected`
    context.warn('migration.slow', `VM ${vm} is ${words}`, vm)
    wakeAt(migration, Math.min(overAt, now + limits.warningAgainMs))
  }

  return {
    look,

    breakOff(code) {
      for (const migration of [...all.values()]) if (isOurs(migration)) stop(migration, code)
    },

    told(jobs) {
      for (const migration of [...all.values()]) {
        const said = jobs.find((one) => one.vm === migration.vm)
        if (said === undefined) continue
        const next = put({ ...migration, job: told(migration.job, said.sentMiB, context.now()) })
        if (next.phase === 'moving') look(next)
      }
    },
  }
}
