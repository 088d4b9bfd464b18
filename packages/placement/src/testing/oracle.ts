/**
 * Brute force for tests: every assignment of every movable VM, costed from the problem types and the independent
 * rule checkers alone. Shares nothing with the solver.
 */

import { migrationMs } from '../forecast/migration-time.ts'
import type { HostId, VmId } from '../problem/ids.ts'
import type { ProblemVm } from '../problem/situation.ts'
import { amountsInEffect } from '../rules/amounts-in-effect.ts'
import { checkRule } from '../rules/check.ts'
import type { PlacementProblem } from '../rules/placement-problem.ts'
import { staysOf } from '../rules/stays.ts'

/** unmet, overloaded hosts, excess, soft penalty, migration ms, hosts touched. */
export type Tuple = readonly [number, number, number, number, number, number]

export const compareTuples = (a: Tuple, b: Tuple): number => {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!
  return 0
}

const permille = (load: number, limit: number): number =>
  load > limit ? Math.ceil(((load - limit) * 1000) / Math.max(1, limit)) : 0

const outside = (problem: PlacementProblem, vm: ProblemVm): boolean => {
  const host = problem.hosts.find((one) => one.id === vm.host)
  return vm.wanted !== 'running' || (vm.host !== null && (host === undefined || host.state === 'offline'))
}

export const tupleOf = (problem: PlacementProblem, placement: ReadonlyMap<VmId, HostId>): Tuple => {
  const { demand, limit } = amountsInEffect(problem)
  let unmet = 0
  let excess = 0
  let ms = 0
  const overloaded = new Set<HostId>()
  const touched = new Set<HostId>()
  const inside = problem.vms.filter((vm) => !outside(problem, vm))
  const host = (id: HostId | null) => problem.hosts.find((one) => one.id === id)
  for (const vm of inside) {
    const at = placement.get(vm.id)
    if (at === undefined) {
      unmet++
      continue
    }
    const there = host(at)!
    if (at !== vm.host) {
      if (vm.host !== null) {
        ms += migrationMs(vm.memoryMiB, vm.state === 'running' ? vm.dirtyMiBps : 0, problem.bandwidthMiBps)
        touched.add(vm.host)
      }
      touched.add(at)
    } else if (vm.state !== 'running') touched.add(at)
    if (there.state === 'draining' && vm.movable) {
      overloaded.add(at)
      excess += Math.max(
        1,
        problem.dimensions.reduce(
          (sum, _, d) => sum + permille(limit(there, d) + demand(vm, d), limit(there, d)),
          0,
        ),
      )
    } else if (
      problem.rules.some(
        (rule) =>
          rule.weight === undefined &&
          (rule.kind === 'ban' || rule.kind === 'fence') &&
          rule.vms.includes(vm.id) &&
          rule.hosts.includes(at) === (rule.kind === 'ban'),
      )
    )
      unmet++
  }
  for (const one of problem.hosts)
    problem.dimensions.forEach((_, d) => {
      const load = inside.reduce((sum, vm) => sum + (placement.get(vm.id) === one.id ? demand(vm, d) : 0), 0)
      if (load > limit(one, d)) overloaded.add(one.id)
      excess += permille(load, limit(one, d))
    })
  let soft = 0
  const stays = staysOf(
    new Map(inside.flatMap((vm) => (placement.has(vm.id) ? [[vm.id, placement.get(vm.id)!]] : []))),
    problem,
  )
  for (const rule of problem.rules) {
    if (rule.weight === undefined && (rule.kind === 'ban' || rule.kind === 'fence')) continue
    if (checkRule(rule, stays).length === 0) continue
    if (rule.weight === undefined) unmet++
    else soft += rule.weight
  }
  return [unmet, overloaded.size, excess, soft, ms, touched.size]
}

/** Every placement that respects state, movability and CPU baseline. */
export function* placements(problem: PlacementProblem): Generator<ReadonlyMap<VmId, HostId>> {
  const inside = problem.vms.filter((vm) => !outside(problem, vm))
  const choices = inside.map((vm): (HostId | null)[] => {
    if (vm.host !== null && !vm.movable && vm.state === 'running') return [vm.host]
    const baseline = problem.hosts.find((one) => one.id === vm.host)?.cpuBaseline ?? null
    const options: (HostId | null)[] = problem.hosts
      .filter((one) => one.state === 'online' || (one.id === vm.host && vm.state === 'running'))
      .filter((one) => vm.movable || vm.host === null || one.id === vm.host)
      .filter((one) => baseline === null || one.cpuBaseline === null || one.cpuBaseline === baseline)
      .map((one) => one.id)
    // What does not run yet may be left so, as part of a partial cure.
    return vm.state === 'running' ? options : [...options, null]
  })
  const at = new Map<VmId, HostId>()
  function* assign(i: number): Generator<ReadonlyMap<VmId, HostId>> {
    if (i === inside.length) return void (yield at)
    for (const host of choices[i]!) {
      if (host === null) at.delete(inside[i]!.id)
      else at.set(inside[i]!.id, host)
      yield* assign(i + 1)
    }
    at.delete(inside[i]!.id)
  }
  yield* assign(0)
}

/** The best full cure (nothing unmet, nothing overloaded), or null. */
export const bestCure = (problem: PlacementProblem): Tuple | null => {
  let best: Tuple | null = null
  for (const placement of placements(problem)) {
    const tuple = tupleOf(problem, placement)
    if (tuple[0] === 0 && tuple[1] === 0 && (best === null || compareTuples(tuple, best) < 0)) best = tuple
  }
  return best
}

/** Is a hard rule violated that holds now, or is one violated by a VM that moves? */
const breaksAnew = (
  problem: PlacementProblem,
  now: ReadonlyMap<VmId, HostId>,
  placement: ReadonlyMap<VmId, HostId>,
): boolean =>
  problem.rules.some((rule) => {
    if (rule.weight !== undefined) return false
    const violations = checkRule(rule, staysOf(placement, problem))
    if (violations.length === 0) return false
    if (checkRule(rule, staysOf(now, problem)).length === 0) return true
    return violations.some(({ vms }) => vms.some((vm) => placement.get(vm) !== now.get(vm)))
  })

/**
 * The best of all placements in which no host carries more than its limit, or than it does now, no rule is broken that
 * holds now, and no VM moves into one that is broken.
 */
export const bestRelief = (problem: PlacementProblem): Tuple | null => {
  const { demand, limit } = amountsInEffect(problem)
  const loadOf = (placed: (vm: ProblemVm) => HostId | null | undefined, host: HostId, d: number): number =>
    problem.vms.reduce(
      (sum, vm) => sum + (!outside(problem, vm) && placed(vm) === host ? demand(vm, d) : 0),
      0,
    )
  const running = (vm: ProblemVm) => (vm.state === 'running' ? vm.host : null)
  const now = new Map(
    problem.vms.flatMap((vm) => (outside(problem, vm) || running(vm) === null ? [] : [[vm.id, vm.host!]])),
  )
  let best: Tuple | null = null
  for (const placement of placements(problem)) {
    const worse = problem.hosts.some((host) =>
      problem.dimensions.some((_, d) => {
        const load = loadOf((vm) => placement.get(vm.id), host.id, d)
        return load > Math.max(limit(host, d), loadOf(running, host.id, d))
      }),
    )
    if (worse || breaksAnew(problem, now, placement)) continue
    const tuple = tupleOf(problem, placement)
    if (best === null || compareTuples(tuple, best) < 0) best = tuple
  }
  return best
}
