/** What the planner counts for rules over several hosts or VMs: caps, hosts in use, sequences. */
import type { Model } from '../model/model.ts'
import { constraintsOf, isContinuous, type PlacementRule } from '../rules/rule.ts'

/** A continuous cap: like a host with one dimension; over several hosts together, or over each by itself. */
export interface CapacityPool {
  readonly rule: PlacementRule
  /** The rule's name for people, with the host where that matters. */
  readonly nameOn: (h: number) => string
  /** Per host the slot that counts it, −1 = none: hosts that are capped together share one. */
  readonly slot: Int32Array
  readonly amount: (v: number) => number
  /** All these per slot. */
  readonly cap: Float64Array
  readonly load: Float64Array
  readonly everArrived: Float64Array
  readonly departed: readonly number[][]
}

const capacityPoolOf = (
  at: Int32Array,
  of: Pick<CapacityPool, 'rule' | 'nameOn' | 'slot' | 'amount'> & { readonly max: number },
): CapacityPool => {
  const { rule, nameOn, slot, amount, max } = of
  const load = new Float64Array(slot.reduce((most, one) => Math.max(most, one + 1), 0))
  at.forEach((h, v) => {
    if (h >= 0 && slot[h]! >= 0) load[slot[h]!]! += amount(v)
  })
  return {
    rule,
    nameOn,
    slot,
    amount,
    cap: load.map((now) => Math.max(max, now)),
    load,
    everArrived: Float64Array.from(load),
    departed: Array.from(load, () => []),
  }
}

export const createCapacityPools = (model: Model, at: Int32Array): readonly CapacityPool[] => [
  ...constraintsOf(model.problem.rules, 'cap').flatMap(({ rule, hosts, of, max }): CapacityPool[] => {
    const d = of === 'vms' ? -1 : model.problem.dimensions.indexOf(of.dimension)
    if (!binds(rule) || (of !== 'vms' && d < 0)) return []
    const members = new Set(hosts)
    const name = rule.name ?? `${rule.kind} of ${max}`
    return [
      capacityPoolOf(at, {
        rule,
        nameOn: () => name,
        slot: Int32Array.from(model.hosts, (host) => (members.has(host.id) ? 0 : -1)),
        amount: (v) => (of === 'vms' ? 1 : model.wants[v * model.dims + d]!),
        max,
      }),
    ]
  }),
  ...constraintsOf(model.problem.rules, 'cardinality').flatMap(
    ({ rule, label, hosts, max }): CapacityPool[] => {
      if (!binds(rule)) return []
      const members = hosts === 'all' ? null : new Set(hosts)
      const counts = Uint8Array.from(model.vms, ({ labels }) => (labels?.includes(label) === true ? 1 : 0))
      const name = rule.name ?? `${rule.kind} of ${max}`
      return [
        capacityPoolOf(at, {
          rule,
          nameOn: (h) => `${name} on ${model.hosts[h]!.id}`,
          slot: Int32Array.from(model.hosts, ({ id }, h) => (members?.has(id) === false ? -1 : h)),
          amount: (v) => counts[v]!,
          max,
        }),
      ]
    },
  ),
]

/** A VM on its way counts on both ends, also when both are in the same pool. */
export const poolsHaveRoom = (pools: readonly CapacityPool[], v: number, h: number): boolean => {
  for (const pool of pools) {
    const slot = pool.slot[h]!
    if (slot >= 0 && pool.amount(v) > 0 && pool.load[slot]! + pool.amount(v) > pool.cap[slot]!) return false
  }
  return true
}

/** VM `v` goes from one host to another; −1 = nowhere. */
export const moveBetweenPools = (
  pools: readonly CapacityPool[],
  v: number,
  from: number,
  to: number,
): void => {
  for (const pool of pools) {
    if (from >= 0 && pool.slot[from]! >= 0) pool.load[pool.slot[from]!]! -= pool.amount(v)
    if (to >= 0 && pool.slot[to]! >= 0) pool.load[pool.slot[to]!]! += pool.amount(v)
  }
}

const binds = (rule: PlacementRule): boolean => rule.weight === undefined && isContinuous(rule)

/** For each VM in an order, the VMs whose actions come first. */
export const predecessors = (model: Model): ReadonlyMap<number, readonly number[]> => {
  const first = new Map<number, number[]>()
  const ordered = constraintsOf(model.problem.rules, 'ordered')
  if (ordered.length === 0) return first
  const index = new Map(model.vms.map((vm, v) => [vm.id, v]))
  for (const { rule, vms } of ordered) {
    if (rule.weight !== undefined) continue
    const order = [...new Set(vms)].flatMap((id) => index.get(id) ?? [])
    order.forEach((v, i) => {
      first.set(v, [...(first.get(v) ?? []), ...order.slice(0, i)])
    })
  }
  return first
}

/** Rules of order that, together, put a VM of `moved` before itself; [] when an order is possible. */
export const circularOrder = (model: Model, moved: ReadonlySet<string>): readonly PlacementRule[] => {
  const orders = constraintsOf(model.problem.rules, 'ordered').flatMap(({ rule, vms: all }) => {
    const vms = [...new Set(all)].filter((vm) => moved.has(vm))
    return rule.weight !== undefined || vms.length < 2 ? [] : [{ rule, vms }]
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

/** A continuous limit of hosts in use: every host that ever carries a VM counts, as the checker counts. */
export interface UsedHostsLimit {
  readonly rule: PlacementRule
  readonly inside: Uint8Array
  readonly used: Uint8Array
  readonly max: number
  count: number
}

export const createUsedHostsLimits = (model: Model, at: Int32Array): UsedHostsLimit[] =>
  constraintsOf(model.problem.rules, 'usedHosts').flatMap(({ rule, hosts, max }): UsedHostsLimit[] => {
    if (!binds(rule)) return []
    const members = new Set(hosts)
    const inside = Uint8Array.from(model.hosts, (host) => (members.has(host.id) ? 1 : 0))
    const used = new Uint8Array(model.hostCount)
    for (const h of at) if (h >= 0 && inside[h] === 1) used[h] = 1
    const count = used.reduce((sum, one) => sum + one, 0)
    return [{ rule, inside, used, max: Math.max(max, count), count }]
  })
