/** Plans of many parallel migrations: the estimated makespan against the lower bound of the busiest link. */

import { checkPlan } from '../packages/placement/src/check/checker.ts'
import { migrationMs } from '../packages/placement/src/forecast/migration-time.ts'
import { planOrder } from '../packages/placement/src/order/planner.ts'
import { asHostId, asVmId } from '../packages/placement/src/problem/ids.ts'
import type { PlacementProblem } from '../packages/placement/src/rules/placement-problem.ts'
import { random } from './instances.ts'

export interface Makespan {
  /** Makespan ÷ the longest total of any one link. */
  readonly ratio: number
  readonly violations: number
  readonly ms: number
}

/** The first half of the hosts is emptied into the second: evenly, or at random. */
export const evacuation = (hosts: number, even: boolean, seed: number): Makespan => {
  const next = random(seed)
  const int = (min: number, max: number) => min + Math.floor(next() * (max - min + 1))
  const half = hosts / 2
  const vms = Array.from({ length: half * 4 }, (_, i) => ({
    id: asVmId(`v${String(i).padStart(5, '0')}`),
    host: asHostId(`h${i % half}`),
    state: 'running' as const,
    wanted: 'running' as const,
    demand: [int(1, 4)],
    memoryMiB: 1024 * int(1, 8),
    dirtyMiBps: int(0, 30),
    movable: true,
  }))
  const moves = vms.map((vm, i) => ({
    vm: vm.id,
    from: vm.host,
    to: asHostId(`h${half + (even ? (i * 7 + 3) % half : int(0, half - 1))}`),
  }))
  const problem: PlacementProblem = {
    dimensions: ['cpuMilli'],
    hosts: Array.from({ length: hosts }, (_, h) => ({
      id: asHostId(`h${h}`),
      state: 'online' as const,
      limit: [64],
      cpuBaseline: null,
      failureDomain: null,
    })),
    vms,
    rules: [],
    bandwidthMiBps: 119,
    migrationsOutMax: 2,
    migrationsInMax: 2,
  }
  const link = new Map<string, number>()
  moves.forEach((move, i) => {
    const ms = migrationMs(vms[i]!.memoryMiB, vms[i]!.dirtyMiBps, problem.bandwidthMiBps)
    for (const end of [`out ${move.from}`, `in ${move.to}`]) link.set(end, (link.get(end) ?? 0) + ms)
  })
  const started = performance.now()
  const planned = planOrder(problem, moves, { planId: 'bench' })
  const ms = performance.now() - started
  if (planned.kind !== 'plan') throw new Error(planned.why.text)
  return {
    ratio: planned.plan.makespanMs / Math.max(...link.values()),
    violations: checkPlan(problem, planned.plan).length,
    ms,
  }
}
