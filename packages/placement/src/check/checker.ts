/**
 * The independent checker (invariants S9–S11): is every state that the plan can reach, under any timing that
 * respects `after`, viable? It shares no code with the solver or the planner. During a migration the VM counts
 * on both ends; a departure is credited only when done. What was broken before the plan may stay so, but no
 * host gets worse and no rule is broken anew.
 */
import type { ActionId, HostId, VmId } from '../problem/ids.ts'
import { amountText, capacityCode } from '../problem/names.ts'
import { type Action, type Departure, departs, originOf, type Plan } from '../problem/plan.ts'
import { arrivalCap, type ProblemHost, type ProblemVm } from '../problem/situation.ts'
import { amountsInEffect } from '../rules/amounts-in-effect.ts'
import { checkRule } from '../rules/check.ts'
import type { PlacementProblem } from '../rules/placement-problem.ts'
import { isContinuous, type PlacementRule } from '../rules/rule.ts'
import type { RuleViolation, Stay } from '../rules/stay.ts'
import { createStays, type StaysInit, staysOf } from '../rules/stays.ts'
import { arrivalGain, worstGain } from '../rules/worst-load.ts'
import { type Dag, dagOf, width } from './dag.ts'

export interface PlanViolation {
  /** Reason code: `plan.malformed`, `capacity.cpu`, `rule.anti_affinity`, `vm.pinned`, `limit.out` … */
  readonly code: string
  /** The action at fault, when there is one. */
  readonly action: ActionId | null
  readonly text: string
}

const capacity = (problem: PlacementProblem, d: number): string => capacityCode(problem.dimensions[d]!)

const compatible = (from: ProblemHost | undefined, to: ProblemHost): boolean =>
  from === undefined ||
  from.cpuBaseline === null ||
  to.cpuBaseline === null ||
  from.cpuBaseline === to.cpuBaseline

/** Is a final placement viable? Every VM that is to run must have a place; hard rules and limits must hold. */
export const checkPlacement = (
  problem: PlacementProblem,
  placement: ReadonlyMap<VmId, HostId>,
): readonly PlanViolation[] => {
  const found: PlanViolation[] = []
  const hosts = new Map(problem.hosts.map((host) => [host.id, host]))
  for (const vm of problem.vms) {
    const current = vm.host === null ? undefined : hosts.get(vm.host)
    // A VM on a host that is off or not ours is outside the problem.
    if (
      vm.wanted !== 'running' ||
      (vm.host !== null && (current === undefined || current.state === 'offline'))
    )
      continue
    const id = placement.get(vm.id)
    const host = id === undefined ? undefined : hosts.get(id)
    if (host === undefined) {
      found.push({ code: 'vm.not_running', action: null, text: `${vm.id} has no host` })
      continue
    }
    const moved = host.id !== vm.host
    if (moved && !vm.movable && vm.host !== null)
      found.push({ code: 'vm.pinned', action: null, text: `${vm.id} cannot move` })
    if (host.state !== 'online' && (moved || vm.movable || vm.state !== 'running'))
      found.push({
        code: 'host.draining',
        action: null,
        text: `${vm.id} may not be on ${host.id}: ${host.state}`,
      })
    if (moved && !compatible(current, host))
      found.push({ code: 'cpu.incompatible', action: null, text: `${vm.id} cannot run on ${host.id}` })
  }
  for (const { host, dimension, amount, limit } of overloads(problem, placement))
    found.push({
      code: capacity(problem, dimension),
      action: null,
      text: `${host} would carry ${amountText(problem.dimensions[dimension]!, amount)}, its limit is ${amountText(problem.dimensions[dimension]!, limit)}`,
    })
  const stays = staysOf(counted(problem, placement), problem)
  for (const rule of problem.rules)
    if (rule.weight === undefined)
      for (const violation of checkRule(rule, stays))
        found.push({ code: violation.code, action: null, text: violation.text })
  return found
}

export interface Overload {
  readonly host: HostId
  /** Index into the problem's dimensions. */
  readonly dimension: number
  readonly amount: number
  readonly limit: number
}

/** Where the VMs that are to run want more than a host may carry. */
export const overloads = (
  problem: PlacementProblem,
  placement: ReadonlyMap<VmId, HostId>,
): readonly Overload[] => {
  const there = counted(problem, placement)
  const effective = amountsInEffect(problem)
  const load = new Map<HostId, number[]>()
  for (const vm of problem.vms) {
    const host = there.get(vm.id)
    if (host === undefined) continue
    const amounts = load.get(host) ?? problem.dimensions.map(() => 0)
    problem.dimensions.forEach((_, d) => {
      amounts[d]! += effective.demand(vm, d)
    })
    load.set(host, amounts)
  }
  return problem.hosts.flatMap((host) =>
    (load.get(host.id) ?? []).flatMap((amount, dimension) => {
      const limit = effective.limit(host, dimension)
      return amount > limit ? [{ host: host.id, dimension, amount, limit }] : []
    }),
  )
}

