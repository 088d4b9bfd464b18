/** A process that plays seeds of the swarm, sound or with a fault; a new one when it has died or hung. */
import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import { silentExitCode, sownEnv } from './sown-env.ts'
import type { SeedAnswer, SeedQuestion } from './swarm-worker.ts'

export interface SeedPlayer {
  play(seed: number): Promise<SeedAnswer>
  close(): void
}

/** A seed takes some seconds; one that takes so long feeds itself without end, ms. */
const hangsMs = 300_000

/** `fault` null = sound. `kinds` as in `SeedQuestion`. */
export const createSeedPlayer = (fault: string | null, kinds: SeedQuestion['kinds']): SeedPlayer => {
  let child: ChildProcess | null = null

  const start = (): ChildProcess => {
    return fork(join(import.meta.dirname, 'swarm-worker.ts'), {
      env: sownEnv(fault),
      execArgv: ['--no-warnings'],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
  }

  const end = (): void => {
    child?.kill('SIGKILL')
    child = null
  }

  return {
    play: (seed) =>
      new Promise((resolve, reject) => {
        child ??= start()
        const asked = child
        let said = ''
        const answer = (broken: SeedAnswer['broken']): void => {
          clearTimeout(hangs)
          asked.removeAllListeners()
          asked.stderr?.removeAllListeners('data')
          resolve({ seed, broken })
        }
        const hangs = setTimeout(() => {
          end()
          answer([{ invariant: 'hang', text: `the seed was not over after ${hangsMs / 1000} s` }])
        }, hangsMs)
        asked.stderr?.setEncoding('utf8').on('data', (text: string) => {
          said = (said + text).slice(-4_000)
        })
        asked.once('message', (reply: SeedAnswer) => answer(reply.broken))
        asked.once('exit', (code, signal) => {
          if (child === asked) child = null
          const text = `the process ended with ${signal ?? code}: ${said}`
          if (code === silentExitCode || /was to be sown here|no fault is called|places in/.test(said)) {
            clearTimeout(hangs)
            reject(new Error(text))
          } else answer([{ invariant: 'error', text }])
        })
        asked.send({ seed, kinds } satisfies SeedQuestion)
      }),
    close: end,
  }
}
