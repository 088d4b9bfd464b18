/**
 * The process of one run: told what by its parent, answers with the result, ends. A process of its own, so that the
 * peak of its memory and its CPU time are the run's alone, and so that its parent stays awake.
 */

import { stackOf, wordsOf } from '@drover/agent/runtime'
import { FileError } from '../workload/csv.ts'
import type { RunNews, RunOrder } from './child-protocol.ts'
import { QuestionError } from './question-error.ts'
import { runOnce } from './run-once.ts'

const tell = (news: RunNews): Promise<void> =>
  new Promise((resolve, reject) => {
    process.send?.(news, undefined, {}, (error) => (error === null ? resolve() : reject(error)))
  })

/** How often progress is told, real ms. */
const tellMs = 100

const carryOut = async ({ spec, heap }: RunOrder): Promise<void> => {
  let toldAt = performance.now()
  try {
    const run = await runOnce(spec, {
      heap,
      progress: (share) => {
        if (performance.now() - toldAt < tellMs) return false
        toldAt = performance.now()
        void tell({ kind: 'progress', share }).catch(() => {})
        return true
      },
    })
    await tell({ kind: 'done', run })
  } catch (error) {
    const usage = error instanceof QuestionError || error instanceof FileError
    const text = usage ? wordsOf(error) : stackOf(error)
    await tell({ kind: 'failed', usage, text })
  }
  process.disconnect()
}

if (import.meta.main) {
  // A parent that died wants no answer.
  process.on('disconnect', () => process.exit())
  process.once('message', (order) => void carryOut(order as RunOrder))
}
