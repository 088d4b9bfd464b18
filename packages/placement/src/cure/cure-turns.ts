/**
 * Improving and proving take turns, each time with more effort: neither knows how far it is from its end. Local search
 * improves; branch and bound and the Lagrangian search prove, and the one that raised the bound last gets more of the time.
 */
import { touchedHostsBound } from '../bounds/touched-hosts-bound.ts'
import { deepen } from '../exact/iterative-deepening.ts'
import type { Search } from '../exact/search-limits.ts'
import { createSearchSpace } from '../exact/search-state.ts'
import { createLagrangianSearch, type LagrangianSearch } from '../lagrangian/lagrangian-search.ts'
import { createLocalSearch, type LocalSearch } from '../local/local-search.ts'
import type { FullCost } from '../model/cost.ts'
import { withReducedDomains } from '../model/domain-reduction.ts'
import { type Cure, type Effort, searchOfCures } from './cure-effort.ts'

interface Known {
  /** The best answer so far, or null. */
  at: Int32Array | null
  cost: FullCost
  /** Proven lower bound of its migrations. */
  boundMs: number
}

interface TurnState extends Known {
  readonly effort: Effort
  readonly search: Search
  readonly local: LocalSearch
  /** Made when first needed. */
  lagrangian: LagrangianSearch | null
  /** No cure touches fewer hosts. */
  readonly leastTouched: number
  /** Which of the two provers raised the bound last. */
  leader: 'search' | 'lagrangian'
  /** Nothing is better. */
  complete: boolean
}

/** The first turn of improving and proving, each; later ones get `growth` times as many nodes. */
const nodesOfTurn = 1000
const growth = 4
/** Branch and bound that knows what to beat is cheap beside the rest of a turn. */
const turnsOfSearch = 32
/** Nor does it stop at `nodesMax` at once: its nodes are the cheapest part of a turn. */
const searchesOfMax = 2
/** The effort of the Lagrangian search grows by so much while it raises the bound, and that of branch and bound shrinks. */
const leadOfLagrangian = 2
const lagOfSearch = 4
/** Steps of the knapsacks in the Lagrangian search for each node of a turn. */
const knapsackStepsPerNode = 640
/** Annealing finds the best answers where nearly everything is full; a short run of it tells what to beat. */
const turnsOfAnnealing = 8
/** But an answer this near the bound is mostly the best: proving it comes before looking for another. */
const nearShare = 0.05
const turnsOfFirstAnnealing = 2

/** From what is `known` on. */
export const takeTurns = (effort: Effort, search: Search, known: Readonly<Known>): Cure => {
  const { space, nodesMax, expired, random } = effort
  const s: TurnState = {
    ...known,
    effort,
    search,
    local: createLocalSearch(space, random, expired),
    lagrangian: null,
    leastTouched: touchedHostsBound(space.model),
    leader: 'search',
    complete: false,
  }
  const firstTurn = Math.min(nodesMax, nodesOfTurn)
  improve(s, turnsOfFirstAnnealing * firstTurn)
  for (let turn = firstTurn; turn <= nodesMax && !s.complete && !expired(); turn *= growth) {
    if (turn > firstTurn) proveByLagrangian(s, turn)
    if (!s.complete && s.at !== null && reached(s, s.cost)) s.complete = true
    if (!s.complete) proveBySearch(s, turn)
    const near = s.at !== null && s.cost.migrationMs - s.boundMs <= s.cost.migrationMs * nearShare
    if (!s.complete) improve(s, near ? turn : Math.min(nodesMax, turnsOfAnnealing * turn))
  }
  const { at, cost, boundMs, complete } = s
  return at === null
    ? { kind: 'none', proven: complete }
    : { kind: 'found', at, cost, boundMs, optimal: complete }
}

/** Nothing can be better. */
const reached = ({ boundMs, leastTouched }: TurnState, cost: FullCost): boolean =>
  cost.softPenalty === 0 && cost.migrationMs <= boundMs && cost.hostsTouched <= leastTouched

const improve = (s: TurnState, nodesMax: number): void => {
  const { at, cost } = s.local.search(s.at, s.cost, { nodesMax, reached: (one) => reached(s, one) })
  s.at = at
  s.cost = cost
  if (at !== null && reached(s, cost)) s.complete = true
}

const proveByLagrangian = (s: TurnState, turn: number): void => {
  if (s.at === null || s.cost.softPenalty > 0) return
  const { space, random, expired } = s.effort
  s.lagrangian ??= createLagrangianSearch(space.model, random, expired)
  const steps = turn * knapsackStepsPerNode * (s.leader === 'lagrangian' ? leadOfLagrangian : 1)
  const found = s.lagrangian.search(s.at, s.cost, steps)
  s.at = found.at
  s.cost = found.cost
  if (found.boundMs > s.boundMs) s.leader = 'lagrangian'
  s.boundMs = Math.max(s.boundMs, found.boundMs)
  s.complete = found.complete
}

const proveBySearch = (s: TurnState, turn: number): void => {
  const { expired } = s.effort
  const nodes = Math.min(s.effort.nodesMax * searchesOfMax, turn * turnsOfSearch)
  const nodesMax = Math.ceil(nodes / (s.leader === 'lagrangian' ? lagOfSearch : 1))
  const proof =
    s.cost.softPenalty === 0
      ? deepen(reducedSearch(s), { nodesMax, expired, fromMs: s.boundMs, best: s.cost })
      : s.search.run({ best: s.cost, nodesMax, expired })
  if (proof.at !== null) {
    s.at = proof.at
    s.cost = proof.cost
  }
  if ('boundMs' in proof) {
    // A millisecond more is no news.
    if (proof.boundMs > s.boundMs + 1) s.leader = 'search'
    s.boundMs = Math.max(s.boundMs, proof.boundMs)
  }
  s.complete = proof.complete
}

/**
 * Where the Lagrangian bound says that no better answer has a VM the search need not look; but smaller domains mislead its
 * sense of what is hard to place, so they must be good for a higher bound at least.
 */
const reducedSearch = ({ effort, search, lagrangian, cost }: TurnState): Search => {
  if (lagrangian === null || cost.softPenalty > 0) return search
  const { model } = effort.space
  const reduced = searchOfCures(createSearchSpace(withReducedDomains(model, lagrangian.allowed)))
  const rootMs = (of: Search) => of.run({ best: cost, nodesMax: 0, expired: effort.expired }).rootMs
  return rootMs(reduced) > rootMs(search) ? reduced : search
}
