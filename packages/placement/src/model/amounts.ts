/** Limits and demands in effect, after the rules that change amounts: preserve, overbook, single-host caps. */

import type { ProblemHost, ProblemVm } from '../problem/situation.ts'
import { isHostLimit } from '../rules/constraint.ts'
import type { PlacementProblem } from '../rules/placement-problem.ts'
import { constraintsOf } from '../rules/rule.ts'

/** [host × dims]; hosts that are off can hold nothing. */
export const limitsInEffect = (problem: PlacementProblem, hosts: readonly ProblemHost[]): Float64Array => {
  const dims = problem.dimensions.length
  const limit = new Float64Array(hosts.length * dims)
  const index = new Map(hosts.map((host, h) => [host.id, h]))
  hosts.forEach((host, h) => {
    for (let d = 0; d < dims; d++) limit[h * dims + d] = host.state === 'offline' ? 0 : (host.limit[d] ?? 0)
  })
  const raw = Float64Array.from(limit)
  const booked = new Set<number>()
  for (const { hosts: scaled, dimension, permille } of constraintsOf(problem.rules, 'limitScale')) {
    const d = problem.dimensions.indexOf(dimension)
    for (const id of d < 0 ? [] : scaled) {
      const h = index.get(id)
      if (h === undefined) continue
      const amount = Math.floor((raw[h * dims + d]! * permille) / 1000)
      limit[h * dims + d] = booked.has(h * dims + d) ? Math.min(limit[h * dims + d]!, amount) : amount
      booked.add(h * dims + d)
    }
  }
  for (const cap of constraintsOf(problem.rules, 'cap')) {
    if (cap.rule.weight !== undefined || !isHostLimit(cap)) continue
    const d = problem.dimensions.indexOf(cap.of.dimension)
    const h = index.get(cap.hosts[0]!)
    if (d >= 0 && h !== undefined) limit[h * dims + d] = Math.min(limit[h * dims + d]!, cap.max)
  }
  return limit
}

/** [vm × dims]; what each VM wants when it runs. */
export const demandsInEffect = (problem: PlacementProblem, vms: readonly ProblemVm[]): Float64Array => {
  const dims = problem.dimensions.length
  const demand = new Float64Array(vms.length * dims)
  vms.forEach((vm, v) => {
    for (let d = 0; d < dims; d++) demand[v * dims + d] = vm.demand[d] ?? 0
  })
  const floors = constraintsOf(problem.rules, 'demandFloor')
  if (floors.length === 0) return demand
  const index = new Map(vms.map((vm, v) => [vm.id, v]))
  for (const floor of floors) {
    const d = problem.dimensions.indexOf(floor.dimension)
    for (const id of d < 0 ? [] : floor.vms) {
      const v = index.get(id)
      if (v !== undefined) demand[v * dims + d] = Math.max(demand[v * dims + d]!, floor.amount)
    }
  }
  return demand
}
