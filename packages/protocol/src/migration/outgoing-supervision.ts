/** Supervises the migrations that leave this host: says which take long, and breaks off those that would never end. */
import { limits } from '../data/config.ts'
import type { OutgoingJob } from '../data/io.ts'
import type { Desk } from '../step-context.ts'
import { expected, told, whyBreakOff } from './migration-job.ts'
import type { Departure, DepartureTable } from './outgoing-table.ts'

export interface DepartureWatch {
  /** Has it to be broken off? Call it when `nextAt` has come, and whenever both ends of one in doubt say that it runs. */
  look(departure: Departure): void
  /** What the hypervisor says of the migrations that run. */
  told(jobs: readonly OutgoingJob[]): void
  /** Asks the hypervisor to stop all that run; how they ended is seen later. */
  breakOff(code: string): void
}

/** A warning is said once a minute. */
const sayAgainMs = 60_000

/** The job that runs is the one that was begun for it. After a restart only the other end can tell: it is being sent there. */
const isOurs = ({ phase, rounds }: Departure): boolean =>
  phase === 'moving' || (phase === 'settling' && rounds.here === 'outgoing' && rounds.there === 'incoming')

export const createDepartureWatch = (desk: Desk, { all, put }: DepartureTable): DepartureWatch => {
  const { policy } = desk
  const seconds = (ms: number): string => `${Math.round(ms / 1000)} s`

  /** In doubt, it is looked at with each answer. */
  const wakeAt = (departure: Departure, at: number): Departure =>
    put(departure.phase === 'moving' ? { ...departure, nextAt: at } : departure)

  const stop = (departure: Departure, code: string): void => {
    const { action, vm, to, job } = departure
    const now = desk.now()
    const again = job.stopping !== null && now - job.stopping.askedAt < limits.stopAgainMs
    if (again) return
    const words = `${seconds(now - job.since)} under way to ${to}, ${job.sentMiB ?? '?'} MiB sent for ${job.memoryMiB} MiB of memory`
    desk.warn(code, `VM ${vm} is asked to stay: ${words}`, vm)
    desk.emit({ kind: 'abort', action, vm })
    const stopping = { code: job.stopping?.code ?? code, askedAt: now }
    wakeAt({ ...departure, job: { ...job, stopping } }, now + limits.stopAgainMs)
  }

  const look = (departure: Departure): void => {
    if (!isOurs(departure)) return
    const { vm, to, job } = departure
    const now = desk.now()
    const why = job.stopping?.code ?? whyBreakOff(job, policy, now)
    if (why !== null) return stop(departure, why)
    const { ms, slowAt, overAt } = expected(job, policy, now)
    if (now < slowAt) return void wakeAt(departure, slowAt)
    const words = `${seconds(now - job.since)} under way to ${to}, ${seconds(ms)} were expected`
    desk.warn('migration.slow', `VM ${vm} is ${words}`, vm)
    wakeAt(departure, Math.min(overAt, now + sayAgainMs))
  }

  return {
    look,

    breakOff(code) {
      for (const departure of [...all.values()]) if (isOurs(departure)) stop(departure, code)
    },

    told(jobs) {
      for (const departure of [...all.values()]) {
        const said = jobs.find((one) => one.vm === departure.vm)
        if (said === undefined) continue
        const next = put({ ...departure, job: told(departure.job, said.sentMiB, desk.now()) })
        if (next.phase === 'moving') look(next)
      }
    },
  }
}
