/**
 * The door: solves until the answer can be ordered. A viable placement may have no order of moves: two full hosts would
 * have to swap VMs, or a continuous rule closes the destination meanwhile. Then, in turn:
 *
 * 1. placements that no order can lead to, as counting shows, are left out (order/reachable-domains.ts);
 * 2. everything that can be reached is looked at, if it is not too much: then the best of it is known to be so
 *    (order/reachable-placements.ts);
 * 3. what is left is solved again, with one of the moves that wait for each other forbidden (a no-good), each of them
 *    in turn.
 *
 * The answer is always one that can be carried out: a cure, or else as much relief as was found, or `infeasible` with
 * code `plan.no_order`.
 */
import { checkPlan } from './check/checker.ts'
import { compareCost, costOf, type FullCost, noCost } from './model/cost.ts'
import { compile, type Model } from './model/model.ts'
import { startOf } from './order/order-state.ts'
import { type NoOrder, type OrderOptions, type Planned, planningProblem, planOrder } from './order/planner.ts'
import { reachableProblem } from './order/reachable-domains.ts'
import { reachablePlacements } from './order/reachable-placements.ts'
import type { Answer, AnswerWithMoves, AnswerWithoutMoves, Binding, Move } from './problem/answer.ts'
import type { Plan } from './problem/plan.ts'
import type { PlacementProblem } from './rules/placement-problem.ts'
import { constraintsOf, type PlacementRule } from './rules/rule.ts'
import { type PlacementOptions, shown, solvePlacement, undecided } from './solve-placement.ts'

/** `plan`: the moves of the answer in an order that is safe at every step, as `checkPlan` confirms. Null when nothing moves. */
export type Solution =
  | { readonly answer: AnswerWithMoves; readonly plan: Plan }
  | { readonly answer: AnswerWithoutMoves; readonly plan: null }

/** Of placing and of ordering. */
export type SolveOptions = PlacementOptions & OrderOptions

/** The reason code when cures exist, but none with an order was found. */
export const noOrderCode = 'plan.no_order'

const triesMax = 6
/** A data centre is not solved a dozen times: all blocked moves are forbidden at once. */
const hostsMax = 64
const triesMaxLarge = 3
/** Each try may take this many search nodes. */
const nodesPerTry = 1_000
/** And so many looks for an order; all of them together ten times as many. */
const looksPerTry = 30_000
const looksOfTries = 10 * looksPerTry
/** Some tens of ms. */
const looksOfReach = 300_000

/**
 * Where should the VMs run, and in what order do they get there? `first`: the answer of `solvePlacement`, where it is known
 * already.
 */
export const solve = (
  problem: PlacementProblem,
  options: SolveOptions = {},
  first: Answer = solvePlacement(problem, options),
): Solution => {
  if (first.kind !== 'plan' && first.kind !== 'relief') return { answer: first, plan: null }
  const order = planOrder(problem, first.moves, options)
  return order.kind === 'plan'
    ? { answer: first, plan: order.plan }
    : solveAgain(problem, options, first, order)
}

interface Found {
  readonly moves: readonly Move[]
  readonly cost: FullCost
  readonly plan: Plan
}

