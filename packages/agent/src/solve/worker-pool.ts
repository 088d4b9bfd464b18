/**
 * Solves on worker threads, so that the agent goes on listening meanwhile. One pool may serve many agents of a process.
 *
 * ```ts
 * const solver = createWorkerSolver({ threads: 1 })
 * const { answer, plan } = await solver.solve(problem, partition, 200)
 * await solver.close()
 * ```
 */
import type { Solution } from '@drover/protocol'
import type { Solver } from './solver.ts'
import { solverFailed } from './solver-failed.ts'
import type { SolveRequest } from './worker-protocol.ts'
import { createWorkerSlot, type Job, type WorkerSlot } from './worker-slot.ts'

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

interface PoolState {
  readonly slots: readonly WorkerSlot[]
  /** First in, first out. */
  readonly waiting: Job[]
  /** Of the newest job. */
  id: number
  closed: boolean
}

/** Beside this file, with its own ending: `.ts` in development, `.js` where it was emitted. */
const workerFile = (): URL => new URL(import.meta.url.replace(/worker-pool(\.\w+)$/, 'worker$1'))

const dispatch = ({ slots, waiting }: PoolState): void => {
  for (const slot of slots) {
    while (slot.isFree) {
      const job = waiting.shift()
      if (job === undefined) return
      slot.take(job)
    }
  }
}

/** The job's time is up: it leaves the queue, or loses its worker with it. */
const expire = ({ slots, waiting }: PoolState, job: Job, patienceMs: number): void => {
  const at = waiting.indexOf(job)
  if (at >= 0) {
    waiting.splice(at, 1)
    return job.settle(solverFailed('no worker was free in time', 'solver.busy'))
  }
  slots.find((slot) => slot.job === job)?.giveUp(`no answer within ${patienceMs} ms`)
}

export const createWorkerSolver = (options: WorkerSolverOptions = {}): Solver => {
  const { threads = 1, queueMax = 64, seed = 1, graceMs = 1_000, workerUrl = workerFile() } = options
  const slots = Array.from({ length: threads }, () => createWorkerSlot(workerUrl, () => dispatch(state)))
  const state: PoolState = { slots, waiting: [], id: 0, closed: false }

  const submit = (asked: Omit<SolveRequest, 'id' | 'seed'>, resolve: (solution: Solution) => void): void => {
    state.id += 1
    /** The budget counts in the worker, from when it begins; this is when the pool gives up on it. */
    const patienceMs = asked.budgetMs * 10 + graceMs
    const timer = setTimeout(() => expire(state, job, patienceMs), patienceMs)
    const job: Job = {
      request: { ...asked, id: state.id, seed },
      settle: (solution) => {
        clearTimeout(timer)
        resolve(solution)
      },
    }
    state.waiting.push(job)
    dispatch(state)
  }

  return {
    async solve(problem, planId, budgetMs) {
      if (state.closed) return solverFailed('the solver is closed')
      if (state.waiting.length >= queueMax)
        return solverFailed(`${queueMax} problems wait already`, 'solver.busy')
      return new Promise((resolve) => submit({ problem, planId, budgetMs }, resolve))
    },
    async close() {
      state.closed = true
      for (const job of state.waiting.splice(0)) job.settle(solverFailed('the solver is closed'))
      await Promise.all(slots.map((slot) => slot.close()))
    },
  }
}
