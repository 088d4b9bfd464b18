/** A problem without the placements that no order of moves can lead to, as far as counting shows. */

import type { Model } from '../model/model.ts'
import type { PlacementProblem } from '../rules/placement-problem.ts'
import type { PlacementRule } from '../rules/rule.ts'
import { createWatch } from './continuous-rules.ts'
import { mobilityOf } from './mobility.ts'
import { createStanding, startOf } from './order-state.ts'

/**
 * Every answer that has an order, without anybody being suspended, is an answer of this problem too. VMs that can never leave are
 * immovable in it, and hosts that never have the room for a VM are banned. `way`: compiled from `onTheWay`. Null: nothing is ruled
 * out.
 */
export const withinReach = (problem: PlacementProblem, way: Model): PlacementProblem | null => {
  const start = startOf(way)
  const able = Uint8Array.from(way.vms, (vm, v) => {
    if (vm.state !== 'running' || start[v]! < 0) return 0
    if (vm.wanted !== 'running') return 2
    return vm.movable && way.active[v] === 1 && way.fixed[v] === 0 ? 1 : 0
  })
  const { mobile, fits } = mobilityOf(way, able, createStanding(way, start, createWatch(way, start, null)))
  const stuck = new Set<string>()
  const bans: PlacementRule[] = []
  for (let v = 0; v < way.vmCount; v++) {
    const { id } = way.vms[v]!
    if (able[v] === 1 && mobile[v] === 0) stuck.add(id)
    if (way.active[v] === 0 || (able[v] === 0 && way.starts[v] === 0) || stuck.has(id)) continue
    const closed = way.hosts.filter((_, h) => way.domain[v]![h] === 1 && h !== start[v] && !fits(v, h))
    if (closed.length > 0) bans.push({ kind: 'ban', vms: [id], hosts: closed.map((host) => host.id) })
  }
  if (stuck.size === 0 && bans.length === 0) return null
  return {
    ...problem,
    vms: problem.vms.map((vm) => (stuck.has(vm.id) ? { ...vm, movable: false } : vm)),
    rules: [...problem.rules, ...bans],
  }
}
