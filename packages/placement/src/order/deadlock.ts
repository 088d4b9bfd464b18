/** What is said when no move can start any more: which moves wait for each other, and what each of them lacks. */

import type { Model } from '../model/model.ts'
import type { Binding, Move } from '../problem/answer.ts'
import type { Schedule } from './schedule.ts'
import type { Step } from './step.ts'

/** The moves that wait for each other, as they were asked for. */
export const blockedMoves = (model: Model, steps: readonly Step[], pending: readonly number[]): Move[] =>
  [...pending]
    .sort((a, b) => a - b)
    .flatMap((i): Move[] => {
      const { vm, to } = steps[i]!
      const of = model.vms[vm]!
      return to < 0 ? [] : [{ vm: of.id, from: of.host, to: model.hosts[to]!.id }]
    })

/** Before any VM has stepped aside: what each of the moves lacks, the first few. */
export const deadlock = (
  model: Model,
  steps: readonly Step[],
  pending: readonly number[],
  schedule: Schedule,
): Binding => {
  const waiting = [...pending]
    .sort((a, b) => a - b)
    .map((i) => ({ step: steps[i]!, lacks: schedule.blockerOf(i) }))
  const told = waiting.slice(0, 4).map(({ step, lacks }) => {
    const from = step.from < 0 ? '' : `${model.hosts[step.from]!.id} `
    const to = step.to < 0 ? 'storage' : model.hosts[step.to]!.id
    return `${model.vms[step.vm]!.id} (${from}→ ${to})${lacks === null ? '' : `: ${lacks.text}`}`
  })
  const more = waiting.length > 4 ? `; and ${waiting.length - 4} more` : ''
  return {
    code: waiting.find(({ lacks }) => lacks !== null)?.lacks?.code ?? 'capacity.mem',
    text: `no order: ${waiting.length === 1 ? 'this move is' : `these ${waiting.length} moves are`} blocked: ${told.join('; ')}${more}`,
  }
}
