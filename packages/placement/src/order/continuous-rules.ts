/**
 * Continuous rules while a plan is carried out: may a VM join those that are, or will be, where it goes? Caps over
 * several hosts, and rules of order, are in capacity-pools.ts.
 *
 * VMs that must be together and are not (among, gather) cannot all cross at the same instant. Until such a rule holds,
 * each VM moves within its group, or to the one group where all will be.
 */

import type { CompiledConstraint } from '../model/constraints/compiled-constraint.ts'
import type { Model } from '../model/model.ts'
import { isContinuous } from '../rules/rule.ts'

export interface ContinuousRules {
  /** The continuous rule (its index) that VM `v` on host `h` would break, the others being `at` (−1 = nowhere); −1 = none. */
  readonly brokenBy: (at: Int32Array, v: number, h: number) => number
  /** The constraints on a VM whose rules hold now, and so must hold all the time. */
  readonly strictOf: (v: number) => readonly CompiledConstraint[]
}

const noConstraints: readonly CompiledConstraint[] = []

/** `targets`: where each VM ends; null = not known, then rules that are broken now bind no VM on the way. */
export const createContinuousRules = (
  model: Model,
  start: Int32Array,
  targets: Int32Array | null,
): ContinuousRules => {
  const strict = new Map<number, CompiledConstraint[]>()
  const mending = new Map<
    number,
    { readonly rule: number; readonly group: Int32Array; readonly goal: number }[]
  >()
  const add = <T>(map: Map<number, T[]>, v: number, one: T): void => {
    const list = map.get(v)
    if (list === undefined) map.set(v, [one])
    else list.push(one)
  }
  for (const constraint of model.constraints) {
    if (
      constraint.weight >= 0 ||
      constraint.counted === true ||
      !isContinuous(model.problem.rules[constraint.rule]!)
    )
      continue
    const broken = constraint.group !== undefined && constraint.violation(start) > 0
    const { rule } = constraint
    const goal = broken ? goalOf(constraint, constraint.group!, start, targets) : none
    for (const v of constraint.scope)
      if (broken) add(mending, v, { rule, group: constraint.group!, goal })
      else add(strict, v, constraint)
  }
  return {
    strictOf: (v) => strict.get(v) ?? noConstraints,
    brokenBy: (at, v, h) => {
      const list = strict.get(v)
      if (list !== undefined)
        for (const constraint of list) if (constraint.clashes(at, v, h)) return constraint.rule
      const mended = mending.get(v)
      if (mended === undefined) return -1
      for (const { rule, group, goal } of mended) {
        const there = group[h]!
        if (there < 0) return rule
        const here = at[v]! < 0 ? -1 : group[at[v]!]!
        if (goal !== anyGroup && there !== goal && there !== here) return rule
      }
      return -1
    },
  }
}

const none = -1
const anyGroup = 2 ** 30

/** The one group that VMs cross into; `none`: no VM crosses, or not all into the same. */
const goalOf = (
  constraint: CompiledConstraint,
  group: Int32Array,
  start: Int32Array,
  targets: Int32Array | null,
): number => {
  if (targets === null) return anyGroup
  let goal = none
  for (const v of constraint.scope) {
    if (targets[v]! < 0) continue
    const there = group[targets[v]!]!
    if (start[v]! >= 0 && group[start[v]!] === there) continue
    if (goal !== none && there !== goal) return none
    goal = there
  }
  return goal
}
