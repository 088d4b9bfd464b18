/**
 * Rules that contradict each other, found before any search for a placement. VMs that rules tie together form a connected
 * component. Each component is solved by itself, on hosts without other VMs, first with VMs of no demand. Hosts that its
 * rules do not distinguish are interchangeable, and no more of them than it has VMs are needed, so the problem stays
 * small whatever the size of the data centre. A component whose rules hold now, with nothing to start or to drain, need
 * not be solved: its placement now is a solution.
 */

import type { Model } from '../model/model.ts'
import type { Binding } from '../problem/answer.ts'
import type { HostId } from '../problem/ids.ts'
import type { ProblemHost } from '../problem/situation.ts'
import { isHostLimit, isOfAmounts, ties } from '../rules/constraint.ts'
import type { PlacementProblem } from '../rules/placement-problem.ts'
import { concerns, constraintOf, constraintsOf, type PlacementRule, valuesOf, vmsOf } from '../rules/rule.ts'
import { conflictOf } from './conflict.ts'
import { feasible, nodeBudget, withoutDemand } from './feasible.ts'
import { relaxation } from './relaxation.ts'

/** Of one component; larger ones are left to the search. */
const hostsMax = 64
const vmsMax = 128
/** Components asked about. */
const componentsMax = 200

/** A proven contradiction, or null. `withRoom`: also rules that cannot hold for lack of room on empty hosts. */
export const contradiction = (model: Model, withRoom: boolean): Binding | null => {
  const suspects = suspectsOf(model)
  if (suspects.length === 0) return null
  const budget = nodeBudget()
  const components = componentsOf(model)
  const asked = new Set<number>()
  for (const v of suspects) {
    const root = components.find(v)
    if (asked.has(root) || asked.size >= componentsMax) continue
    asked.add(root)
    const members = components.members(root)
    if (members.length > vmsMax || (members.length === 1 && hasPlace(model, v))) continue
    for (const weightless of withRoom ? [true, false] : [true]) {
      const component = subproblemOf(model, members, weightless)
      if (component === null || feasible(component, budget) !== false) continue
      const why = conflictOf(component, component.rules, weightless ? 'contradiction' : 'room', budget)
      const help = withRoom ? relaxation(component, budget) : null
      return help === null ? why : { ...why, text: `${why.text}; ${help}` }
    }
  }
  return null
}

/** By itself it can be placed: at least one host may take it. */
const hasPlace = ({ fixed, domain, home }: Model, v: number): boolean =>
  fixed[v] === 1 ? domain[v]![home[v]!] === 1 : domain[v]!.includes(1)

/** VMs that are not where they may be, or in a hard rule that is broken now. */
const suspectsOf = (model: Model): readonly number[] => {
  const found = new Set<number>()
  const { vmCount, active, home, starts, domain } = model
  const at = Int32Array.from(home, (h, v) => (starts[v] === 1 ? -1 : h))
  const scratch = new Int32Array(vmCount)
  for (const constraint of model.constraints) {
    if (constraint.weight >= 0) continue
    const n = constraint.conflict(at, scratch, 0)
    for (let i = 0; i < n; i++) found.add(scratch[i]!)
  }
  for (let v = 0; v < vmCount; v++) {
    if (active[v] === 0) continue
    if (starts[v] === 1 || home[v]! < 0 || domain[v]![home[v]!] === 0) found.add(v)
  }
  return [...found]
}

interface Components {
  readonly find: (v: number) => number
  readonly members: (component: number) => readonly number[]
}

const componentsOf = (model: Model): Components => {
  const parent = Int32Array.from({ length: model.vmCount }, (_, v) => v)
  const find = (v: number): number => {
    let root = v
    while (parent[root] !== root) root = parent[root]!
    while (parent[v] !== root) {
      const next = parent[v]!
      parent[v] = root
      v = next
    }
    return root
  }
  const index = new Map<string, number>(model.vms.map((vm, v) => [vm.id, v]))
  for (const rule of model.problem.rules) {
    if (rule.weight !== undefined || !ties(constraintOf(rule))) continue
    let first = -1
    for (const id of vmsOf(rule) ?? []) {
      const v = index.get(id)
      if (v === undefined || model.active[v] === 0) continue
      if (first < 0) first = find(v)
      else parent[find(v)] = first
    }
  }
  return {
    find,
    members: (component) => model.vms.flatMap((_, v) => (find(v) === component ? [v] : [])),
  }
}

