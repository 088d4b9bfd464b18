/**
 * Goals beyond a cure, over the same machinery: a goal is a stricter problem, made as strict as can still be
 * cured. *Consolidate* drains one host after another, the least loaded first, each completely or not at all
 * (as CloudSim's power-aware policies do). *Balance* lowers the limits of all hosts together, to the smallest
 * permille that still has a cure.
 */

import { demandsInEffect, limitsInEffect } from './model/amounts.ts'
import { noCost } from './model/cost.ts'
import { planOrder } from './order/planner.ts'
import type { Answer, Cost } from './problem/answer.ts'
import type { PlacementProblem } from './rules/placement-problem.ts'
import { type Solution, type SolveOptions, solve } from './solve.ts'
import { solvePlacement } from './solve-placement.ts'

export type Goal = 'consolidate' | 'balance'

/** A stricter problem that cannot be cured within this many nodes is given up. */
const nodesPerTry = 5000
/**
 * Up to this many hosts, each is tried by itself; with more, the least loaded ones are drained together, as many as
 * possible.
 */
const hostsOneByOne = 64

const cured = (answer: Answer): boolean => answer.kind === 'plan' || answer.kind === 'satisfied'

/** A goal that cannot be reached step by step is not reached: only answers that have an order count. */
export const pursue = (problem: PlacementProblem, goal: Goal, options: SolveOptions = {}): Solution => {
  const base = solve(problem, options)
  if (!cured(base.answer)) return base
  const expired = options.expired ?? (() => false)
  /** Null: no cure, or one without an order. */
  const ordered = (answer: Answer): Solution | null => {
    if (answer.kind !== 'plan') return answer.kind === 'satisfied' ? { answer, plan: null } : null
    const order = planOrder(problem, answer.moves, options)
    return order.kind === 'plan' ? { answer, plan: order.plan } : null
  }
  let reached = base
  const attempt = (stricter: PlacementProblem): boolean => {
    if (expired()) return false
    const found = ordered(solvePlacement(stricter, { ...options, nodesMax: nodesPerTry, cureOnly: true }))
    if (found !== null) reached = found
    return found !== null
  }
  const strictest = goal === 'consolidate' ? consolidated(problem, attempt) : balanced(problem, attempt)
  const bound = 'bound' in base.answer ? base.answer.bound : noCost
  if (strictest === problem) return unproven(base, bound)
  // A longer search finds a cheaper way to the same end, unless time runs out.
  const longer = solvePlacement(strictest, options)
  const thorough = ordered(longer) ?? solve(strictest, options, longer)
  return unproven(cured(thorough.answer) ? thorough : reached, bound)
}

/**
 * The proof is for one stricter problem only; a still stricter one might have a cure, too. `bound`: of the problem
 * without the goal.
 */
const unproven = (solution: Solution, bound: Cost): Solution => {
  const weaker = <A extends Answer>(answer: A): A =>
    'optimal' in answer ? { ...answer, bound, optimal: false } : answer
  return solution.plan === null
    ? { answer: weaker(solution.answer), plan: null }
    : { answer: weaker(solution.answer), plan: solution.plan }
}

type Attempt = (stricter: PlacementProblem) => boolean

/** Share of the limits in use, in permille, of each host: the fullest dimension counts. */
const usage = (problem: PlacementProblem): Map<string, number> => {
  const dims = problem.dimensions.length
  const limit = limitsInEffect(problem, problem.hosts)
  const demand = demandsInEffect(problem, problem.vms)
  const index = new Map(problem.hosts.map((host, h) => [host.id, h]))
  const load = new Float64Array(limit.length)
  problem.vms.forEach((vm, v) => {
    const h = vm.host === null || vm.state !== 'running' ? undefined : index.get(vm.host)
    if (h !== undefined) for (let d = 0; d < dims; d++) load[h * dims + d]! += demand[v * dims + d]!
  })
  return new Map(
    problem.hosts.map((host, h) => {
      let most = 0
      for (let d = 0; d < dims; d++)
        most = Math.max(most, Math.floor((load[h * dims + d]! * 1000) / Math.max(1, limit[h * dims + d]!)))
      return [host.id, most]
    }),
  )
}

const consolidated = (problem: PlacementProblem, attempt: Attempt): PlacementProblem => {
  const used = usage(problem)
  const stuck = new Set(problem.vms.filter((vm) => vm.host !== null && !vm.movable).map((vm) => vm.host))
  const candidates = problem.hosts
    .filter((host) => host.state === 'online' && !stuck.has(host.id))
    .map((host) => host.id)
    .sort((a, b) => used.get(a)! - used.get(b)! || (a < b ? -1 : 1))
  const draining = (ids: ReadonlySet<string>): PlacementProblem => ({
    ...problem,
    hosts: problem.hosts.map((host) => (ids.has(host.id) ? { ...host, state: 'draining' } : host)),
  })
  let emptied: ReadonlySet<string> = new Set()
  if (candidates.length > hostsOneByOne) {
    let possible = 0
    let tooMany = candidates.length
    while (tooMany - possible > 1) {
      const middle = (possible + tooMany) >> 1
      if (attempt(draining(new Set(candidates.slice(0, middle))))) possible = middle
      else tooMany = middle
    }
    emptied = new Set(candidates.slice(0, possible))
  } else
    for (const id of candidates) {
      const more = new Set([...emptied, id])
      if (attempt(draining(more))) emptied = more
    }
  return emptied.size === 0 ? problem : draining(emptied)
}

/** The peak has to fall by at least this much to be worth moving anything. */
const gainMinPermille = 50

const balanced = (problem: PlacementProblem, attempt: Attempt): PlacementProblem => {
  const capped = (permille: number): PlacementProblem => ({
    ...problem,
    hosts: problem.hosts.map((host) => ({
      ...host,
      limit: host.limit.map((amount) => Math.floor((amount * permille) / 1000)),
    })),
  })
  const peak = Math.min(1000, Math.max(0, ...usage(problem).values()))
  let possible = peak
  let tooLow = 0
  while (possible - tooLow > 1) {
    const middle = (possible + tooLow) >> 1
    if (attempt(capped(middle))) possible = middle
    else tooLow = middle
  }
  return peak - possible < gainMinPermille ? problem : capped(possible)
}
