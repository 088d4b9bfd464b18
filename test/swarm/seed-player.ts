/** A process that plays seeds, and a new one when it has died, hung, or played many. */
import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import { drawSchedule } from './draw.ts'
import { noOutcome } from './no-outcome.ts'
import type { Outcome } from './play.ts'
import type { Order } from './worker.ts'

export interface SeedPlayer {
  /** A process that ends or hangs has broken a promise, too: that of the program. Rejects where `isFatal` says so. */
  play(seed: number): Promise<Outcome>
  close(): void
}

export interface SeedPlayerOptions extends Omit<Order, 'seed'> {
  /** Of the process; default: as this one's. */
  readonly env?: NodeJS.ProcessEnv
  /** An end that says nothing of the code that is tested: what the process said last, and its exit code. */
  readonly isFatal?: (said: string, code: number | null) => boolean
}

/** What a process holds grows a little with each seed. */
const seedsPerProcess = 200
/** The largest clusters take some minutes, and more on a busy machine, ms: against one that feeds itself without end. */
const hangsMs = 3_600_000
/** Of what a process said last, characters. */
const saidMax = 4_000

const failed = (order: Order, invariant: 'error' | 'hang', text: string): Outcome => {
  const { hosts, kinds } = drawSchedule({ ...order.drawn, seed: order.seed })
  return {
    seed: order.seed,
    hosts,
    kinds,
    violations: [{ invariant, atMs: 0, text }],
    ...noOutcome,
  }
}

const start = (env: NodeJS.ProcessEnv | undefined): ChildProcess =>
  fork(join(import.meta.dirname, 'worker.ts'), {
    ...(env === undefined ? {} : { env }),
    execArgv: ['--no-warnings'],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })

/** Resolves with what the process answers, or with how it ended. */
const ask = (child: ChildProcess, order: Order, isFatal: NonNullable<SeedPlayerOptions['isFatal']>) =>
  new Promise<Outcome>((resolve, reject) => {
    let said = ''
    const hear = (text: string): void => {
      said = (said + text).slice(-saidMax)
    }
    const end = (): void => {
      clearTimeout(hangs)
      child.off('exit', died).off('message', answered)
      child.stderr?.off('data', hear)
    }
    const answered = (outcome: unknown): void => {
      end()
      resolve(outcome as Outcome)
    }
    const died = (code: number | null, signal: string | null): void => {
      end()
      const text = `the process ended with ${signal ?? `exit code ${code}`}: ${said}`
      if (isFatal(said, code)) reject(new Error(text))
      else resolve(failed(order, 'error', text))
    }
    const hangs = setTimeout(() => {
      end()
      child.kill('SIGKILL')
      resolve(failed(order, 'hang', `the seed was not over after ${hangsMs / 1_000} s`))
    }, hangsMs)
    child.stderr?.setEncoding('utf8').on('data', hear)
    child.on('message', answered).on('exit', died)
    child.send(order)
  })

export const createSeedPlayer = ({ env, isFatal = () => false, ...order }: SeedPlayerOptions): SeedPlayer => {
  let child: ChildProcess | null = null
  let played = 0
  const end = (): void => {
    child?.kill('SIGKILL')
    child = null
  }
  const living = (): ChildProcess => {
    const over = child !== null && (child.exitCode !== null || child.signalCode !== null || child.killed)
    if (over || played % seedsPerProcess === 0) end()
    child ??= start(env)
    played += 1
    return child
  }
  return {
    play: (seed) => ask(living(), { seed, ...order }, isFatal),
    close: end,
  }
}
