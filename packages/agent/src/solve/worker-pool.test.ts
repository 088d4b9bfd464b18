/** Questions to the solver on its threads: answered, refused when too many, and never left open by a crash. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asHostId, partitionIdOf, type Solution } from '@drover/protocol'
import { createInlineSolver } from './inline.ts'
import { tinyPlan, tinyProblem } from './solve-within.ts'
import type { Solver } from './solver.ts'
import { createWorkerSolver } from './worker-pool.ts'

/** A worker made of a few lines: says that it is ready, then does with each problem what the test wants. */
const workerOf = (onMessage: string): URL =>
  new URL(
    `data:text/javascript,${encodeURIComponent(`
      import { parentPort } from 'node:worker_threads'
      let count = 0
      const answer = (id) =>
        parentPort.postMessage({ kind: 'solved', id, solution: { answer: { kind: 'satisfied' }, plan: null } })
      parentPort.on('message', ({ id, problem }) => { count += 1; ${onMessage} })
      parentPort.postMessage({ kind: 'ready' })`)}`,
  )

const planOf = (n: number) => partitionIdOf(asHostId('a'), 1, n)

const codeOf = ({ answer }: Solution) => (answer.kind === 'infeasible' ? answer.why.code : answer.kind)

// Many agents of one process share the pool: each gets the answer to its own question, the same as on the event loop.
test('a pool answers as the solver itself does', async () => {
  const pool = createWorkerSolver({ threads: 2 })
  const inline = createInlineSolver()
  const problems = [0, 1, 2, 3, 4, 5].map((n) => {
    const problem = tinyProblem()
    // An even one is an overload to cure, an odd one has nothing to do.
    return n % 2 === 0 ? problem : { ...problem, vms: problem.vms.slice(0, 1) }
  })
  try {
    const solve = (solver: Solver) =>
      Promise.all(problems.map((problem, n) => solver.solve(problem, planOf(n), 1_000)))
    const solutions = await solve(pool)
    assert.deepEqual(solutions, await solve(inline))
    assert.deepEqual(
      solutions.map(({ answer, plan }) => `${answer.kind} ${plan?.actions.map(({ id }) => id) ?? '-'}`),
      ['plan a.1.0/0', 'satisfied -', 'plan a.1.2/0', 'satisfied -', 'plan a.1.4/0', 'satisfied -'],
    )
  } finally {
    await pool.close()
    await inline.close()
  }
  assert.equal(codeOf(await pool.solve(tinyProblem(), tinyPlan, 10)), 'solver.failed')
})

// A fault in the solver kills its thread: that question fails with a code, the next ones are answered by a new thread.
test('a crashed worker fails one question and is replaced', async () => {
  const pool = createWorkerSolver({
    workerUrl: workerOf(`if (problem.crash) process.exit(3); answer(id)`),
  })
  try {
    const crash = { ...tinyProblem(), crash: true }
    const answers = await Promise.all([
      pool.solve(crash, tinyPlan, 1_000),
      pool.solve(tinyProblem(), tinyPlan, 1_000),
      pool.solve(crash, tinyPlan, 1_000),
    ])
    assert.deepEqual(answers.map(codeOf), ['solver.failed', 'satisfied', 'solver.failed'])
    assert.equal(codeOf(await pool.solve(tinyProblem(), tinyPlan, 1_000)), 'satisfied')
  } finally {
    await pool.close()
  }
})

// A solver that forgets its budget would block every later question: it loses its thread.
test('a worker that does not come back is ended', async () => {
  const pool = createWorkerSolver({
    graceMs: 100,
    workerUrl: workerOf(`if (problem.hang) for (;;); answer(id)`),
  })
  try {
    assert.equal(codeOf(await pool.solve(tinyProblem(), tinyPlan, 1_000)), 'satisfied')
    const hung = pool.solve({ ...tinyProblem(), hang: true } as ReturnType<typeof tinyProblem>, tinyPlan, 1)
    const next = pool.solve(tinyProblem(), tinyPlan, 1_000)
    assert.equal(codeOf(await hung), 'solver.failed')
    assert.equal(codeOf(await next), 'satisfied')
  } finally {
    await pool.close()
  }
})

// More questions than can be worked on: the rest is refused at once, and those that waited in vain are told.
test('the queue is bounded in number and in time', async () => {
  const pool = createWorkerSolver({
    queueMax: 2,
    graceMs: 50,
    workerUrl: workerOf(`if (problem.hang) for (;;); answer(id)`),
  })
  try {
    assert.equal(codeOf(await pool.solve(tinyProblem(), tinyPlan, 1_000)), 'satisfied')
    const hang = { ...tinyProblem(), hang: true } as ReturnType<typeof tinyProblem>
    const hung = pool.solve(hang, tinyPlan, 10)
    const waits = pool.solve(tinyProblem(), tinyPlan, 0)
    const lasts = pool.solve(tinyProblem(), tinyPlan, 1_000)
    assert.equal(codeOf(await pool.solve(tinyProblem(), tinyPlan, 1_000)), 'solver.busy')
    assert.equal(codeOf(await waits), 'solver.busy')
    assert.deepEqual(await Promise.all([hung, lasts].map(async (one) => codeOf(await one))), [
      'solver.failed',
      'satisfied',
    ])
  } finally {
    await pool.close()
  }
})

// The agent ends while a question is open.
test('closing answers all questions that wait', async () => {
  const pool = createWorkerSolver({ workerUrl: workerOf('for (;;);') })
  const open = [pool.solve(tinyProblem(), tinyPlan, 1_000), pool.solve(tinyProblem(), tinyPlan, 1_000)]
  await pool.close()
  await pool.close()
  assert.deepEqual((await Promise.all(open)).map(codeOf), ['solver.failed', 'solver.failed'])
})
