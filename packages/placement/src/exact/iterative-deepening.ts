/**
 * Iterative deepening (Korf 1985) over the cost: is there an answer no dearer than the bound? If not, than a little more?
 * Branch and bound prunes best with a tight upper bound, and each turn has one without any known answer: it either finds
 * the optimum or raises the bound. Only the last turns take long.
 *
 * For full cures that break no soft rule: nothing else can be better.
 */
import { type FullCost, noCost } from '../model/cost.ts'
import type { Search } from './search-limits.ts'

export interface DeepenOptions {
  readonly nodesMax: number
  readonly expired: () => boolean
  /** Known: no answer costs less, in ms. */
  readonly fromMs?: number
  /** Only answers better than this are looked for; it breaks no rule. */
  readonly best?: FullCost
}

export interface Deepened {
  /** The best answer found, or null. */
  readonly at: Int32Array | null
  /** What it costs; what `best` does without one. */
  readonly cost: FullCost
  /** With `at`: it is the optimum. Without: no answer is better than `best`, or, without `best`, none keeps all rules. */
  readonly complete: boolean
  /** Lower bound of migrationMs of what was looked for. */
  readonly boundMs: number
  readonly nodes: number
}

/** The second turn allows this much more than the bound, in permille; each later one adds twice as much. */
const firstStepPermille = 5

/** `search`: for full cures over all hosts of the model. */
export const deepen = (search: Search, { nodesMax, expired, fromMs = 0, best }: DeepenOptions): Deepened => {
  const { model } = search
  let dearest = 0
  for (let v = 0; v < model.vmCount; v++) if (model.active[v] === 1) dearest += model.moveMs[v]!
  const upTo = (ms: number): FullCost => ({
    ...noCost,
    unmet: 0,
    migrationMs: ms,
    hostsTouched: Number.POSITIVE_INFINITY,
  })
  const toBeat = best ?? upTo(dearest)
  let mostMs = fromMs
  let boundMs = fromMs
  let nodes = 0
  let stepPermille = firstStepPermille
  for (;;) {
    const last = mostMs >= toBeat.migrationMs
    const turn = search.run({ best: last ? toBeat : upTo(mostMs), nodesMax: nodesMax - nodes, expired })
    nodes += turn.nodes
    boundMs = Math.max(boundMs, turn.rootMs)
    if (turn.at !== null && turn.complete) boundMs = turn.cost.migrationMs
    else if (turn.complete) boundMs = Math.max(boundMs, mostMs + (last ? 0 : 1))
    if (!turn.complete || turn.at !== null || last)
      return {
        at: turn.at,
        cost: turn.at === null ? toBeat : turn.cost,
        complete: turn.complete,
        boundMs,
        nodes,
      }
    mostMs = Math.max(boundMs, Math.ceil((mostMs * (1000 + stepPermille)) / 1000))
    stepPermille *= 2
  }
}
