/** A worker thread of the pool: one problem at a time, in the order they come. */
import { parentPort } from 'node:worker_threads'
import { solveWithin, tinyPlan, tinyProblem } from './solve-within.ts'
import type { SolveRequest, WorkerMessage } from './worker-protocol.ts'

const port = parentPort
if (port === null) throw new Error('this module is a worker thread')
const say = (message: WorkerMessage): void => port.postMessage(message)

port.on('message', ({ id, problem, planId, budgetMs, seed }: SolveRequest) =>
  say({ kind: 'solved', id, solution: solveWithin(problem, planId, budgetMs, seed) }),
)
solveWithin(tinyProblem(), tinyPlan, 50, 0)
say({ kind: 'ready' })
