/**
 * The cheapest full cure: iterative deepening solves most problems; the others get an answer first, then a better one,
 * then a proof.
 */
import { type Deepened, deepen } from '../exact/iterative-deepening.ts'
import type { Search } from '../exact/search-limits.ts'
import { unlimited } from '../model/cost.ts'
import type { Cure, Effort } from './cure-effort.ts'
import { takeTurns } from './cure-turns.ts'

/** Before other ways are tried, for each host less as there are more: what takes longer has an answer in hand. */
const nodesOfDeepening = 48_000
/** Branch and bound without a notion of what to beat. */
const nodesOfGlance = 3000

/** `search`: for cures; `look`: what a short look by deepening has found. */
export const findCure = (effort: Effort, search: Search, look: Deepened): Cure => {
  const { nodesMax, expired } = effort
  const { model } = effort.space
  const deepened = look.complete ? look : deepenFurther(effort, search, look)
  const at = deepened.at ?? look.at
  if (at !== null) {
    const { cost, boundMs, complete } = deepened
    if (complete) return { kind: 'found', at, cost, boundMs, optimal: true }
    return takeTurns(effort, search, { at, cost, boundMs })
  }
  // Maybe no answer keeps the soft rules.
  const soft = model.constraints.some((constraint) => constraint.weight >= 0)
  if (!soft && deepened.complete) return { kind: 'none', proven: true }
  if (!soft) return takeTurns(effort, search, { at, cost: unlimited, boundMs: deepened.boundMs })
  const glance = search.run({ best: unlimited, nodesMax: Math.min(nodesMax, nodesOfGlance), expired })
  const { cost, rootMs: boundMs } = glance
  if (!glance.complete) return takeTurns(effort, search, { at: glance.at, cost, boundMs })
  return glance.at === null
    ? { kind: 'none', proven: true }
    : { kind: 'found', at: glance.at, cost, boundMs, optimal: true }
}

const deepenFurther = ({ space, nodesMax, expired }: Effort, search: Search, look: Deepened): Deepened =>
  deepen(search, {
    nodesMax: Math.min(nodesMax, Math.ceil(nodesOfDeepening / space.model.hostCount)),
    expired,
    fromMs: look.boundMs,
    ...(look.at === null ? {} : { best: look.cost }),
  })
