/**
 * The smallest relaxations that would help, each verified by solving the relaxed problem. First: a rule that could be
 * dropped, and the least that one host would need more of one dimension. If none helps: all limits raised by the smallest
 * permille. If that does not help: the fewest rules dropped together.
 */
import { asHostId } from '../problem/ids.ts'
import { amountText } from '../problem/names.ts'
import type { ProblemHost } from '../problem/situation.ts'
import { listed } from '../rules/listed.ts'
import type { PlacementProblem } from '../rules/placement-problem.ts'
import { constraintOf, definitionOf, type PlacementRule, ruleReference } from '../rules/rule.ts'
import { feasible, type NodeBudget, nodeBudget, withRules } from './feasible.ts'

/** Hardware is not ordered in finer steps than this. */
const permilleMax = 1024
/** More choices than these do not help an operator. */
const choicesMax = 3

/** Null when nothing of the kind helps, or none could be proven to. */
export const relaxation = (problem: PlacementProblem, budget: NodeBudget = nodeBudget()): string | null => {
  const help = [
    ...droppedRules(problem, budget).map(
      (rule) => raisedCap(problem, rule, budget) ?? `drop ${ruleReference(rule)}`,
    ),
    ...largerHosts(problem, budget),
    ...oneMoreHost(problem, budget),
  ]
  if (help.length === 0) help.push(...raisedLimits(problem, budget))
  if (help.length === 0) help.push(...fewestRules(problem, budget))
  return help.length === 0 ? null : `it would do to ${listed(help, 'or')}`
}

const helps = (relaxed: PlacementProblem, budget: NodeBudget): boolean => feasible(relaxed, budget) === true

/** The least amount from 1 to `most` for which the answer is yes, given that it is for `most`. */
const least = (most: number, enough: (amount: number) => boolean): number => {
  let sufficient = most
  let tooLittle = 0
  while (sufficient - tooLittle > 1) {
    const middle = Math.floor((sufficient + tooLittle) / 2)
    if (enough(middle)) sufficient = middle
    else tooLittle = middle
  }
  return sufficient
}

const droppedRules = (problem: PlacementProblem, budget: NodeBudget): readonly PlacementRule[] => {
  const found: PlacementRule[] = []
  for (const rule of problem.rules) {
    // Rules of order do not say where VMs may be.
    const idle = constraintOf(rule).is === 'ordered'
    if (rule.weight !== undefined || idle || found.length >= choicesMax) continue
    const without = problem.rules.filter((other) => other !== rule)
    if (helps(withRules(problem, without), budget)) found.push(rule)
  }
  return found
}

/** A cap that need not go altogether: to what it would have to be raised. */
const raisedCap = (problem: PlacementProblem, rule: PlacementRule, budget: NodeBudget): string | null => {
  const definition = definitionOf(rule)
  const cap = constraintOf(rule)
  if (definition.raised === undefined || !('max' in cap)) return null
  const raised = (by: number): PlacementProblem =>
    withRules(
      problem,
      problem.rules.map((other) => (other === rule ? definition.raised!(rule, by) : other)),
    )
  const d = cap.is === 'cap' && cap.of !== 'vms' ? problem.dimensions.indexOf(cap.of.dimension) : -1
  const most = problem.vms.reduce((sum, vm) => sum + (d < 0 ? 1 : (vm.demand[d] ?? 0)), 1)
  if (!helps(raised(most), budget)) return null
  return `raise ${ruleReference(rule)} to ${cap.max + least(most, (by) => helps(raised(by), budget))}`
}

/** Like the largest there is, and outside of all rules about hosts. */
const oneMoreHost = (problem: PlacementProblem, budget: NodeBudget): readonly string[] => {
  let like: ProblemHost | null = null
  for (const host of problem.hosts)
    if (host.state === 'online' && (like === null || host.limit[0]! > like.limit[0]!)) like = host
  if (like === null) return []
  const added = { ...like, id: asHostId(`${like.id} (one more)`), failureDomain: null }
  return helps({ ...problem, hosts: [...problem.hosts, added] }, budget) ? [`add a host like ${like.id}`] : []
}

const largerHosts = (problem: PlacementProblem, budget: NodeBudget): readonly string[] => {
  const found: string[] = []
  problem.dimensions.forEach((dimension, d) => {
    const plenty = problem.vms.reduce((sum, vm) => sum + (vm.demand[d] ?? 0), 1)
    const online = problem.hosts.filter((host) => host.state === 'online')
    const larger = (more: number, only: string | null): PlacementProblem => ({
      ...problem,
      hosts: problem.hosts.map((host) =>
        host.state === 'offline' || (only !== null && host.id !== only)
          ? host
          : { ...host, limit: host.limit.map((amount, i) => (i === d ? amount + more : amount)) },
      ),
    })
    if (!helps(larger(plenty, null), budget)) return
    let fewest = plenty
    let where: string[] = []
    for (const { id } of online) {
      if (!helps(larger(fewest, id), budget)) continue
      const more = least(fewest, (amount) => helps(larger(amount, id), budget))
      where = more < fewest ? [id] : [...where, id]
      fewest = more
    }
    if (where.length === 0) return
    const names = where.length > choicesMax ? [...where.slice(0, choicesMax), 'another'] : where
    found.push(`give ${listed(names, 'or')} ${amountText(dimension, fewest)} more`)
  })
  return found
}

const raisedLimits = (problem: PlacementProblem, budget: NodeBudget): readonly string[] => {
  const raised = (permille: number): PlacementProblem => ({
    ...problem,
    hosts: problem.hosts.map((host) => ({
      ...host,
      limit: host.limit.map((amount) => Math.ceil((amount * (1000 + permille)) / 1000)),
    })),
  })
  if (!helps(raised(permilleMax), budget)) return []
  const enough = least(permilleMax, (permille) => helps(raised(permille), budget))
  return [`raise every limit by ${Math.floor(enough / 10)}.${enough % 10} %`]
}

/** If dropping all of them helps, as many as possible are kept. */
const fewestRules = (problem: PlacementProblem, budget: NodeBudget): readonly string[] => {
  const hard = problem.rules.filter((rule) => rule.weight === undefined)
  if (hard.length < 2 || !helps(withRules(problem, []), budget)) return []
  let kept: readonly PlacementRule[] = []
  for (const rule of hard) if (helps(withRules(problem, [...kept, rule]), budget)) kept = [...kept, rule]
  const dropped = hard.filter((rule) => !kept.includes(rule))
  return [`drop ${listed(dropped.map(ruleReference), 'and')}`]
}