/** The component by itself; null when too many of its hosts differ. */
const subproblemOf = (
  model: Model,
  members: readonly number[],
  weightless: boolean,
): PlacementProblem | null => {
  const { problem } = model
  const ids = new Set<string>(members.map((v) => model.vms[v]!.id))
  const everywhere = new Set<string>(problem.hosts.map((host) => host.id))
  const rules = problem.rules.filter(
    (rule) =>
      rule.weight === undefined &&
      concerns(rule, ids, everywhere) &&
      !(weightless && isOfAmounts(constraintOf(rule))),
  )
  const hosts = hostsOf(model, members, rules, weightless)
  if (hosts === null) return null
  const kept = new Set<string>(hosts.map((host) => host.id))
  const subproblem = {
    ...problem,
    hosts,
    vms: members.map((v) => model.vms[v]!),
    rules: rules.filter((rule) => concerns(rule, ids, kept)),
  }
  return weightless ? withoutDemand(subproblem) : subproblem
}

const hostsOf = (
  model: Model,
  members: readonly number[],
  rules: readonly PlacementRule[],
  weightless: boolean,
): readonly ProblemHost[] | null => {
  const { dims, limit, hosts } = model
  const byDomain = constraintsOf(rules, 'allApart').some(({ place }) => place === 'domain')
  const homes = new Set(members.map((v) => model.home[v]!))
  const marks = new Map<HostId, string>()
  const mark = (ids: readonly HostId[], text: string): void => {
    for (const id of ids) marks.set(id, `${marks.get(id) ?? ''}${text}`)
  }
  rules.forEach((rule, r) => {
    const constraint = constraintOf(rule)
    // Rules that change limits are in the limits already.
    if (constraint.is === 'limitScale' || isHostLimit(constraint)) return
    for (const ids of valuesOf(rule, 'hosts')) mark(ids, `,${r}`)
  })
  const kindOf = (h: number): string => {
    const host = hosts[h]!
    const size = weightless ? '' : limit.subarray(h * dims, (h + 1) * dims).join()
    return `${marks.get(host.id) ?? ''}|${host.state}|${host.cpuBaseline}|${byDomain ? host.failureDomain : ''}|${size}`
  }
  markGroups(model, members, rules, kindOf, mark)
  const taken = new Map<string, number>()
  const kept: ProblemHost[] = []
  for (let h = 0; h < hosts.length; h++) {
    const host = hosts[h]!
    const isHome = homes.has(h)
    if (!isHome) {
      if (host.state !== 'online') continue
      const kind = kindOf(h)
      if (kind.includes(spare)) continue
      const count = taken.get(kind) ?? 0
      if (count >= members.length) continue
      taken.set(kind, count + 1)
    }
    if (kept.length >= hostsMax) return null
    kept.push(host)
  }
  return kept
}

/** The mark of hosts in groups that are more than the VMs could need of their kind. */
const spare = ',spare'

/**
 * Groups of hosts (among, splitAmong). Where all rules share one list of groups, groups made of the same kinds of
 * hosts are interchangeable as well, unless a VM lives there; otherwise each group is a kind of its own.
 */
const markGroups = (
  model: Model,
  members: readonly number[],
  rules: readonly PlacementRule[],
  kindOf: (h: number) => string,
  mark: (ids: readonly HostId[], text: string) => void,
): void => {
  const lists = new Set(rules.flatMap((rule) => valuesOf(rule, 'hostGroups')))
  const index = new Map<string, number>(lists.size === 1 ? model.hosts.map((host, h) => [host.id, h]) : [])
  const homes = new Set<string | null>(members.map((v) => model.vms[v]!.host))
  const marked: (readonly [readonly HostId[], string])[] = []
  let list = 0
  for (const groups of lists) {
    const alike = new Map<string, number>()
    groups.forEach((group, g) => {
      let text = `,${list}.${g}`
      if (lists.size === 1 && !group.some((id) => homes.has(id))) {
        const kinds = new Map<string, number>()
        for (const id of group) {
          const h = index.get(id)
          if (h !== undefined) kinds.set(kindOf(h), (kinds.get(kindOf(h)) ?? 0) + 1)
        }
        const key = [...kinds]
          .map(([kind, n]) => `${kind} ${Math.min(n, members.length)}`)
          .sort()
          .join(';')
        const count = alike.get(key) ?? 0
        alike.set(key, count + 1)
        if (count >= members.length) text = spare
      }
      marked.push([group, text])
    })
    list++
  }
  for (const [group, text] of marked) mark(group, text)
}
