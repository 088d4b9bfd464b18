/**
 * The cause of a proven infeasibility that no simple count shows. Rules contradict each other whatever the room; or they
 * cannot hold with the room there is; or the VMs do not fit the hosts one by one: capacity.
 */

import { compile, type Model } from '../model/model.ts'
import type { Binding } from '../problem/answer.ts'
import { amountText, capacityCode } from '../problem/names.ts'
import type { PlacementProblem } from '../rules/placement-problem.ts'
import { conflictOf } from './conflict.ts'
import { feasible, nodeBudget, withoutDemand, withRules } from './feasible.ts'
import { violatedCondition } from './necessary-conditions.ts'

export const diagnose = (problem: PlacementProblem): Binding => {
  const budget = nodeBudget()
  const model = compile(problem)
  const hard = problem.rules.filter((rule) => rule.weight === undefined)
  const weightless = withoutDemand(problem)
  const bare = weightless.rules.filter((rule) => rule.weight === undefined)
  if (hard.length > 0 && feasible(withRules(weightless, bare), budget) === false)
    return conflictOf(weightless, bare, 'contradiction', budget)
  const violated = violatedCondition(model)
  if (violated !== null) return violated
  if (hard.length > 0 && feasible(withRules(problem, []), budget) === true)
    return conflictOf(problem, hard, 'room', budget)
  return tightest(model)
}

/** The dimension in which the VMs fill the hosts most. */
const tightest = (model: Model): Binding => {
  let worst = 0
  let worstPermille = -1
  let numbers = ''
  for (let d = 0; d < model.dims; d++) {
    let wanted = 0
    let room = 0
    for (let v = 0; v < model.vmCount; v++) wanted += model.demand[v * model.dims + d]!
    for (let h = 0; h < model.hostCount; h++)
      if (model.hosts[h]!.state === 'online') room += model.limit[h * model.dims + d]!
    const permille = Math.floor((wanted * 1000) / Math.max(1, room))
    if (permille <= worstPermille) continue
    worst = d
    worstPermille = permille
    const dimension = model.problem.dimensions[d]!
    numbers = `${amountText(dimension, wanted)} of ${amountText(dimension, room)}`
  }
  return {
    code: capacityCode(model.problem.dimensions[worst]!),
    text: `the VMs need ${numbers}, but no arrangement of them fits the hosts one by one`,
  }
}
