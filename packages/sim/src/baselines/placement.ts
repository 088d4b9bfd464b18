/** From hosts of a run to a problem for our solver, and back to their migrations, as the baselines see them. */

import { type PlacementOptions, planOrder, solvePlacement } from '@drover/placement'
import {
  type Action,
  type Answer,
  asHostId,
  type HostId,
  type Move,
  type Problem,
  type ProblemHost,
  type ProblemVm,
  partitionIdOf,
} from '@drover/protocol'
import type { RunHost, SimulatedRun } from '../run/simulated-run.ts'
import { firstChoice, overloaded } from './first-choice.ts'

/**
 * The demand of now and nothing else. A VM costs by its memory alone to move: Entropy, which all three baselines of VMPlaceS
 * plan with, is given one constant for every migration (`MockDurationEvaluator`), so it does not know which VM is fast.
 */
const problemOf = (run: SimulatedRun, hosts: readonly RunHost[]): Problem => ({
  dimensions: ['cpuMilli', 'memoryMiB'],
  hosts: hosts.map(
    (host): ProblemHost => ({
      id: host.id,
      state: 'online',
      limit: [
        Math.max(0, host.capacityMilli - host.arrivingMilli),
        Math.max(0, host.capacityMiB - host.arrivingMiB),
      ],
      cpuBaseline: null,
      failureDomain: null,
    }),
  ),
  vms: hosts.flatMap((host) =>
    [...host.vms].map(
      (vm): ProblemVm => ({
        id: vm.spec.vm,
        host: host.id,
        state: 'running',
        wanted: 'running',
        demand: [vm.cpuMilli, vm.memoryMiB],
        memoryMiB: vm.memoryMiB,
        dirtyMiBps: 0,
        movable: !run.moving(vm.spec.vm),
      }),
    ),
  ),
  rules: [],
  bandwidthMiBps: run.workload.migrationMiBps,
  migrationsOutMax: Number.MAX_SAFE_INTEGER,
  migrationsInMax: Number.MAX_SAFE_INTEGER,
})

export type Decision =
  /** No host is overloaded: there is nothing to do. */
  | { readonly kind: 'calm' }
  | { readonly kind: 'plan'; readonly actions: readonly Action[] }
  /** These hosts cannot help themselves. */
  | { readonly kind: 'stuck' }

/**
 * A cure of all overloads among these hosts by moves among them; a partial cure is none. Of the answers with the fewest
 * moves there are many, and which one is taken decides where the next overload is: it is Entropy's, as far as
 * one move for each overloaded host is enough, and our solver's where more is needed. Hosts in Entropy's order.
 */
export const decide = (run: SimulatedRun, hosts: readonly RunHost[], nodesMax: number): Decision => {
  if (!hosts.some(overloaded)) return { kind: 'calm' }
  const partition = partitionIdOf(asHostId('baseline'), 0, 0)
  const problem = problemOf(run, hosts)
  const moves = firstChoice(run, hosts) ?? movesOf(solvePlacement(problem, searching(nodesMax)))
  const planned = moves === null ? null : planOrder(problem, moves, { planId: partition })
  return planned?.kind === 'plan' ? { kind: 'plan', actions: planned.plan.actions } : { kind: 'stuck' }
}

/**
 * A budget in nodes, and one of looks at the clock: our solver would go on for long to prove what it has found, or to
 * find a cheaper answer; Entropy's time is up then.
 */
const searching = (nodesMax: number): PlacementOptions => {
  let looks = Math.ceil(nodesMax / nodesPerLook)
  return { objective: 'moves', cureOnly: true, nodesMax, expired: () => looks-- <= 0 }
}
const nodesPerLook = 100

const movesOf = (answer: Answer): readonly Move[] | null => (answer.kind === 'plan' ? answer.moves : null)

/**
 * Carries a plan out in its order. When a migration fails nothing more is begun; `onEnd` comes, once, after the last
 * one that was begun has ended: true = all is done.
 */
export const carryOut = (
  run: SimulatedRun,
  hosts: readonly RunHost[],
  actions: readonly Action[],
  onEnd: (complete: boolean) => void,
): void => {
  const hostOf = new Map<HostId, RunHost>(hosts.map((host) => [host.id, host]))
  const waiting = new Set(actions)
  const done = new Set<string>()
  let running = 0
  let broken = false
  let ended = false

  const turn = (): void => {
    for (const action of [...waiting]) {
      if (broken) break
      if (!action.after.every((id) => done.has(id))) continue
      waiting.delete(action)
      const to = action.kind === 'migrate' ? hostOf.get(action.to) : undefined
      const began =
        to !== undefined &&
        run.migrate(action.vm, to, (end) => {
          running--
          if (end === 'moved') done.add(action.id)
          else broken = true
          turn()
        })
      if (began) running++
      else broken = true
    }
    if (running > 0 || ended) return
    ended = true
    onEnd(done.size === actions.length)
  }
  turn()
}
