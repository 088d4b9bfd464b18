/**
 * Does an arrival break a rule on its host, now that it is about to begin? The host asks this with its own rules and the
 * VMs that it really has. The same checker judges as has judged the plan: unless the world has changed, both give the
 * same answer.
 */
import type { ActionId, HostId, VmId } from '../problem/ids.ts'
import { type Labelled, labelsOf } from '../problem/labels.ts'
import { departs, originOf, type Plan } from '../problem/plan.ts'
import type { PlacementProblem } from '../rules/placement-problem.ts'
import type { PlacementRule } from '../rules/rule.ts'
import type { RuleViolation, Stay } from '../rules/stay.ts'
import { unknownProblem } from '../rules/stays.ts'
import { brokenRules } from './checker.ts'
import { dagOf } from './dag.ts'

type Known = Labelled & { readonly vm: VmId }

/** The plan that brings the VM, and what it was made from. */
export interface PlanInForce {
  readonly problem: PlacementProblem
  readonly plan: Plan
  /** Its actions that have come to nothing, as far as is known on this host: what they were to take away stays. */
  readonly failed: ReadonlySet<ActionId>
}

/**
 * The first hard rule that the VM breaks on `host` beside the VMs that are there or promised to it (`here`), or null. `inForce`
 * null: no plan is known that brings it; then every rule must hold at once, and nothing is excused.
 */
export const ruleBrokenByArrival = (
  rules: readonly PlacementRule[],
  host: HostId,
  here: readonly Known[],
  arriving: Known,
  inForce: PlanInForce | null,
): RuleViolation | null => {
  const problem = inForce?.problem ?? unknownProblem
  const homes = new Map(problem.vms.map((vm) => [vm.id, vm.state === 'running' ? vm.host : null]))
  const present = new Set([...here, arriving].map(({ vm }) => vm))
  // VMs of this host that are gone by now: a rule that they broke may stay as broken as it was.
  const gone = problem.vms.filter(
    ({ id }) => homes.get(id) === host && (id === arriving.vm || !present.has(id)),
  )
  const leaves = inForce === null ? new Set<VmId>() : leavingVms(host, inForce)
  const all: readonly Stay[] = [
    ...gone.map((vm, i) => ({ vm: vm.id, host, arrival: null, departure: -1 - i })),
    ...[...here, arriving].map(({ vm }, i) => ({
      vm,
      host,
      arrival: homes.get(vm) === host && vm !== arriving.vm ? null : i,
      departure: leaves.has(vm) ? i + present.size : null,
    })),
  ]
  const broken = brokenRules(rules, {
    problem,
    all,
    // A VM that is gone had left before any VM that is still here began to arrive. Nothing else is known of the order.
    before: (a, b) => a < 0 && b >= 0,
    labelled: [...problem.vms.map((vm) => ({ vm: vm.id, ...labelsOf(vm) })), ...here, arriving],
  })
  return broken.find(({ vms }) => vms.includes(arriving.vm)) ?? null
}

/** The VMs that are not on this host any more when the plan is done, as far as it still can be. */
const leavingVms = (host: HostId, { plan: { actions }, failed }: PlanInForce): ReadonlySet<VmId> => {
  const order = dagOf(actions)
  if (order.kind === 'broken') return new Set()
  const last = new Map<VmId, number>()
  actions.forEach(({ vm }, i) => {
    const before = last.get(vm)
    if (before === undefined || order.dag.before(before, i)) last.set(vm, i)
  })
  const kept = new Set(
    actions.flatMap((action) => (originOf(action) === host && failed.has(action.id) ? [action.vm] : [])),
  )
  return new Set(
    [...last].flatMap(([vm, i]) => {
      const action = actions[i]!
      return !kept.has(vm) && (departs(action) || action.to !== host) ? [vm] : []
    }),
  )
}
