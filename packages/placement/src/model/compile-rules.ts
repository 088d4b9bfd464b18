/**
 * Rules in the solver's form: hard rules about single VMs become restrictions of where they may be, the others
 * compiled constraints. A continuous rule that keeps VMs together, and holds now, also keeps them where they are: they cannot
 * all cross at the same instant.
 */
import type { HostId, VmId } from '../problem/ids.ts'
import type { ProblemHost, ProblemVm } from '../problem/situation.ts'
import { type Cap, isHostLimit, type Together } from '../rules/constraint.ts'
import type { PlacementProblem } from '../rules/placement-problem.ts'
import { constraintOf, isContinuous, type PlacementRule } from '../rules/rule.ts'
import { capacitySumConstraint, usedHostsConstraint } from './constraints/capacity-sum.ts'
import { cardinalityConstraint } from './constraints/cardinality.ts'
import type { CompiledConstraint, ConstraintBase } from './constraints/compiled-constraint.ts'
import { groupingConstraint, splitAmongConstraint } from './constraints/grouping.ts'
import { lonelyConstraint, separationConstraint } from './constraints/separation.ts'
import { unaryConstraint } from './constraints/unary.ts'

export interface RuleContext {
  readonly problem: PlacementProblem
  readonly hosts: readonly ProblemHost[]
  readonly hostIndex: ReadonlyMap<HostId, number>
  readonly vmIndex: ReadonlyMap<VmId, number>
  readonly vms: readonly ProblemVm[]
  readonly vmCount: number
  readonly home: Int32Array
  /** 1 = a VM that the rules concern: it runs in the end, or, for a plan, it runs now. */
  readonly concerned: Uint8Array
  /** The model is for a plan. */
  readonly forPlan: boolean
  /** Of these, a VM that runs now and not in the end. */
  readonly departs: (v: number) => boolean
  /** Active but not running yet. */
  readonly starts: Uint8Array
  /** [vm × dims] */
  readonly demand: Float64Array
  /** Each host's own index, for constraints whose place is the host itself. */
  readonly own: Int32Array
  /** The same as a list of groups. */
  readonly eachHost: readonly (readonly HostId[])[]
  /** Groups of hosts met so far, by identity of their list. */
  readonly groups: Map<readonly (readonly HostId[])[], Groups>
}

interface Groups {
  readonly id: number
  /** Per host its group, −1 = none. */
  readonly group: Int32Array
  readonly restrictions: Map<number, Restriction>
}

/** 1 for each host where a VM may be. `key` is equal for equal bitmaps of one problem. */
export interface Restriction {
  readonly key: string
  readonly allowed: Uint8Array
}

export interface CompiledRules {
  readonly constraints: readonly CompiledConstraint[]
  readonly restrictions: ReadonlyMap<number, readonly Restriction[]>
  /** VMs that a rule keeps where they are. */
  readonly rooted: ReadonlySet<number>
}

export const compileRules = (context: RuleContext): CompiledRules => {
  const constraints: CompiledConstraint[] = []
  const restrictions = new Map<number, Restriction[]>()
  const rooted = new Set<number>()
  const restrict = (v: number, restriction: Restriction): void => {
    const list = restrictions.get(v)
    if (list === undefined) restrictions.set(v, [restriction])
    else list.push(restriction)
  }
  const sink: Sink = {
    constraint: (constraint) => {
      constraints.push(constraint)
    },
    restrict,
    root: (v) => {
      rooted.add(v)
    },
  }
  context.problem.rules.forEach((rule, r) => {
    compileRule(context, rule, r, sink)
  })
  return { constraints, restrictions, rooted }
}

interface Sink {
  readonly constraint: (constraint: CompiledConstraint) => void
  readonly restrict: (v: number, restriction: Restriction) => void
  readonly root: (v: number) => void
}

