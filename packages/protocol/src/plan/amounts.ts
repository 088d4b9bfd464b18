/** Demands and limits as the checker sees them: rules that change amounts applied, apart from the solver's code. */
import type { HostId, VmId } from '../ids.ts'
import type { PlacementProblem, ProblemHost, ProblemVm } from '../solve/problem.ts'

export interface Amounts {
  readonly demand: (vm: ProblemVm, dimension: number) => number
  readonly limit: (host: ProblemHost, dimension: number) => number
}

export const amountsInEffect = (problem: PlacementProblem): Amounts => {
  const floor = new Map<VmId, Map<number, number>>()
  const ratio = new Map<HostId, Map<number, number>>()
  for (const rule of problem.rules) {
    if (rule.kind !== 'preserve' && rule.kind !== 'overbook') continue
    const d = problem.dimensions.indexOf(rule.dimension)
    if (rule.kind === 'preserve')
      for (const vm of rule.vms) {
        const of = floor.get(vm) ?? new Map<number, number>()
        floor.set(vm, of.set(d, Math.max(of.get(d) ?? 0, rule.amount)))
      }
    else
      for (const host of rule.hosts) {
        const of = ratio.get(host) ?? new Map<number, number>()
        ratio.set(host, of.set(d, Math.min(of.get(d) ?? Number.POSITIVE_INFINITY, rule.permille)))
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