/** `first` is the best answer that there is, but has no order. */
const solveAgain = (
  problem: PlacementProblem,
  options: SolveOptions,
  first: AnswerWithMoves,
  unordered: NoOrder,
): Solution => {
  const model = compile(problem, options.objective)
  const idle = costOf(model, startOf(model))
  const expired = options.expired ?? (() => false)
  const large = problem.hosts.length > hostsMax
  let best: Found | null = null
  let looks = looksOfTries
  /** Null: no better than what there is. */
  const consider = (moves: readonly Move[]): Planned | null => {
    const cost = costOf(model, placedBy(model, moves))
    if (compareCost(cost, best?.cost ?? idle) >= 0) return null
    const order = planOrder(problem, moves, { ...options, looksMax: Math.min(looks, looksPerTry) })
    if (order.kind === 'plan') {
      // A partial cure may not break in the end what holds now.
      if (checkPlan(problem, order.plan).length > 0) return null
      best = { moves, cost, plan: order.plan }
    } else if (!order.proven) looks -= looksPerTry
    return order
  }
  const solved = (of: PlacementProblem): Answer =>
    solvePlacement(of, {
      ...options,
      cureOnly: first.kind === 'plan',
      nodesMax: Math.min(nodesPerTry, options.nodesMax ?? nodesPerTry),
    })

  /** True: no cure, or none better than `best`, has an order. */
  const searchReachable = (planning: Model, goal: Int32Array | null): boolean => {
    const { better, all } = reachablePlacements(model, planning, goal, looksOfReach)
    for (let i = better.length - 1; i > 0; i--)
      if (consider(movesTo(model, better[i]!.at))?.kind === 'plan') break
    const last = better.at(-1)!.cost
    return all && (!isCure(last) || (best !== null && compareCost(best.cost, last) <= 0))
  }
  /** Solves again with one of the blocked moves forbidden, one after the other. True as above. */
  const searchWithNoGoods = (narrow: PlacementProblem): boolean => {
    const queue: (readonly Move[])[] = [[]]
    const seen = new Set<string>()
    for (let tries = 0; tries < (large ? triesMaxLarge : triesMax) && tries < queue.length; tries++) {
      if (expired()) return false
      const forbidden = queue[tries]!
      const again = tries > 0 || narrow !== problem
      const answer = again ? solved(without(narrow, forbidden)) : first
      const settled = tries === 0 && again
      if (answer.kind === 'infeasible') {
        // No reachable placement is a cure; the best so far is relief.
        if (settled && answer.why.code !== undecided.code) return true
        continue
      }
      if (answer.kind === 'satisfied') continue
      const order = again ? consider(answer.moves) : unordered
      if (order === null) continue
      if (order.kind === 'plan') {
        if (settled && answer.optimal) return true
        continue
      }
      if (large) queue.push([...forbidden, ...order.blocked])
      else
        for (const move of order.blocked) {
          const more = [...forbidden, move]
          const key = more
            .map(({ vm, to }) => `${vm} ${to}`)
            .sort()
            .join()
          if (!seen.has(key)) queue.push(more)
          seen.add(key)
        }
    }
    return false
  }

  consider(unordered.possible)
  const hasForecast = problem.forecast !== undefined
  // Suspended VMs go anywhere, and what rules of order allow depends on the past.
  const free =
    large || hasForecast || options.suspend === true || constraintsOf(problem.rules, 'ordered').length > 0
  const planning = free ? null : compile(planningProblem(problem), options.objective, true)
  const settled =
    (planning !== null &&
      (searchReachable(planning, placedBy(model, first.moves)) || searchReachable(planning, null))) ||
    searchWithNoGoods((planning === null ? null : reachableProblem(problem, planning)) ?? problem)
  // Some of the moves are better than none.
  if (best === null && !large) {
    const kept = [...unordered.possible]
    for (const move of first.moves) {
      if (kept.includes(move)) continue
      if (consider([...kept, move])?.kind === 'plan') kept.push(move)
    }
  }
  return concluded(model, idle, first, unordered, best, settled)
}

const concluded = (
  model: Model,
  idle: FullCost,
  first: AnswerWithMoves,
  unordered: NoOrder,
  best: Found | null,
  settled: boolean,
): Solution => {
  if (best !== null && isCure(best.cost)) {
    const { moves, plan } = best
    const cost = shown(model, best.cost)
    return {
      answer: { kind: 'plan', moves, cost, bound: settled ? cost : first.bound, optimal: settled },
      plan: plan,
    }
  }
  // Only soft rules asked for more.
  if (best === null && isCure(idle)) {
    const cost = shown(model, idle)
    return {
      answer: { kind: 'satisfied', cost, bound: settled ? cost : first.bound, optimal: settled },
      plan: null,
    }
  }
  const why: Binding = {
    code: first.kind === 'relief' ? first.why.code : noOrderCode,
    text: [
      ...(first.kind === 'relief' ? [`${first.why.text}; and of the best partial cure`] : []),
      unordered.why.text,
      settled
        ? 'no other cure has an order either'
        : 'no other cure that has one was found in the time given',
    ].join('; '),
  }
  if (best === null) return { answer: { kind: 'infeasible', why }, plan: null }
  const { moves, plan } = best
  return {
    answer: { kind: 'relief', why, moves, cost: shown(model, best.cost), bound: noCost, optimal: false },
    plan: plan,
  }
}

const isCure = (cost: FullCost): boolean => cost.unmet === 0 && cost.overloadedHosts === 0

const placedBy = (model: Model, moves: readonly Move[]): Int32Array => {
  const at = startOf(model)
  const vms = new Map(model.vms.map((vm, v) => [vm.id, v]))
  const hosts = new Map(model.hosts.map((host, h) => [host.id, h]))
  for (const { vm, to } of moves) at[vms.get(vm)!] = to === null ? -1 : hosts.get(to)!
  return at
}

const movesTo = (model: Model, at: Int32Array): Move[] => {
  const start = startOf(model)
  return model.vms.flatMap((vm, v): Move[] =>
    at[v] === start[v] ? [] : [{ vm: vm.id, from: vm.host, to: at[v]! < 0 ? null : model.hosts[at[v]!]!.id }],
  )
}

const without = (problem: PlacementProblem, forbidden: readonly Move[]): PlacementProblem => ({
  ...problem,
  rules: [
    ...problem.rules,
    ...forbidden.map((move): PlacementRule => ({ kind: 'ban', vms: [move.vm], hosts: [move.to!] })),
  ],
})