/** The VMs that run in the end, on hosts of the problem. */
const counted = (
  problem: PlacementProblem,
  placement: ReadonlyMap<VmId, HostId>,
): ReadonlyMap<VmId, HostId> => {
  const running = new Set(problem.vms.filter((vm) => vm.wanted === 'running').map((vm) => vm.id))
  const known = new Set(problem.hosts.filter((host) => host.state !== 'offline').map((host) => host.id))
  return new Map([...placement].filter(([vm, host]) => running.has(vm) && known.has(host)))
}

export const checkPlan = (problem: PlacementProblem, plan: Plan): readonly PlanViolation[] =>
  violationsOf(problem, plan, false)

/** The first violation, or null. Of a plan from elsewhere: there may be millions, and one is enough. */
export const firstPlanViolation = (problem: PlacementProblem, plan: Plan): PlanViolation | null =>
  violationsOf(problem, plan, true)[0] ?? null

const violationsOf = (
  problem: PlacementProblem,
  plan: Plan,
  firstOnly: boolean,
): readonly PlanViolation[] => {
  const order = dagOf(plan.actions)
  if (order.kind === 'broken') return [{ code: 'plan.malformed', action: null, text: order.text }]
  const followed = followVms(problem, plan, order.dag)
  if (followed.found.length > 0) return followed.found
  return [
    ...checkLoads(problem, plan, order.dag),
    ...checkRules(problem, followed.stays, order.dag, firstOnly),
    ...checkLimits(problem, plan, order.dag),
  ]
}

interface Followed {
  readonly found: readonly PlanViolation[]
  readonly stays: readonly Stay[]
}

/** Follows each VM through its actions: each must start where the last one left it. */
const followVms = (problem: PlacementProblem, plan: Plan, dag: Dag): Followed => {
  const found: PlanViolation[] = []
  const stays: Stay[] = []
  const hosts = new Map(problem.hosts.map((host) => [host.id, host]))
  const ofVm = new Map<VmId, number[]>()
  plan.actions.forEach((action, i) => {
    const list = ofVm.get(action.vm)
    if (list === undefined) ofVm.set(action.vm, [i])
    else list.push(i)
  })
  const known = new Set(problem.vms.map((vm) => vm.id))
  for (const action of plan.actions)
    if (!known.has(action.vm))
      found.push({ code: 'plan.malformed', action: action.id, text: `${action.vm} is not in the problem` })
  for (const vm of problem.vms) {
    const steps = (ofVm.get(vm.id) ?? []).sort((a, b) => (dag.before(a, b) ? -1 : 1))
    let host = vm.state === 'running' ? vm.host : null
    let state = vm.state
    let arrival: number | null = null
    for (const [k, i] of steps.entries()) {
      const action = plan.actions[i]!
      const report = (code: string, text: string) => found.push({ code, action: action.id, text })
      if (k > 0 && !dag.before(steps[k - 1]!, i)) report('plan.malformed', `${vm.id} has two actions at once`)
      const target = departs(action) ? undefined : hosts.get(action.to)
      if (!departs(action)) checkTarget(vm, action, target, hosts.get(vm.host ?? ('' as HostId)), report)
      const origin = originOf(action)
      const leaves = origin !== null
      const expected = leaves ? 'running' : action.kind === 'resume' ? 'sleeping' : 'ready'
      if (state !== expected) report('plan.malformed', `${vm.id} is ${state}, not ${expected}`)
      if (leaves) {
        if (origin !== host) report('plan.malformed', `${vm.id} is on ${host}, not on ${origin}`)
        if (!vm.movable && !(departs(action) && vm.wanted !== 'running'))
          report('vm.pinned', `${vm.id} cannot move`)
        if (action.kind === 'stop' && vm.wanted !== 'ready')
          report('plan.malformed', `${vm.id} is to be ${vm.wanted}, not stopped`)
        if (host !== null) stays.push({ vm: vm.id, host, arrival, departure: i })
      }
      state = action.kind === 'suspend' ? 'sleeping' : action.kind === 'stop' ? 'ready' : 'running'
      host = departs(action) ? null : action.to
      arrival = i
    }
    if (host !== null) stays.push({ vm: vm.id, host, arrival, departure: null })
  }
  return { found, stays }
}

const checkTarget = (
  vm: ProblemVm,
  action: Exclude<Action, Departure>,
  target: ProblemHost | undefined,
  source: ProblemHost | undefined,
  report: (code: string, text: string) => void,
): void => {
  if (target === undefined) return void report('plan.malformed', `${action.to} is not in the problem`)
  if (target.state !== 'online') report('host.draining', `${target.id} is ${target.state} and takes nothing`)
  if (action.kind !== 'migrate' && !vm.movable && vm.host !== null && action.to !== vm.host)
    report('vm.pinned', `${vm.id} cannot run elsewhere than on ${vm.host}`)
  if (action.kind === 'migrate' && action.from === action.to)
    report('plan.malformed', `${vm.id} moves to itself`)
  if (!compatible(source, target)) report('cpu.incompatible', `${vm.id} cannot run on ${target.id}`)
}

