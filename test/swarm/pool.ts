/** Plays seeds in several processes. */
import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import { type DrawnKinds, drawSchedule } from './draw.ts'
import type { Outcome } from './play.ts'
import type { Order } from './worker.ts'

export interface PoolOptions {
  readonly jobs: number
  readonly drawn: DrawnKinds
  readonly twice: boolean
  /** Called once for each seed, in the order in which they end. */
  readonly onOutcome: (outcome: Outcome) => void
}

/** What a process holds grows a little with each seed: it is replaced after so many. */
const seedsPerProcess = 200

const worker = join(import.meta.dirname, 'worker.ts')

/** A process that ends before it answers has broken a promise, too: that of the program. */
const diedWith = (seed: number, drawn: DrawnKinds, why: string): Outcome => {
  const schedule = drawSchedule({ ...drawn, seed })
  return {
    seed,
    hosts: schedule.hosts,
    kinds: schedule.kinds,
    violations: [{ invariant: 'error', atMs: 0, text: `the process ended: ${why}` }],
    decisions: { cured: 0, failed: 0, other: 0 },
    migrations: 0,
    traceHash: '',
    cpuMs: 0,
    longestMs: {},
  }
}

const play = (child: ChildProcess, order: Order): Promise<Outcome> =>
  new Promise((resolve) => {
    const ended = (code: number | null, signal: string | null): void =>
      resolve(diedWith(order.seed, order.drawn, signal ?? `exit code ${code}`))
    child.once('exit', ended)
    child.once('message', (outcome) => {
      child.off('exit', ended)
      resolve(outcome as Outcome)
    })
    child.send(order)
  })

/** Resolves when all are played. */
export const playSeeds = async (seeds: readonly number[], options: PoolOptions): Promise<void> => {
  const { jobs, drawn, twice, onOutcome } = options
  let next = 0
  const one = async (): Promise<void> => {
    let child: ChildProcess | null = null
    for (let played = 0; next < seeds.length; played++) {
      const seed = seeds[next]
      next += 1
      if (seed === undefined) break
      if (
        child === null ||
        child.exitCode !== null ||
        child.signalCode !== null ||
        played % seedsPerProcess === 0
      ) {
        child?.kill()
        child = fork(worker, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
      }
      onOutcome(await play(child, { seed, drawn, twice }))
    }
    child?.kill()
  }
  await Promise.all(Array.from({ length: Math.min(jobs, seeds.length) }, one))
}
