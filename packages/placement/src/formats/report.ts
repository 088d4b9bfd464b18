/** From a problem to the report that `drover solve` prints: solve, order, check; all pure but for the clock given. */

import { checkPlacement, checkPlan, overloads, type PlanViolation } from '../check/checker.ts'
import { type Goal, pursue } from '../goals.ts'
import { nodeBudget } from '../infeasibility/feasible.ts'
import { relaxation } from '../infeasibility/relaxation.ts'
import { noCost } from '../model/cost.ts'
import type { Objective } from '../model/model.ts'
import type { Answer, Binding, Cost, Move } from '../problem/answer.ts'
import type { HostId, VmId } from '../problem/ids.ts'
import type { Plan } from '../problem/plan.ts'
import type { PlacementProblem } from '../rules/placement-problem.ts'
import { noOrderCode, solve } from '../solve.ts'
import { currentCost, movesBound, type PlacementOptions, solvePlacement } from '../solve-placement.ts'

export interface SolveReport {
  readonly schemaVersion: 1
  readonly status: Answer['kind']
  /** Proven to be the best answer in every level of the objective. */
  readonly optimal: boolean
  readonly moves: readonly Move[]
  readonly cost: Cost
  /** No answer can cost less. */
  readonly bound: Cost
  /** No full cure makes fewer moves. */
  readonly movesBound: number
  readonly overloadedBefore: number
  readonly overloadedAfter: number
  /** Found by the independent checker, in the plan and in the final placement. Empty for a full cure. */
  readonly violations: readonly PlanViolation[]
  readonly loadMs: number
  readonly solveMs: number
  readonly planMs: number
  /** Estimated ms from the first start to the last end; 0 without a plan. */
  readonly makespan: number
  /** Why there is no (full) cure, or no order; null when there is nothing to explain. */
  readonly explanation: Binding | null
}

export interface ReportOptions {
  readonly objective: Objective | Goal
  readonly seed?: number
  /** Wall clock budget of the solver, in ms of `now`; null = none. */
  readonly budgetMs: number | null
  readonly suspend: boolean
  /** Where the document contradicts itself: then there is nothing to solve. */
  readonly contradiction?: Binding | null
  readonly loadMs: number
  /** A monotonic clock in ms. */
  readonly now: () => number
}

export interface Solved {
  readonly report: SolveReport
  /** Null when nothing moves. */
  readonly plan: Plan | null
}

export const solveProblem = (problem: PlacementProblem, options: ReportOptions): Solved => {
  const started = options.now()
  const deadline = options.budgetMs === null ? Number.POSITIVE_INFINITY : started + options.budgetMs
  // Advice is sought after no answer was found, so it gets a little time of its own.
  const deadlineOfAdvice = deadline + (options.budgetMs ?? 0) / 2
  const { objective } = options
  const plain = objective === 'time' || objective === 'moves'
  const search: PlacementOptions = {
    ...(plain ? { objective } : {}),
    ...(options.seed === undefined ? {} : { seed: options.seed }),
    // A clock is the only limit where there is one.
    ...(options.budgetMs === null ? {} : { nodesMax: Number.MAX_SAFE_INTEGER }),
    expired: () => options.now() >= deadline,
  }
  const contradicted = options.contradiction ?? null
  const ordering = { ...search, suspend: options.suspend, planId: 'solve' }
  const pursued = plain || contradicted !== null ? null : pursue(problem, objective, ordering)
  const first: Answer =
    contradicted !== null
      ? { kind: 'infeasible', why: contradicted }
      : (pursued?.answer ?? solvePlacement(problem, search))
  const solvedAt = options.now()
  const { answer, plan } = pursued ?? solve(problem, ordering, first)
  const moves = answer.kind === 'plan' || answer.kind === 'relief' ? answer.moves : []
  const plannedAt = options.now()
  const overloaded = (placement: ReadonlyMap<VmId, HostId>): number =>
    new Set(overloads(problem, placement).map((one) => one.host)).size
  const final = placementAfter(problem, moves)
  // What a partial cure leaves is what `explanation` is about, not a fault of the plan.
  const violations = [
    ...(plan === null ? [] : checkPlan(problem, plan)),
    ...(answer.kind === 'plan' || answer.kind === 'satisfied' ? checkPlacement(problem, final) : []),
  ]
  const why =
    answer.kind === 'relief' || answer.kind === 'infeasible'
      ? (contradicted ?? withRelaxation(problem, answer.why, () => options.now() >= deadlineOfAdvice))
      : null
  const round = (ms: number) => Math.round(ms * 1000) / 1000
  return {
    plan,
    report: {
      schemaVersion: 1,
      status: answer.kind,
      optimal: answer.kind !== 'infeasible' && answer.optimal,
      moves,
      cost: answer.kind === 'infeasible' ? currentCost(problem) : answer.cost,
      bound: answer.kind === 'infeasible' ? noCost : answer.bound,
      movesBound: movesBound(problem),
      overloadedBefore: overloaded(placementAfter(problem, [])),
      overloadedAfter: overloaded(final),
      violations,
      loadMs: round(options.loadMs),
      solveMs: round(solvedAt - started),
      planMs: round(plannedAt - solvedAt),
      makespan: plan?.makespanMs ?? 0,
      explanation: why,
    },
  }
}

/** Larger problems would have to be solved a dozen times for it. */
const hostsOfRelaxation = 64

const withRelaxation = (problem: PlacementProblem, why: Binding, expired: () => boolean): Binding => {
  // The order is what is missing there, and no limit or rule.
  if (why.code === noOrderCode) return why
  const help = problem.hosts.length > hostsOfRelaxation ? null : relaxation(problem, nodeBudget(expired))
  return help === null ? why : { ...why, text: `${why.text}; ${help}` }
}

const placementAfter = (problem: PlacementProblem, moves: readonly Move[]): ReadonlyMap<VmId, HostId> => {
  const at = new Map<VmId, HostId>()
  for (const vm of problem.vms) if (vm.host !== null && vm.state === 'running') at.set(vm.id, vm.host)
  for (const move of moves)
    if (move.to === null) at.delete(move.vm)
    else at.set(move.vm, move.to)
  return at
}