const checkLoads = (problem: PlacementProblem, plan: Plan, dag: Dag): PlanViolation[] => {
  const found: PlanViolation[] = []
  const vms = new Map(problem.vms.map((vm) => [vm.id, vm]))
  const arriving = new Map<HostId, number[]>()
  const leaving = new Map<HostId, number[]>()
  const note = (map: Map<HostId, number[]>, host: HostId, i: number) => {
    const list = map.get(host)
    if (list === undefined) map.set(host, [i])
    else list.push(i)
  }
  plan.actions.forEach((action, i) => {
    if (!departs(action)) note(arriving, action.to, i)
    const origin = originOf(action)
    if (origin !== null) note(leaving, origin, i)
  })
  const effective = amountsInEffect(problem)
  const initial = new Map<HostId, number[]>()
  for (const vm of problem.vms) {
    if (vm.state !== 'running' || vm.host === null) continue
    const there = initial.get(vm.host) ?? problem.dimensions.map(() => 0)
    problem.dimensions.forEach((_, d) => {
      there[d]! += effective.demand(vm, d)
    })
    initial.set(vm.host, there)
  }
  for (const host of problem.hosts) {
    const arrivals = arriving.get(host.id)
    if (arrivals === undefined) continue
    const departures = leaving.get(host.id) ?? []
    const needs = arrivals.map((a) => departures.flatMap((b, k) => (dag.before(b, a) ? [k] : [])))
    problem.dimensions.forEach((dimension, d) => {
      const amount = (i: number) => effective.demand(vms.get(plan.actions[i]!.vm)!, d)
      const now = initial.get(host.id)?.[d] ?? 0
      const limit = effective.limit(host, d)
      const cap = arrivalCap(host, d, limit, now)
      // Above the cap already, it may stay so until the first VM arrives.
      const gainOf = now > cap ? arrivalGain : worstGain
      const gain = gainOf(
        arrivals.map((a, k) => ({ amount: amount(a), needs: needs[k]! })),
        departures.map(amount),
      )
      if (gain === null || now + gain <= cap) return
      const [most, least, before] = [now + gain, Math.min(limit, cap), now].map((one) =>
        amountText(dimension, one),
      )
      found.push({
        code: capacity(problem, d),
        action: plan.actions[arrivals.at(-1)!]!.id,
        text: `${host.id} could reach ${most} during the plan; its limit is ${least}, now ${before}`,
      })
    })
  }
  return found
}

const checkRules = (
  problem: PlacementProblem,
  stays: readonly Stay[],
  dag: Dag,
  firstOnly: boolean,
): PlanViolation[] => {
  // A VM on a host that is off or not ours is outside the problem.
  const known = new Set(problem.hosts.filter((host) => host.state !== 'offline').map((host) => host.id))
  const all = stays.filter((stay) => known.has(stay.host))
  const broken = brokenRules(problem.rules, { problem, all, before: dag.before, firstOnly })
  return broken.map(({ code, text }) => ({ code, action: null, text }))
}

/**
 * The hard rules that these stays break and that held before. A continuous rule must hold at any moment; any other one at
 * the end, when only the stays without a departure are left. Plans and arrivals at one host are both judged here.
 */
export const brokenRules = (
  rules: readonly PlacementRule[],
  stays: Omit<StaysInit, 'excuseInitial'>,
): readonly RuleViolation[] => {
  const throughout = createStays({ ...stays, excuseInitial: true })
  const last = stays.all.filter((stay) => stay.departure === null)
  const atEnd = createStays({ ...stays, all: last, excuseInitial: true })
  const broken: RuleViolation[] = []
  for (const rule of rules) {
    if (rule.weight !== undefined) continue
    for (const violation of checkRule(rule, isContinuous(rule) ? throughout : atEnd)) broken.push(violation)
    if (stays.firstOnly === true && broken.length > 0) break
  }
  return broken
}

const checkLimits = (problem: PlacementProblem, plan: Plan, dag: Dag): PlanViolation[] => {
  const found: PlanViolation[] = []
  const out = new Map<HostId, number[]>()
  const into = new Map<HostId, number[]>()
  plan.actions.forEach((action, i) => {
    if (action.kind !== 'migrate') return
    out.set(action.from, [...(out.get(action.from) ?? []), i])
    into.set(action.to, [...(into.get(action.to) ?? []), i])
  })
  const check = (code: string, byHost: ReadonlyMap<HostId, readonly number[]>, max: number) => {
    for (const [host, members] of byHost) {
      if (members.length <= max) continue
      const most = width(dag, members)
      if (most > max)
        found.push({
          code,
          action: null,
          text: `${host} could run ${most} migrations at once (${code}); at most ${max} are allowed`,
        })
    }
  }
  check('limit.out', out, problem.migrationsOutMax)
  check('limit.in', into, problem.migrationsInMax)
  return found
}
