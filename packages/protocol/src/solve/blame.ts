/**
 * Which constraint is to blame for a proven infeasibility that no simple count shows. Without the rules the
 * problem is either still infeasible (the pieces do not fit: capacity), or some rules bind; then rules are
 * dropped one by one as long as it stays infeasible, and what is left conflicts, each of them necessarily.
 */
import type { Binding } from './answer.ts'
import { noCost } from './cost.ts'
import { branchAndBound, prepare } from './exact.ts'
import { capacityCode } from './explain.ts'
import { compile, type Model } from './model.ts'
import type { PlacementProblem } from './problem.ts'
import type { PlacementRule } from './rules/rule.ts'

const ruleCodes: Readonly<Record<PlacementRule['kind'], string>> = {
  spread: 'rule.anti_affinity',
  domainSpread: 'rule.anti_affinity',
  split: 'rule.anti_affinity',
  lonely: 'rule.anti_affinity',
  gather: 'rule.affinity',
  among: 'rule.affinity',
  splitAmong: 'rule.affinity',
  ban: 'rule.host_group',
  fence: 'rule.host_group',
  quarantine: 'rule.host_group',
  root: 'vm.pinned',
  seq: 'rule.order',
  preserve: 'rule.capacity',
  overbook: 'rule.capacity',
  resourceCapacity: 'rule.capacity',
  runningCapacity: 'rule.capacity',
  maxOnline: 'rule.capacity',
}

/** True: has a viable placement; false: proven to have none; null: not decided within the nodes. */
const feasible = (problem: PlacementProblem, nodesMax: number): boolean | null => {
  const model = compile(problem)
  const best = { ...noCost, unmet: 0, softPenalty: Number.POSITIVE_INFINITY }
  const result = branchAndBound(prepare(model), {
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

export const blame = (problem: PlacementProblem, model: Model, nodesMax: number): Binding => {
  const hard = problem.rules.filter((rule) => rule.weight === undefined)
  if (hard.length > 0 && feasible({ ...problem, rules: [] }, nodesMax) === true) {
    let conflict: readonly PlacementRule[] = hard
    for (const rule of hard) {
      const without = conflict.filter((other) => other !== rule)
      if (feasible({ ...problem, rules: without }, nodesMax) === false) conflict = without
    }
    const names = conflict.map((rule) => ruleName(rule))
    return {
      code: ruleCodes[conflict[0]!.kind],
      text: `${names.join(' and ')} cannot hold with the room there is`,
    }
  }
  return tightest(model)
}

const ruleName = (rule: PlacementRule): string => {
  if (rule.name !== undefined) return rule.name
  const subject = 'vms' in rule ? rule.vms : 'hosts' in rule ? rule.hosts : rule.parts.flat()
  return `${rule.kind}(${subject.slice(0, 6).join(', ')}${subject.length > 6 ? ', …' : ''})`
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
