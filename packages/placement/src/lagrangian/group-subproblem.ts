/**
 * The Lagrangian subproblem of a rule that wants its VMs in one group of hosts (gather, among): which group is cheapest
 * for all of them? Such a VM has one multiplier per group; every other VM has one multiplier. A VM of several such rules
 * belongs to the subproblem of the first; the search heeds the others.
 */

import type { CompiledConstraint } from '../model/constraints/compiled-constraint.ts'
import type { Model } from '../model/model.ts'

export interface GroupSubproblem {
  readonly multiplierCount: number
  /** [v × hosts + h], −1 = the rule allows no such place. */
  readonly multiplierOf: Int32Array
  /** The multipliers of VM `v`: `firstMultiplier[v] … firstMultiplier[v + 1] − 1`. */
  readonly firstMultiplier: Int32Array
  /** The rule whose subproblem has the VM, −1 = none. */
  readonly owner: Int32Array
  /** Finds the groups that all VMs of a rule can still be in; false when a rule has none. */
  readonly openGroups: (allowed: Uint8Array) => boolean
  readonly isOpen: (multiplier: number) => boolean
  /** Every rule chooses its cheapest open group; returns the sum of the multipliers chosen. */
  readonly solve: (multipliers: Float64Array) => number
  /** After `solve`: 1 = the VM is wanted on the hosts of this multiplier. */
  readonly demandedAt: (multiplier: number) => number
  /** After `solve`: by how much the bound rises at least with the VM on a host of this multiplier. */
  readonly extraCost: (multiplier: number) => number
}

/** Which multipliers there are, and whose. */
interface MultiplierLayout {
  /** The rules, and per rule the VMs of its subproblem and the number of its groups. */
  readonly rules: readonly CompiledConstraint[]
  readonly members: readonly Int32Array[]
  readonly groupCount: readonly number[]
  /** By VM its rule, −1 = none. */
  readonly owner: Int32Array
  readonly firstMultiplier: Int32Array
  readonly multiplierOf: Int32Array
  /** By multiplier. */
  readonly ruleOf: Int32Array
  readonly groupOf: Int32Array
}

const layoutOf = (
  { hostCount, vmCount }: Model,
  constraints: readonly CompiledConstraint[],
  movers: Int32Array,
): MultiplierLayout => {
  const owner = new Int32Array(vmCount).fill(-1)
  const moves = new Uint8Array(vmCount)
  for (const v of movers) moves[v] = 1
  const rules = constraints.filter((constraint) => constraint.group !== undefined)
  const members = rules.map((constraint, r) =>
    constraint.scope.filter((v) => {
      if (moves[v] === 0 || owner[v]! >= 0) return false
      owner[v] = r
      return true
    }),
  )
  const groupCount = rules.map((constraint) =>
    constraint.group!.reduce((most, g) => Math.max(most, g + 1), 0),
  )
  const firstMultiplier = new Int32Array(vmCount + 1)
  const multiplierOf = new Int32Array(vmCount * hostCount).fill(-1)
  for (let v = 0; v < vmCount; v++) {
    const r = owner[v]!
    firstMultiplier[v + 1] = firstMultiplier[v]! + (moves[v] === 0 ? 0 : r < 0 ? 1 : groupCount[r]!)
    if (moves[v] === 0) continue
    for (let h = 0; h < hostCount; h++) {
      const g = r < 0 ? 0 : rules[r]!.group![h]!
      if (g >= 0) multiplierOf[v * hostCount + h] = firstMultiplier[v]! + g
    }
  }
  const ruleOf = new Int32Array(firstMultiplier[vmCount]!).fill(-1)
  const groupOf = new Int32Array(firstMultiplier[vmCount]!)
  for (let v = 0; v < vmCount; v++)
    for (let m = firstMultiplier[v]!; m < firstMultiplier[v + 1]!; m++) {
      ruleOf[m] = owner[v]!
      groupOf[m] = m - firstMultiplier[v]!
    }
  return { rules, members, groupCount, owner, firstMultiplier, multiplierOf, ruleOf, groupOf }
}

/** Where VMs that cannot move hold each rule; −1 = nowhere. */
const fixedGroups = (
  rules: readonly CompiledConstraint[],
  { active, fixed, home }: Model,
): readonly number[] =>
  rules.map((constraint) => {
    const holder = constraint.scope.find((v) => active[v] === 1 && fixed[v] === 1)
    return holder === undefined ? -1 : constraint.group![home[holder]!]!
  })

export const createGroupSubproblem = (
  model: Model,
  constraints: readonly CompiledConstraint[],
  movers: Int32Array,
): GroupSubproblem => {
  const layout = layoutOf(model, constraints, movers)
  const { rules, members, groupCount, owner, firstMultiplier, multiplierOf, ruleOf, groupOf } = layout
  const fixedGroup = fixedGroups(rules, model)
  const multiplierCount = ruleOf.length
  /** [rule][group]: how many of its VMs can be there, then what they cost together. */
  const reach = groupCount.map((n) => new Int32Array(n))
  const costOfGroup = groupCount.map((n) => new Float64Array(n))
  const reachable = new Uint8Array(multiplierCount)
  const chosen = new Int32Array(rules.length)

  const isOpen = (m: number): boolean => {
    if (m < 0) return false
    const r = ruleOf[m]!
    return r < 0 || isGroupOpen(r, groupOf[m]!)
  }
  const isGroupOpen = (r: number, g: number): boolean =>
    reach[r]![g] === members[r]!.length && (fixedGroup[r]! < 0 || fixedGroup[r] === g)

  return {
    multiplierCount,
    multiplierOf,
    firstMultiplier,
    owner,
    isOpen,
    openGroups: (allowed) => {
      if (rules.length === 0) return true
      reachable.fill(0)
      for (let i = 0; i < multiplierOf.length; i++)
        if (allowed[i] === 1 && multiplierOf[i]! >= 0) reachable[multiplierOf[i]!] = 1
      for (let r = 0; r < rules.length; r++) {
        const of = members[r]!
        reach[r]!.fill(0)
        for (let i = 0; i < of.length; i++)
          for (let g = 0; g < groupCount[r]!; g++) reach[r]![g]! += reachable[firstMultiplier[of[i]!]! + g]!
        if (of.length === 0) continue
        let some = false
        for (let g = 0; g < groupCount[r]! && !some; g++) some = isGroupOpen(r, g)
        if (!some) return false
      }
      return true
    },
    solve: (multipliers) => {
      let total = 0
      for (let r = 0; r < rules.length; r++) {
        const of = members[r]!
        if (of.length === 0) continue
        chosen[r] = -1
        for (let g = 0; g < groupCount[r]!; g++) {
          if (!isGroupOpen(r, g)) continue
          let sum = 0
          for (let i = 0; i < of.length; i++) sum += multipliers[firstMultiplier[of[i]!]! + g]!
          costOfGroup[r]![g] = sum
          if (chosen[r]! < 0 || sum < costOfGroup[r]![chosen[r]!]!) chosen[r] = g
        }
        total += costOfGroup[r]![chosen[r]!]!
      }
      return total
    },
    demandedAt: (m) => {
      const r = ruleOf[m]!
      return r < 0 || chosen[r] === groupOf[m] ? 1 : 0
    },
    extraCost: (m) => {
      const r = ruleOf[m]!
      if (r < 0) return 0
      return isGroupOpen(r, groupOf[m]!)
        ? costOfGroup[r]![groupOf[m]!]! - costOfGroup[r]![chosen[r]!]!
        : Number.POSITIVE_INFINITY
    },
  }
}
