/** What the planner tracks for rules over several hosts or VMs: caps, hosts in use, sequences. */
import type { Model } from '../solve/model.ts'
import { isContinuous, type PlacementRule } from '../solve/rules/rule.ts'

/** A continuous cap over several hosts: like a host with one dimension. */
export interface Pool {
  readonly name: string
  readonly inside: Uint8Array
  readonly amount: (v: number) => number
  readonly cap: number
  load: number
  everArrived: number
  readonly departed: number[]
}

export const createPools = (model: Model, at: Int32Array): Pool[] =>
  model.problem.rules.flatMap((rule): Pool[] => {
    const capped = rule.kind === 'resourceCapacity' || rule.kind === 'runningCapacity'
    if (!capped || rule.weight !== undefined || !isContinuous(rule)) return []
    const d = rule.kind === 'resourceCapacity' ? model.problem.dimensions.indexOf(rule.dimension) : -1
    const amount = (v: number) =>
      rule.kind === 'runningCapacity' ? 1 : (model.wants[v * model.dims + d] ?? 0)
    const members = new Set(rule.hosts)
    const inside = Uint8Array.from(model.hosts, (host) => (members.has(host.id) ? 1 : 0))
    let load = 0
    at.forEach((h, v) => {
      if (h >= 0 && inside[h] === 1) load += amount(v)
    })
    const name = rule.name ?? `${rule.kind} of ${rule.amount}`
    return [{ name, inside, amount, cap: Math.max(rule.amount, load), load, everArrived: load, departed: [] }]
  })

/** For each VM of a seq, the VMs whose actions come first. */
export const predecessors = (model: Model): ReadonlyMap<number, readonly number[]> => {
  const first = new Map<number, number[]>()
  if (!model.problem.rules.some((rule) => rule.kind === 'seq')) return first
  const index = new Map(model.vms.map((vm, v) => [vm.id, v]))
  for (const rule of model.problem.rules) {
    if (rule.kind !== 'seq' || rule.weight !== undefined) continue
    const order = [...new Set(rule.vms)].flatMap((id) => index.get(id) ?? [])
    order.forEach((v, i) => {
      first.set(v, [...(first.get(v) ?? []), ...order.slice(0, i)])
    })
  }
  return first
}

/** Rules of order that, together, put a VM of `moved` before itself; [] when an order is possible. */
export const circularOrder = (model: Model, moved: ReadonlySet<string>): readonly PlacementRule[] => {
  const orders = model.problem.rules.flatMap((rule) => {
    if (rule.kind !== 'seq' || rule.weight !== undefined) return []
    const vms = [...new Set(rule.vms)].filter((vm) => moved.has(vm))
    return vms.length < 2 ? [] : [{ rule, vms }]
  })
  const circular = (some: typeof orders): boolean => {
    const waiting = new Set(some.flatMap(({ vms }) => vms))
    for (;;) {
      const heads = [...waiting].filter((vm) =>
        some.every(({ vms }) => {
          const queue = vms.filter((one) => waiting.has(one))
          return !queue.includes(vm) || queue[0] === vm
        }),
      )
      if (heads.length === 0) return waiting.size > 0
      for (const vm of heads) waiting.delete(vm)
    }
  }
  let kept = orders
  if (!circular(kept)) return []
  for (const one of orders) {
    const without = kept.filter((other) => other !== one)
    if (circular(without)) kept = without
  }
  return kept.map(({ rule }) => rule)
}

/** A continuous maxOnline: every host that ever carries a VM counts, as the checker counts. */
export interface Opening {
  readonly inside: Uint8Array
  readonly used: Uint8Array
  readonly max: number
  count: number
}

export const createOpenings = (model: Model, at: Int32Array): Opening[] =>
  model.problem.rules.flatMap((rule): Opening[] => {
    if (rule.kind !== 'maxOnline' || rule.weight !== undefined || !isContinuous(rule)) return []
    const members = new Set(rule.hosts)
    const inside = Uint8Array.from(model.hosts, (host) => (members.has(host.id) ? 1 : 0))
    const used = new Uint8Array(model.hostCount)
    for (const h of at) if (h >= 0 && inside[h] === 1) used[h] = 1
    const count = used.reduce((sum, one) => sum + one, 0)
    return [{ inside, used, max: Math.max(rule.amount, count), count }]
  })
