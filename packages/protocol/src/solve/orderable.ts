/**
 * Solves until the answer can be ordered. A placement may be fine and yet lie where no order of moves leads: two
 * full hosts that would swap, or a target that only a continuous rule closes meanwhile. Then one of the moves that
 * wait for each other is forbidden (a no-good) and the problem solved again, each of them in turn, the cheapest
 * orderable answer first found being taken. Bounded: after some tries the first answer stands, without an order.
 */
import type { PartitionId } from '../ids.ts'
import { type Planned, type PlanOptions, planOrder } from '../plan/planner.ts'
import type { Answer, Cost, Move } from './answer.ts'
import type { PlacementProblem } from './problem.ts'
import type { PlacementRule } from './rules/rule.ts'
import { type SolveOptions, solve } from './solver.ts'

export interface Orderable {
  readonly answer: Answer
  /** Null when nothing moves. */
  readonly order: Planned | null
}

const triesMax = 12
/** A data centre is not solved a dozen times; there is always some way round, too. */
const hostsMax = 64
/** As for the first answer, each try may take this many search nodes. */
const nodesPerTry = 20_000

export const solveOrderable = (
  problem: PlacementProblem,
  partition: PartitionId,
  options: SolveOptions & PlanOptions = {},
  first: Answer = solve(problem, options),
): Orderable => {
  const found = ordered(problem, first, partition, options)
  if (found.order?.kind !== 'no_order' || problem.hosts.length > hostsMax) return found
  if (first.kind !== 'plan' && first.kind !== 'relief') return found
  const expired = options.expired ?? (() => false)
  let best: Orderable | null = null
  /** Sets of forbidden moves, fewest first. */
  const queue: (readonly Move[])[] = found.order.blocked.map((move) => [move])
  for (let tries = 0; tries < triesMax && tries < queue.length && !expired(); tries++) {
    const forbidden = queue[tries]!
    // Nothing with more forbidden is better than what fewer found.
    if (best !== null && forbidden.length > queue[0]!.length) break
    const answer = solve(without(problem, forbidden), { ...options, nodesMax: nodesPerTry })
    if (answer.kind !== first.kind) continue
    const next = ordered(problem, answer, partition, options)
    if (next.order?.kind === 'no_order')
      for (const move of next.order.blocked) queue.push([...forbidden, move])
    else if (best === null || cheaper(answer.cost, (best.answer as { readonly cost: Cost }).cost))
      // The bound of the free problem holds; that no other order does better is not proven.
      best = { ...next, answer: { ...answer, bound: first.bound, optimal: false } }
  }
  return best ?? found
}

/** The answer as it is, with its order if it has one. */
export const ordered = (
  problem: PlacementProblem,
  answer: Answer,
  partition: PartitionId,
  options: PlanOptions,
): Orderable => ({
  answer,
  order:
    (answer.kind === 'plan' || answer.kind === 'relief') && answer.moves.length > 0
      ? planOrder(problem, answer.moves, partition, options)
      : null,
})

const without = (problem: PlacementProblem, forbidden: readonly Move[]): PlacementProblem => ({
  ...problem,
  rules: [
    ...problem.rules,
    ...forbidden.map((move): PlacementRule => ({ kind: 'ban', vms: [move.vm], hosts: [move.to!] })),
  ],
})

const cheaper = (a: Cost, b: Cost): boolean => {
  const keys = ['overloadedHosts', 'excess', 'softPenalty', 'migrationMs', 'hostsTouched'] as const
  for (const key of keys) if (a[key] !== b[key]) return a[key] < b[key]
  return false
}
