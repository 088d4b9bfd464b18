/**
 * Brute force for tests: everything that can be reached by one action after the other, each step judged by the independent
 * checker of plans alone.
 */

import { checkPlan } from '../check/checker.ts'
import { type ActionId, actionIdOf, type HostId, type VmId } from '../problem/ids.ts'
import type { Action } from '../problem/plan.ts'
import type { ProblemVm } from '../problem/situation.ts'
import type { PlacementProblem } from '../rules/placement-problem.ts'
import { constraintOf, isContinuous, type PlacementRule } from '../rules/rule.ts'
import { compareTuples, type Tuple, tupleOf } from './oracle.ts'

interface State {
  readonly at: ReadonlyMap<VmId, HostId>
  readonly actions: readonly Action[]
}

/** The best placement that can be reached (by migrations and starts, or suspending too); null: too many to look at. */
export const bestReachable = (
  problem: PlacementProblem,
  suspend: boolean,
  statesMax: number,
): Tuple | null => {
  const root = new Map(
    problem.vms.flatMap((vm) =>
      vm.state === 'running' && vm.host !== null ? [[vm.id, vm.host] as const] : [],
    ),
  )
  // What rules of order and hosts in use allow depends on which VMs acted and which hosts were used before.
  const orders = (rule: PlacementRule) => constraintOf(rule).is === 'ordered'
  const history = problem.rules.some((rule) => orders(rule) || constraintOf(rule).is === 'usedHosts')
  const keyOf = ({ at, actions }: State): string =>
    [
      ...problem.vms.map((vm) => at.get(vm.id) ?? (actions.some((one) => one.vm === vm.id) ? 's' : '-')),
      ...(history ? [...new Set(actions.flatMap((one) => ['to' in one ? one.to : '', one.vm]))].sort() : []),
    ].join()
  // Rules that hold only at the end say nothing about the way.
  const way = {
    ...problem,
    rules: problem.rules.filter((rule) => orders(rule) || isContinuous(rule)),
  }
  const queue: State[] = [{ at: root, actions: [] }]
  const seen = new Set([keyOf(queue[0]!)])
  let best: Tuple | null = null
  for (const state of queue) {
    const tuple = tupleOf(problem, state.at)
    const asleep = problem.vms.some(
      (vm) => vm.state === 'running' && vm.host !== null && !state.at.has(vm.id),
    )
    if (!asleep && (best === null || compareTuples(tuple, best) < 0)) best = tuple
    for (const vm of problem.vms)
      for (const action of actionsOf(problem, vm, state, suspend)) {
        const actions = [...state.actions, action]
        const at = new Map(state.at)
        if ('to' in action) at.set(vm.id, action.to)
        else at.delete(vm.id)
        const next = { at, actions }
        const key = keyOf(next)
        if (seen.has(key) || checkPlan(way, { actions, makespanMs: 0 }).length > 0) continue
        if (seen.size >= statesMax) return null
        seen.add(key)
        queue.push(next)
      }
  }
  return best
}

const actionsOf = (problem: PlacementProblem, vm: ProblemVm, state: State, suspend: boolean): Action[] => {
  const here = state.at.get(vm.id)
  const common = {
    id: actionIdOf('way', state.actions.length),
    vm: vm.id,
    after: state.actions.map((one): ActionId => one.id),
  }
  const kind = here !== undefined ? 'migrate' : vm.state === 'ready' ? 'start' : 'resume'
  if (kind !== 'migrate' && vm.state !== 'running' && state.actions.some((one) => one.vm === vm.id)) return []
  const there = problem.hosts
    .filter((host) => host.id !== here)
    .map(
      (host): Action =>
        kind === 'migrate' ? { ...common, kind, from: here!, to: host.id } : { ...common, kind, to: host.id },
    )
  const off = vm.host !== null && problem.hosts.find((host) => host.id === vm.host)?.state === 'offline'
  if (off) return []
  return suspend && here !== undefined ? [...there, { ...common, kind: 'suspend', from: here }] : there
}
