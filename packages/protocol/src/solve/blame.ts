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
import type { PlacementProblem } from './problem.ts'
import type { PlacementRule } from './rules/rule.ts'
import { prepare } from './search-state.ts'

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

/** Per question; there may be one for each rule. */
const nodesPerQuestion = 5000

export const blame = (problem: PlacementProblem, model: Model): Binding => {
  const hard = problem.rules.filter((rule) => rule.weight === undefined)
  const weightless = withoutDemand(problem)
  if (hard.length > 0 && feasible({ ...weightless, rules: hard }, nodesPerQuestion) === false)
    return conflictOf(weightless, hard, 'contradict each other, however much room there is')
  if (hard.length > 0 && feasible({ ...problem, rules: [] }, nodesPerQuestion) === true)
    return conflictOf(problem, hard, 'cannot hold with the room there is')
  return tightest(model)
}

/** Nothing weighs anything: what is impossible now is impossible because of rules alone. */
const withoutDemand = (problem: PlacementProblem): PlacementProblem => ({
  ...problem,
  vms: problem.vms.map((vm) => ({ ...vm, demand: vm.demand.map(() => 0) })),
})

/** Drops rules as long as it stays impossible: each one left is needed for the conflict. */
const conflictOf = (problem: PlacementProblem, hard: readonly PlacementRule[], verdict: string): Binding => {
  let conflict = hard
  for (const rule of hard) {
    const without = conflict.filter((other) => other !== rule)
    if (feasible({ ...problem, rules: without }, nodesPerQuestion) === false) conflict = without
  }
  const names = conflict.map(ruleName)
  const subject = names.length === 1 ? names[0]! : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
  return { code: ruleCodes[conflict[0]?.kind ?? 'fence'], text: `${subject} ${verdict}` }
}

/** Finer than this nobody orders hardware. */
const permilleSteps = 10
const permilleMax = 1 << permilleSteps

/**
 * The least that would have to give: one rule dropped, or else all limits raised by the smallest permille that
 * helps. Null when neither helps (or it cannot be decided quickly).
 */
export const relaxation = (problem: PlacementProblem): string | null => {
  for (const rule of problem.rules) {
    if (rule.weight !== undefined) continue
    const without = problem.rules.filter((other) => other !== rule)
    if (feasible({ ...problem, rules: without }, nodesPerQuestion) === true)
      return `it would do to drop ${ruleName(rule)}`
  }
  const raised = (permille: number): PlacementProblem => ({
    ...problem,
    hosts: problem.hosts.map((host) => ({
      ...host,
      limit: host.limit.map((amount) => Math.ceil((amount * (1000 + permille)) / 1000)),
    })),
  })
  if (feasible(raised(permilleMax), nodesPerQuestion) !== true) return null
  let enough = permilleMax
  let tooLittle = 0
  while (enough - tooLittle > 1) {
    const middle = (enough + tooLittle) >> 1
    if (feasible(raised(middle), nodesPerQuestion) === true) enough = middle
    else tooLittle = middle
  }
  return `it would do to raise every limit by ${Math.floor(enough / 10)}.${enough % 10} %`
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
