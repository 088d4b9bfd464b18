/**
 * The observer's own reading of a plan: it walks through orders in which the actions may happen and looks at what each leads to. For
 * each arrival it takes the order in which that host is fullest. What it finds is a fault; what rules say between two actions it does
 * not look at.
 */
import type { Action, ActionId, HostId, PartitionId, Plan, Problem, VmId } from '@drover/protocol'

const goesTo = (action: Action): HostId | null => ('to' in action ? action.to : null)
const comesFrom = (action: Action): HostId | null => ('from' in action ? action.from : null)

interface Walk {
  readonly problem: Problem
  readonly where: Map<VmId, HostId | null>
  readonly load: Map<HostId, number[]>
  readonly start: ReadonlyMap<HostId, readonly number[]>
}

const loadsOf = ({ hosts, vms, dimensions }: Problem): Map<HostId, number[]> => {
  const loads = new Map<HostId, number[]>(hosts.map(({ id }) => [id, dimensions.map(() => 0)]))
  for (const { host, state, demand } of vms) {
    const load = host === null || state !== 'running' ? undefined : loads.get(host)
    if (load !== undefined) for (const d of dimensions.keys()) load[d]! += demand[d] ?? 0
  }
  return loads
}

/** What the action leads to that must not be, or null. */
const takeStep = ({ problem, where, load, start }: Walk, action: Action): string | null => {
  const vm = problem.vms.find(({ id }) => id === action.vm)
  if (vm === undefined) return `${action.vm} is not in the problem`
  const [from, to] = [comesFrom(action), goesTo(action)]
  if (from !== null && where.get(vm.id) !== from) return `${vm.id} is not on ${from} when it is to leave`
  if (from === null && (where.get(vm.id) ?? null) !== null) return `${vm.id} runs when it is to start`
  if (action.kind === 'migrate' && !vm.movable) return `${vm.id} cannot move`
  const host = problem.hosts.find(({ id }) => id === to)
  if (to !== null && host === undefined) return `${to} is not in the problem`
  if (host !== undefined && host.state !== 'online') return `${host.id} takes nothing in`
  if (host !== undefined)
    for (const [d, name] of problem.dimensions.entries()) {
      const amount = (load.get(host.id)![d] ?? 0) + (vm.demand[d] ?? 0)
      load.get(host.id)![d] = amount
      const most = Math.max(host.limit[d] ?? 0, start.get(host.id)?.[d] ?? 0)
      if (amount > most && (vm.demand[d] ?? 0) > 0)
        return `${host.id} would carry ${amount} ${name} of ${most}`
    }
  const left = from === null ? undefined : load.get(from)
  if (left !== undefined) for (const d of problem.dimensions.keys()) left[d]! -= vm.demand[d] ?? 0
  where.set(vm.id, to)
  return null
}

/** An order in which the actions may happen, those that are preferred first; null: none is possible. */
const orderOf = (
  actions: readonly Action[],
  prefer: (action: Action) => boolean,
): readonly Action[] | null => {
  const done = new Set<ActionId>()
  const left = [...actions]
  const order: Action[] = []
  while (left.length > 0) {
    const ready = left.filter(({ after }) => after.every((one) => done.has(one)))
    const next = ready.find(prefer) ?? ready[0]
    if (next === undefined) return null
    left.splice(left.indexOf(next), 1)
    done.add(next.id)
    order.push(next)
  }
  return order
}

const walk = (problem: Problem, order: readonly Action[]): string | null => {
  const state: Walk = {
    problem,
    where: new Map(problem.vms.map(({ id, host, state: run }) => [id, run === 'running' ? host : null])),
    load: loadsOf(problem),
    start: loadsOf(problem),
  }
  for (const action of order) {
    const fault = takeStep(state, action)
    if (fault !== null) return fault
  }
  return null
}

/** All that an action waits for, and itself. */
const needsOf = (actions: readonly Action[], of: Action): ReadonlySet<ActionId> => {
  const byId = new Map(actions.map((action) => [action.id, action]))
  const found = new Set<ActionId>()
  const add = (action: Action | undefined): void => {
    if (action === undefined || found.has(action.id)) return
    found.add(action.id)
    for (const id of action.after) add(byId.get(id))
  }
  add(of)
  return found
}

/**
 * For each action that brings something to that host: what has to be done before it, and all that may happen with no more leaving the
 * host than that. No order fills the host further with just these departures.
 */
const fullest = (actions: readonly Action[], target: HostId): readonly ReadonlySet<ActionId>[] => {
  const arrivals = actions.filter((action) => goesTo(action) === target)
  const leaves = new Set(actions.filter((action) => comesFrom(action) === target).map(({ id }) => id))
  const needs = new Map(actions.map((action) => [action.id, needsOf(actions, action)]))
  const all = new Set(arrivals.flatMap(({ id }) => [...(needs.get(id) ?? [])]))
  const each = arrivals.map(({ id }) => {
    const done = new Set(needs.get(id))
    for (const arrival of arrivals) {
      const more = [...(needs.get(arrival.id) ?? [])].filter((one) => !done.has(one))
      if (!more.some((one) => leaves.has(one))) for (const one of more) done.add(one)
    }
    return done
  })
  return [...each, all]
}

/** Why the plan may not be carried out, or null: nothing was found. */
export const planFaultOf = (problem: Problem, { actions }: Plan, partition: PartitionId): string | null => {
  const known = new Set(actions.map(({ id }) => id))
  if (known.size < actions.length) return 'two actions have one name'
  for (const { id, after } of actions) {
    if (!id.startsWith(`${partition}/`)) return `${id} is not an action of ${partition}`
    const missing = after.find((one) => !known.has(one))
    if (missing !== undefined) return `${id} waits for ${missing}, which is not in the plan`
  }
  const inTurn = orderOf(actions, () => true)
  if (inTurn === null) return 'its actions wait for each other'
  const fault = walk(problem, inTurn)
  if (fault !== null) return fault
  for (const target of new Set(actions.map(goesTo))) {
    if (target === null) continue
    for (const early of fullest(actions, target)) {
      const full = walk(problem, orderOf(actions, ({ id }) => early.has(id)) ?? inTurn)
      if (full !== null) return full
    }
  }
  return null
}

/** Demand above the limits of all hosts, as a share of them. */
export const excessOf = (problem: Problem, plan: Plan | null): number => {
  const loads = loadsOf(problem)
  const vms = new Map(problem.vms.map((vm) => [vm.id, vm]))
  for (const action of plan?.actions ?? []) {
    const [from, to] = [comesFrom(action), goesTo(action)]
    for (const d of problem.dimensions.keys()) {
      const amount = vms.get(action.vm)?.demand[d] ?? 0
      if (from !== null) loads.get(from)![d]! -= amount
      if (to !== null) loads.get(to)![d]! += amount
    }
  }
  let excess = 0
  for (const { id, limit } of problem.hosts)
    for (const [d, most] of limit.entries())
      excess += Math.max(0, (loads.get(id)?.[d] ?? 0) - most) / Math.max(1, most)
  return excess
}
