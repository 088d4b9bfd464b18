/** Carries out runs, each in a process of its own, a few at a time. */
import { type ChildProcess, fork } from 'node:child_process'
import type { Run } from '../run/result.ts'
import type { RunNews, RunOrder } from './child-protocol.ts'
import { QuestionError } from './question-error.ts'
import type { RunSpec } from './spec.ts'

export interface PoolOptions {
  /** Processes at a time. */
  readonly jobs: number
  readonly heap?: boolean
  /** Of the run at that place: the share of its simulated time that has passed, 0 … 1. */
  readonly onProgress?: (index: number, share: number) => void
  readonly onDone?: (index: number, run: Run) => void
  /** Kills what runs and begins nothing more; what is done stays. */
  readonly signal?: AbortSignal
}

// Beside this file, with its own ending: `.ts` in development, `.js` where it was emitted.
const childUrl = new URL(import.meta.url.replace(/pool(\.\w+)$/, 'child$1'))

const runInChild = (order: RunOrder, options: PoolOptions, index: number): Promise<Run | null> =>
  new Promise((resolve, reject) => {
    const child: ChildProcess = fork(childUrl, {
      serialization: 'advanced',
      execArgv: order.heap ? ['--expose-gc'] : [],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      // A terminal's Ctrl-C is for the parent, which decides what it means.
      detached: true,
    })
    let answered = false
    const abort = (): void => void child.kill('SIGKILL')
    options.signal?.addEventListener('abort', abort)
    child.on('message', (message) => {
      const news = message as RunNews
      switch (news.kind) {
        case 'progress':
          options.onProgress?.(index, news.share)
          return
        case 'done':
          answered = true
          resolve(news.run)
          return
        case 'failed':
          answered = true
          reject(news.usage ? new QuestionError(news.text) : new Error(news.text))
          return
        default:
          news satisfies never
      }
    })
    child.on('error', reject)
    child.on('exit', (code, signal) => {
      options.signal?.removeEventListener('abort', abort)
      if (answered) return
      if (options.signal?.aborted === true) resolve(null)
      else
        reject(
          new Error(
            `the run of ${order.spec.algorithm.label} ended without a result (${signal ?? `exit code ${code}`})` +
              (signal === 'SIGKILL' || signal === 'SIGABRT' ? ': not enough memory?' : ''),
          ),
        )
    })
    child.send(order)
  })

/**
 * The runs in the order of `specs`; null for those that an abort cut off. The first that fails ends all: throws its
 * error.
 */
export const runAll = async (
  specs: readonly RunSpec[],
  options: PoolOptions,
): Promise<readonly (Run | null)[]> => {
  const runs: (Run | null)[] = specs.map(() => null)
  const failed = new AbortController()
  const signal =
    options.signal === undefined ? failed.signal : AbortSignal.any([options.signal, failed.signal])
  let next = 0
  const work = async (): Promise<void> => {
    while (next < specs.length && !signal.aborted) {
      const index = next++
      const order = { spec: specs[index]!, heap: options.heap === true }
      const run = await runInChild(order, { ...options, signal }, index)
      runs[index] = run
      if (run !== null) options.onDone?.(index, run)
    }
  }
  const workers = Array.from({ length: Math.min(options.jobs, specs.length) }, () =>
    work().catch((error: unknown) => {
      if (!failed.signal.aborted) failed.abort(error)
    }),
  )
  await Promise.all(workers)
  if (failed.signal.aborted) throw failed.signal.reason
  return runs
}
