/**
 * Iterative deepening (Korf 1985) over the cost: is there an answer no dearer than the bound? If not, than a
 * little more? Branch and bound is at its best when it knows what to beat, and here no answer is needed for that:
 * every turn either finds the optimum or raises the bound. Only the last turns cost anything.
 *
 * For full cures that break no soft rule: nothing else can be better.
 */
import { type FullCost, noCost } from './cost.ts'
import { branchAndBound } from './exact.ts'
import type { Space } from './search-state.ts'

export interface DeepenOptions {
  readonly nodesMax: number
  readonly expired: () => boolean
}

export interface Deepened {
  /** The best answer found, or null. */
  readonly at: Int32Array | null
  readonly cost: FullCost
  /** With `at`: it is the best. Without: no answer keeps all rules, hard and soft. */
  readonly complete: boolean
  /** Lower bound of migrationMs. */
  readonly boundMs: number
  readonly nodes: number
}

/** Each turn allows this much more than the last, in percent. */
const growthPercent = 15

export const deepen = (space: Space, { nodesMax, expired }: DeepenOptions): Deepened => {
  const { model } = space
  let dearest = 0
  for (let v = 0; v < model.vmCount; v++) if (model.active[v] === 1) dearest += model.moveMs[v]!
  const search = (mostMs: number, nodes: number) =>
    branchAndBound(space, {
      relief: false,
      open: null,
      start: model.home,
      best: { ...noCost, unmet: 0, migrationMs: mostMs, hostsTouched: Number.POSITIVE_INFINITY },
      nodesMax: nodes,
      expired,
    })
  let mostMs = 0
  let boundMs = 0
  let nodes = 0
  for (;;) {
    const turn = search(mostMs, nodesMax - nodes)
    nodes += turn.nodes
    boundMs = Math.max(boundMs, turn.rootMs)
    if (turn.at !== null && turn.complete) boundMs = turn.cost.migrationMs
    else if (turn.complete) boundMs = Math.max(boundMs, mostMs + 1)
    if (!turn.complete || turn.at !== null || mostMs >= dearest)
      return { at: turn.at, cost: turn.cost, complete: turn.complete, boundMs, nodes }
    mostMs = Math.min(dearest, Math.max(boundMs, Math.ceil((mostMs * (100 + growthPercent)) / 100)))
  }
}
