/** Is there any viable placement? Explanations ask this of ever smaller problems. */

import { branchAndBound } from '../exact/branch-and-bound.ts'
import { createSearchSpace } from '../exact/search-state.ts'
import { unlimited } from '../model/cost.ts'
import { compile } from '../model/model.ts'
import { isOfAmounts } from '../rules/constraint.ts'
import type { PlacementProblem } from '../rules/placement-problem.ts'
import { constraintOf } from '../rules/rule.ts'

/** Search nodes that all questions about one problem may take together, and one of them. */
export interface NodeBudget {
  nodesLeft: number
  readonly nodesPerQuestion: number
  /** True when the caller's time is up: then nothing more is decided. */
  readonly expired: () => boolean
}

const nodesPerQuestion = 5000
const nodesOfExplanation = 200_000

export const nodeBudget = (expired: () => boolean = () => false): NodeBudget => ({
  nodesLeft: nodesOfExplanation,
  nodesPerQuestion,
  expired,
})

/** Compiling costs as much as some nodes. */
const nodesOfCompiling = 20
/** With more VMs than these a node costs more. */
const vmsOfNode = 64

/** True: has a viable placement; false: proven to have none; null: not decided within the nodes. */
export const feasible = (problem: PlacementProblem, budget: NodeBudget): boolean | null => {
  const nodesMax = Math.min(budget.nodesPerQuestion, budget.nodesLeft)
  if (nodesMax <= 0 || budget.expired()) return null
  const model = compile(problem)
  const result = branchAndBound(createSearchSpace(model), {
    relief: false,
    open: null,
    start: model.home,
    best: unlimited,
    nodesMax,
    expired: budget.expired,
    first: true,
  })
  budget.nodesLeft -= (result.nodes + nodesOfCompiling) * Math.ceil(model.vmCount / vmsOfNode)
  if (result.at !== null) return true
  return result.complete ? false : null
}

/** The same problem with no demand: if it is infeasible, rules alone are the cause. */
export const withoutDemand = (problem: PlacementProblem): PlacementProblem => ({
  ...problem,
  vms: problem.vms.map((vm) => ({ ...vm, demand: vm.demand.map(() => 0) })),
  rules: problem.rules.filter((rule) => !isOfAmounts(constraintOf(rule))),
})

export const withRules = (problem: PlacementProblem, rules: PlacementProblem['rules']): PlacementProblem => ({
  ...problem,
  rules,
})
