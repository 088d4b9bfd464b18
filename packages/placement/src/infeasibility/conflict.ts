/**
 * The smallest set of rules that cannot hold together: rules are dropped one by one as long as the problem stays
 * impossible (the deletion filter of Chinneck and Dravnieks 1991), so each one left is needed for the conflict.
 * Then the facts that are needed as well: a host that is being drained, a VM that cannot move, a CPU that differs.
 */
import type { Binding } from '../problem/answer.ts'
import { listed, some } from '../rules/listed.ts'
import type { PlacementProblem } from '../rules/placement-problem.ts'
import { codeOf, type PlacementRule, ruleName, vmsOf } from '../rules/rule.ts'
import { feasible, type NodeBudget, withRules } from './feasible.ts'

export type Verdict = 'contradiction' | 'room'

const verdicts: Readonly<Record<Verdict, readonly [one: string, several: string]>> = {
  contradiction: [
    'cannot hold, however much room there is',
    'contradict each other, however much room there is',
  ],
  room: ['cannot hold with the room there is', 'cannot hold together with the room there is'],
}

/** `problem` is proven to be impossible with the `hard` rules. */
export const conflictOf = (
  problem: PlacementProblem,
  hard: readonly PlacementRule[],
  verdict: Verdict,
  budget: NodeBudget,
): Binding => {
  let conflict = hard
  // Rules about most VMs are dropped first, so that the rules that remain are specific.
  for (const rule of [...hard].sort((a, b) => width(b) - width(a))) {
    const without = conflict.filter((other) => other !== rule)
    if (feasible(withRules(problem, without), budget) === false) conflict = without
  }
  const facts = factsOf(withRules(problem, conflict), budget)
  if (conflict.length === 0) {
    const vms = some(problem.vms.map((vm) => vm.id))
    return { code: 'rule.host_group', text: facts.join('; ') || `no host that is online may take ${vms}` }
  }
  const [one, several] = verdicts[verdict]
  const why = facts.length === 0 ? '' : ` (${facts.join('; ')})`
  return {
    code: codeOf(conflict.find((rule) => rule.code !== undefined) ?? conflict[0]!),
    text: `${listed(conflict.map(ruleName), 'and')} ${conflict.length === 1 ? one : several}${why}`,
  }
}

const width = (rule: PlacementRule): number => vmsOf(rule)?.length ?? Number.MAX_SAFE_INTEGER

/** Facts besides the rules that make it infeasible: without any one of them it would be feasible. */
const factsOf = (problem: PlacementProblem, budget: NodeBudget): string[] => {
  const facts: string[] = []
  const matters = (eased: PlacementProblem): boolean => feasible(eased, budget) === true
  const draining = problem.hosts.filter((host) => host.state === 'draining')
  if (
    draining.length > 0 &&
    matters({
      ...problem,
      hosts: problem.hosts.map((host) => ({
        ...host,
        state: host.state === 'draining' ? 'online' : host.state,
      })),
    })
  )
    facts.push(
      `${some(draining.map((host) => host.id))} ${draining.length === 1 ? 'is' : 'are'} being drained`,
    )
  const immovable = problem.vms.filter((vm) => !vm.movable && vm.host !== null)
  if (
    immovable.length > 0 &&
    matters({ ...problem, vms: problem.vms.map((vm) => ({ ...vm, movable: true })) })
  )
    facts.push(`${some(immovable.map((vm) => vm.id))} cannot be moved`)
  if (
    problem.hosts.some((host) => host.cpuBaseline !== null) &&
    matters({ ...problem, hosts: problem.hosts.map((host) => ({ ...host, cpuBaseline: null })) })
  )
    facts.push('the CPUs of the other hosts differ')
  return facts
}
