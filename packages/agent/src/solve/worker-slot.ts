/** One worker thread with at most one job. A worker that crashes or is given up fails its job and is replaced. */
import { Worker } from 'node:worker_threads'
import type { Solution } from '@drover/protocol'
import { solverFailed } from './solver-failed.ts'
import type { SolveRequest, WorkerMessage } from './worker-protocol.ts'

export interface Job {
  readonly request: SolveRequest
  /** Called once. */
  readonly settle: (solution: Solution) => void
}

export interface WorkerSlot {
  /** The worker is ready and has no job. */
  readonly isFree: boolean
  readonly job: Job | null
  /** Only while free. A problem that cannot be handed over settles the job at once. */
  take(job: Job): void
  /** Ends the worker with its job, and starts another one. */
  giveUp(why: string): void
  close(): Promise<void>
}

/** A worker that never became ready is tried again after this pause, ms. Against a loop of failing starts. */
const restartMs = 1_000
/** One problem of the greatest size needs a few MiB; more is a fault that must not take the agent along. */
const heapMiBMax = 512

interface SlotState {
  /** Null while a restart is due, and once the slot is closed. */
  worker: Worker | null
  ready: boolean
  job: Job | null
  restart: NodeJS.Timeout | undefined
  closed: boolean
}

/** `freed` is called whenever the slot may have become free. */
export const createWorkerSlot = (url: URL, freed: () => void): WorkerSlot => {
  const state: SlotState = { worker: null, ready: false, job: null, restart: undefined, closed: false }

  const settleJob = (solution: Solution): void => {
    const { job } = state
    state.job = null
    job?.settle(solution)
  }

  const onMessage = (message: WorkerMessage): void => {
    if (message.kind === 'ready') state.ready = true
    else if (state.job?.request.id === message.id) settleJob(message.solution)
    freed()
  }

  const replace = (worker: Worker, why: string): void => {
    if (state.worker !== worker) return
    const wasReady = state.ready
    state.worker = null
    state.ready = false
    void worker.terminate()
    settleJob(solverFailed(why))
    if (wasReady) return launch()
    state.restart = setTimeout(launch, restartMs)
    state.restart.unref()
  }

  const launch = (): void => {
    if (state.closed) return
    const worker = new Worker(url, { resourceLimits: { maxOldGenerationSizeMb: heapMiBMax } })
    state.worker = worker
    worker.on('message', (message: WorkerMessage) => {
      if (state.worker === worker) onMessage(message)
    })
    worker.on('error', (error) => replace(worker, `the solver's worker crashed: ${String(error)}`))
    worker.on('exit', (code) => replace(worker, `the solver's worker ended with ${code}`))
    // An idle worker keeps no process alive. A job does, by the timer of the pool.
    worker.unref()
  }

  launch()
  return {
    get isFree() {
      return state.worker !== null && state.ready && state.job === null
    },
    get job() {
      return state.job
    },
    take(job) {
      state.job = job
      try {
        state.worker?.postMessage(job.request)
      } catch (error) {
        settleJob(solverFailed(`the problem cannot be handed to a worker: ${String(error)}`))
      }
    },
    giveUp(why) {
      if (state.worker !== null) replace(state.worker, why)
    },
    async close() {
      state.closed = true
      clearTimeout(state.restart)
      settleJob(solverFailed('the solver is closed'))
      const { worker } = state
      state.worker = null
      await worker?.terminate()
    },
  }
}
