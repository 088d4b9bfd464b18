/** Demands and limits as the checker sees them: rules that change amounts applied, apart from the solver's code. */
import type { HostId, VmId } from '../problem/ids.ts'
import type { ProblemHost, ProblemVm } from '../problem/situation.ts'
import type { PlacementProblem } from './placement-problem.ts'
import { constraintsOf } from './rule.ts'

export interface Amounts {
  readonly demand: (vm: ProblemVm, dimension: number) => number
  readonly limit: (host: ProblemHost, dimension: number) => number
}

export const amountsInEffect = (problem: PlacementProblem): Amounts => {
  const floor = new Map<VmId, Map<number, number>>()
  const ratio = new Map<HostId, Map<number, number>>()
  for (const { vms, dimension, amount } of constraintsOf(problem.rules, 'demandFloor')) {
    const d = problem.dimensions.indexOf(dimension)
    for (const vm of vms) {
      const of = floor.get(vm) ?? new Map<number, number>()
      floor.set(vm, of.set(d, Math.max(of.get(d) ?? 0, amount)))
    }
  }
  for (const { hosts, dimension, permille } of constraintsOf(problem.rules, 'limitScale')) {
    const d = problem.dimensions.indexOf(dimension)
    for (const host of hosts) {
      const of = ratio.get(host) ?? new Map<number, number>()
      ratio.set(host, of.set(d, Math.min(of.get(d) ?? Number.POSITIVE_INFINITY, permille)))
    }
  }
  return {
    demand: (vm, d) => Math.max(vm.demand[d] ?? 0, floor.get(vm.id)?.get(d) ?? 0),
    limit: (host, d) => {
      const permille = ratio.get(host.id)?.get(d)
      return permille === undefined ? host.limit[d]! : Math.floor((host.limit[d]! * permille) / 1000)
    },
  }
}