const compileRule = (context: RuleContext, rule: PlacementRule, r: number, sink: Sink): void => {
  const { hosts, home, starts } = context
  const hostCount = hosts.length
  const hard = rule.weight === undefined
  const base = (scope: Int32Array): ConstraintBase => ({ rule: r, weight: rule.weight ?? -1, scope })
  const constraint = constraintOf(rule)
  switch (constraint.is) {
    case 'allApart': {
      const scope = scopeOf(context, constraint.vms)
      const local = constraint.place === 'host'
      const place = local ? context.own : domainIndexes(hosts)
      if (scope.length < 2) return
      const compiled = separationConstraint(base(scope), Int32Array.from(scope), place, local)
      sink.constraint(local ? { ...compiled, maxPerHost: oneVm } : compiled)
      return
    }
    case 'partsApart': {
      const scope = scopeOf(context, constraint.parts.flat())
      const side = sidesOf(context, constraint.parts, scope)
      sink.constraint(separationConstraint(base(scope), side, context.own, true))
      return
    }
    case 'alone': {
      const member = new Uint8Array(context.vmCount)
      for (const v of scopeOf(context, constraint.vms)) member[v] = 1
      sink.constraint(lonelyConstraint(base(allConcerned(context)), member, hostCount))
      return
    }
    case 'confined': {
      const allowed = bitmap(context, constraint.hosts, constraint.to === 'these')
      const scope = scopeOf(context, constraint.vms)
      if (hard) for (const v of scope) sink.restrict(v, { key: `${r}`, allowed })
      else sink.constraint(unaryConstraint(base(scope), (_, h) => allowed[h] === 1))
      return
    }
    case 'rooted': {
      const scope = scopeOf(context, constraint.vms).filter((v) => starts[v] === 0)
      if (hard) for (const v of scope) sink.root(v)
      else sink.constraint(unaryConstraint(base(scope), (v, h) => h === home[v]))
      return
    }
    case 'closed': {
      const outside = bitmap(context, constraint.hosts, false)
      const inside = (v: number) => starts[v] === 0 && home[v]! >= 0 && outside[home[v]!] === 0
      const scope = allConcerned(context)
      if (!hard)
        sink.constraint(
          unaryConstraint(base(scope), (v, h) => (inside(v) ? h === home[v] : outside[h] === 1)),
        )
      else
        for (const v of scope)
          if (inside(v)) sink.root(v)
          else sink.restrict(v, { key: `${r}`, allowed: outside })
      return
    }
    case 'together':
      compileTogether(context, rule, r, constraint, sink)
      return
    case 'cap': {
      const amount = amountsOf(context, constraint)
      if (amount === null || (hard && isHostLimit(constraint))) return
      const inside = bitmap(context, constraint.hosts, true)
      sink.constraint(capacitySumConstraint(base(allConcerned(context)), inside, amount, constraint.max))
      return
    }
    case 'cardinality': {
      const scope = concernedWithLabel(context, constraint.label)
      const inside = constraint.hosts === 'all' ? ones(hostCount) : bitmap(context, constraint.hosts, true)
      // With so few VMs the rule always holds.
      if (scope.length > constraint.max)
        sink.constraint(cardinalityConstraint(base(scope), inside, constraint.max))
      return
    }
    case 'usedHosts':
      sink.constraint(
        usedHostsConstraint(
          base(allConcerned(context)),
          bitmap(context, constraint.hosts, true),
          constraint.max,
        ),
      )
      return
    case 'ordered':
    case 'demandFloor':
    case 'limitScale':
      // Order concerns the planner only; amounts are in the limits and demands already.
      return
    default:
      constraint satisfies never
  }
}

const oneVm = (): number => 1

/** What each VM counts as; null when the problem has no such dimension. */
const amountsOf = (context: RuleContext, { of }: Cap): Float64Array | null => {
  if (of === 'vms') return new Float64Array(context.vmCount).fill(1)
  const d = context.problem.dimensions.indexOf(of.dimension)
  const dims = context.problem.dimensions.length
  if (d < 0) return null
  return Float64Array.from({ length: context.vmCount }, (_, v) => context.demand[v * dims + d]!)
}

const compileTogether = (
  context: RuleContext,
  rule: PlacementRule,
  r: number,
  constraint: Together,
  sink: Sink,
): void => {
  const sides = constraint.parts
  const groups = constraint.groups === 'hosts' ? context.eachHost : constraint.groups
  const known = groupsOf(context, groups)
  const { group } = known
  const hard = rule.weight === undefined
  const scope = scopeOf(context, sides.flat())
  let decided = 0
  if (hard)
    sides.forEach((ids) => {
      const members = scopeOf(context, ids)
      const now = isContinuous(rule) ? commonGroup(context, members, group) : -1
      if (now >= 0) decided++
      const restriction = inGroup(known, now)
      for (const v of members) sink.restrict(v, restriction)
    })
  // Where the group is decided, the restrictions are enough, unless other lists must avoid it.
  if (decided > 0 && sides.length === 1) return
  const base = (of: Int32Array) => ({ rule: r, weight: rule.weight ?? -1, scope: of })
  const side = sidesOf(context, sides, scope)
  if (sides.length > 1 && !context.forPlan) sink.constraint(splitAmongConstraint(base(scope), side, group))
  // During a plan a list may still be on its way to its group, and yet no two lists may meet.
  else for (const ids of sides) sink.constraint(groupingConstraint(base(scopeOf(context, ids)), group))
  if (sides.length > 1 && context.forPlan)
    sink.constraint(
      separationConstraint(
        base(scope),
        side,
        group.map((g, h) => (g < 0 ? groups.length + h : g)),
      ),
    )
}

