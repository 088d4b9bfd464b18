/** The same problem without placements that no order of moves can reach, as far as counting shows. */

import type { Model } from '../model/model.ts'
import type { PlacementProblem } from '../rules/placement-problem.ts'
import type { PlacementRule } from '../rules/rule.ts'
import { createContinuousRules } from './continuous-rules.ts'
import { mobilityOf } from './mobility.ts'
import { createOrderState, startOf } from './order-state.ts'

/**
 * Every answer that has an order, with no VM suspended, is an answer of this problem too. VMs that can never leave are
 * immovable in it, and hosts that never have the room for a VM are banned. `planning`: compiled from `planningProblem`.
 * Null: nothing is ruled out.
 */
export const reachableProblem = (problem: PlacementProblem, planning: Model): PlacementProblem | null => {
  const start = startOf(planning)
  const able = Uint8Array.from(planning.vms, (vm, v) => {
    if (vm.state !== 'running' || start[v]! < 0) return 0
    if (vm.wanted !== 'running') return 2
    return vm.movable && planning.active[v] === 1 && planning.fixed[v] === 0 ? 1 : 0
  })
  const { mobile, fits } = mobilityOf(
    planning,
    able,
    createOrderState(planning, start, createContinuousRules(planning, start, null)),
  )
  const stuck = new Set<string>()
  const bans: PlacementRule[] = []
  for (let v = 0; v < planning.vmCount; v++) {
    const { id } = planning.vms[v]!
    if (able[v] === 1 && mobile[v] === 0) stuck.add(id)
    if (planning.active[v] === 0 || (able[v] === 0 && planning.starts[v] === 0) || stuck.has(id)) continue
    const closed = planning.hosts.filter(
      (_, h) => planning.domain[v]![h] === 1 && h !== start[v] && !fits(v, h),
    )
    if (closed.length > 0) bans.push({ kind: 'ban', vms: [id], hosts: closed.map((host) => host.id) })
  }
  if (stuck.size === 0 && bans.length === 0) return null
  return {
    ...problem,
    vms: problem.vms.map((vm) => (stuck.has(vm.id) ? { ...vm, movable: false } : vm)),
    rules: [...problem.rules, ...bans],
  }
}
