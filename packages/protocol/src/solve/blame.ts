/**
 * Which constraint is to blame for a proven infeasibility that no simple count shows. Without the rules the
 * problem is either still infeasible (the pieces do not fit: capacity), or some rules bind; then rules are
 * dropped one by one as long as it stays infeasible, and what is left conflicts, each of them necessarily.
 */
import type { Binding } from './answer.ts'
import { noCost } from './cost.ts'
import { branchAndBound } from './exact.ts'
import { capacityCode } from './explain.ts'
import { compile, type Model } from './model.ts'
import type { Problem } from './problem.ts'
import type { Rule } from './rules/rule.ts'

const ruleCode = (rule: Rule): string => (rule.kind === 'spread' ? 'rule.anti_affinity' : 'rule.host_group')

/** True: has a viable placement; false: proven to have none; null: not decided within the nodes. */
const feasible = (problem: Problem, nodesMax: number): boolean | null => {
  const model = compile(problem)
  const best = { ...noCost, unmet: 0, softPenalty: Number.POSITIVE_INFINITY }
  const result = branchAndBound(model, {
    relief: false,
    open: null,
    start: model.home,
    best,
    nodesMax,
    expired: () => false,
    first: true,
  })
  if (result.at !== null) return true
  return result.complete ? false : null
}

export const blame = (problem: Problem, model: Model, nodesMax: number): Binding => {
  const hard = problem.rules.filter((rule) => rule.weight === undefined)
  if (hard.length > 0 && feasible({ ...problem, rules: [] }, nodesMax) === true) {
    let conflict: readonly Rule[] = hard
    for (const rule of hard) {
      const without = conflict.filter((other) => other !== rule)
      if (feasible({ ...problem, rules: without }, nodesMax) === false) conflict = without
    }
    const names = conflict.map((rule) => rule.name ?? `${rule.kind}(${rule.vms.join(', ')})`)
    return {
      code: ruleCode(conflict[0]!),
      text: `${names.join(' and ')} cannot hold with the room there is`,
    }
  }
  return tightest(model)
}

/** The dimension in which the pieces fill the hosts most. */
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
    numbers = `${wanted} of ${room} ${model.problem.dimensions[d]}`
  }
  return {
    code: capacityCode(model.problem.dimensions[worst]!),
    text: `the VMs need ${numbers}, but no arrangement of them fits the hosts one by one`,
  }
}