/** Thousands of rules may share one list of groups: each list is read once per problem. */
const groupsOf = (context: RuleContext, groups: readonly (readonly HostId[])[]): Groups => {
  const there = context.groups.get(groups)
  if (there !== undefined) return there
  const group = new Int32Array(context.hosts.length).fill(-1)
  groups.forEach((members, i) => {
    for (const id of members) {
      const h = context.hostIndex.get(id)
      if (h !== undefined && group[h]! < 0) group[h] = i
    }
  })
  const made = { id: context.groups.size, group, restrictions: new Map<number, Restriction>() }
  context.groups.set(groups, made)
  return made
}

/** Only hosts of group `wanted`; of any group when it is −1. */
const inGroup = ({ id, group, restrictions }: Groups, wanted: number): Restriction => {
  const there = restrictions.get(wanted)
  if (there !== undefined) return there
  const allowed = Uint8Array.from(group, (g) => ((wanted < 0 ? g >= 0 : g === wanted) ? 1 : 0))
  const made = { key: `g${id}.${wanted}`, allowed }
  restrictions.set(wanted, made)
  return made
}

/** The group in which at least two of the VMs run now, all of them; −1 when there is none. */
const commonGroup = (context: RuleContext, members: Int32Array, group: Int32Array): number => {
  let common = -1
  let running = 0
  for (const v of members) {
    // Once it has left, the others may go elsewhere.
    if (context.departs(v)) return -1
    if (context.starts[v] === 1 || context.home[v]! < 0) continue
    const g = group[context.home[v]!]!
    if (g < 0 || (running > 0 && g !== common)) return -1
    common = g
    running++
  }
  return running >= 2 ? common : -1
}

const scopeOf = (context: RuleContext, ids: readonly VmId[]): Int32Array => {
  const found = new Set<number>()
  for (const id of ids) {
    const v = context.vmIndex.get(id)
    if (v !== undefined && context.concerned[v] === 1) found.add(v)
  }
  return Int32Array.from(found).sort()
}

const concernedWithLabel = (context: RuleContext, label: string): Int32Array =>
  allConcerned(context).filter((v) => context.vms[v]!.labels?.includes(label) === true)

const ones = (length: number): Uint8Array => new Uint8Array(length).fill(1)

const allConcerned = (context: RuleContext): Int32Array =>
  Int32Array.from({ length: context.vmCount }, (_, v) => v).filter((v) => context.concerned[v] === 1)

/** Which of the lists each VM of the scope is in. */
const sidesOf = (
  context: RuleContext,
  sides: readonly (readonly VmId[])[],
  scope: Int32Array,
): Int32Array => {
  const sideOf = new Map<number, number>()
  sides.forEach((ids, s) => {
    for (const id of ids) {
      const v = context.vmIndex.get(id)
      if (v !== undefined && !sideOf.has(v)) sideOf.set(v, s)
    }
  })
  return Int32Array.from(scope, (v) => sideOf.get(v)!)
}

/** `listed` for the hosts named, the opposite for the others. */
const bitmap = (context: RuleContext, ids: readonly HostId[], listed: boolean): Uint8Array => {
  const bits = new Uint8Array(context.hosts.length).fill(listed ? 0 : 1)
  for (const id of ids) {
    const h = context.hostIndex.get(id)
    if (h !== undefined) bits[h] = listed ? 1 : 0
  }
  return bits
}

const domainIndexes = (hosts: readonly ProblemHost[]): Int32Array => {
  const known = new Map<string, number>()
  return Int32Array.from(hosts, (host) => {
    const name = host.failureDomain === null ? `host ${host.id}` : `domain ${host.failureDomain}`
    const index = known.get(name) ?? known.size
    known.set(name, index)
    return index
  })
}
