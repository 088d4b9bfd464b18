/**
 * Solves on worker threads, so that the agent goes on listening meanwhile. One pool may serve many agents of a process.
 *
 * ```ts
 * const solver = workerSolver({ threads: 1 })
 * const answer = await solver.solve(problem, 200)
 * await solver.close()
 * ```
 */
import { Worker } from 'node:worker_threads'
import type { Answer, Problem } from '@drover/protocol'
import { solverFailed } from './solve-within.ts'
import type { Solver } from './solver.ts'
import type { SolveRequest, WorkerMessage } from './worker-protocol.ts'

export interface WorkerSolverOptions {
  /** Default 1. */
  readonly threads?: number
  /** Problems that may wait; one more is answered `infeasible`, code `solver.busy`. Default 64. */
  readonly queueMax?: number
  /** For the solver's choice among equally good directions. Default 1. */
  readonly seed?: number
  /** How much longer than ten budgets a question may take, waiting included, ms. Default 1,000. */
  readonly graceMs?: number
  /** Stands in for `worker.ts`; for tests of its crashes. */
  readonly workerUrl?: URL
}

/** A worker that never became ready is tried again after this pause, ms. Against a loop of failing starts. */
const restartMs = 1_000
/** One problem of the greatest size needs a few MiB; more is a fault that must not take the agent along. */
const heapMiBMax = 512

interface Job extends SolveRequest {
  readonly resolve: (answer: Answer) => void
  readonly timer: NodeJS.Timeout
}

interface Slot {
  worker: Worker | null
  ready: boolean
  job: Job | null
  restart: NodeJS.Timeout | undefined
}

export const workerSolver = (options: WorkerSolverOptions = {}): Solver => {
  const { threads = 1, queueMax = 64, seed = 1, graceMs = 1_000 } = options
  /** The budget counts in the worker, from when it begins; this is when the pool gives up on it. */
  const patienceMs = (budgetMs: number): number => budgetMs * 10 + graceMs
  // Beside this file, with its own ending: `.ts` in development, `.js` where it was emitted.
  const url = options.workerUrl ?? new URL(import.meta.url.replace(/worker-pool(\.\w+)$/, 'worker$1'))
  const slots: Slot[] = Array.from({ length: threads }, () => ({
    worker: null,
    ready: false,
    job: null,
    restart: undefined,
  }))
  const waiting: Job[] = []
  let nextId = 0
  let closed = false

  const settle = (job: Job, answer: Answer): void => {
    clearTimeout(job.timer)
    job.resolve(answer)
  }

  const dispatch = (): void => {
    for (const slot of slots) {
      if (slot.worker === null || !slot.ready || slot.job !== null) continue
      const job = waiting.shift()
      if (job === undefined) return
      slot.job = job
      const { id, problem, budgetMs } = job
      try {
        slot.worker.postMessage({ id, problem, budgetMs, seed } satisfies SolveRequest)
      } catch (error) {
        slot.job = null
        settle(job, solverFailed(`the problem cannot be handed to a worker: ${String(error)}`))
      }
    }
  }

  /** The slot's worker is gone or given up: its job fails, another worker takes its place. */
  const replace = (slot: Slot, worker: Worker, why: string): void => {
    if (slot.worker !== worker) return
    const wasReady = slot.ready
    slot.worker = null
    slot.ready = false
    void worker.terminate()
    if (slot.job !== null) settle(slot.job, solverFailed(why))
    slot.job = null
    if (closed) return
    if (wasReady) return launch(slot)
    slot.restart = setTimeout(() => launch(slot), restartMs)
    slot.restart.unref()
  }

  const launch = (slot: Slot): void => {
    if (closed) return
    const worker = new Worker(url, { resourceLimits: { maxOldGenerationSizeMb: heapMiBMax } })
    slot.worker = worker
    worker.on('message', (message: WorkerMessage) => {
      if (slot.worker !== worker) return
      if (message.kind === 'ready') slot.ready = true
      else if (slot.job?.id === message.id) {
        settle(slot.job, message.answer)
        slot.job = null
      }
      dispatch()
    })
    worker.on('error', (error) => replace(slot, worker, `the solver's worker crashed: ${String(error)}`))
    worker.on('exit', (code) => replace(slot, worker, `the solver's worker ended with ${code}`))
    // An idle worker keeps no process alive; a job does, by its timer.
    worker.unref()
  }

  const losePatience = (job: Job): void => {
    const at = waiting.indexOf(job)
    if (at >= 0) {
      waiting.splice(at, 1)
      return settle(job, solverFailed('no worker was free in time', 'solver.busy'))
    }
    const slot = slots.find((one) => one.job === job)
    if (slot?.worker) replace(slot, slot.worker, `no answer within ${patienceMs(job.budgetMs)} ms`)
  }

  const submit = (problem: Problem, budgetMs: number): Promise<Answer> =>
    new Promise((resolve) => {
      if (closed) return resolve(solverFailed('the solver is closed'))
      if (waiting.length >= queueMax)
        return resolve(solverFailed(`${queueMax} problems wait already`, 'solver.busy'))
      nextId += 1
      const timer = setTimeout(() => losePatience(job), patienceMs(budgetMs))
      const job: Job = { id: nextId, problem, budgetMs, seed, resolve, timer }
      waiting.push(job)
      dispatch()
    })

  for (const slot of slots) launch(slot)
  return {
    solve: submit,
    async close() {
      closed = true
      for (const job of waiting.splice(0)) settle(job, solverFailed('the solver is closed'))
      await Promise.all(
        slots.map(async (slot) => {
          clearTimeout(slot.restart)
          if (slot.job !== null) settle(slot.job, solverFailed('the solver is closed'))
          slot.job = null
          const { worker } = slot
          slot.worker = null
          await worker?.terminate()
        }),
      )
    },
  }
}
