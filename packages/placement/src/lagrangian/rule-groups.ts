/**
 * Rules that want their VMs in one group of hosts (gather, among), for the Lagrangian search: which groups can all
 * VMs of a rule still be in, and which rule is to be decided next?
 */

import type { CompiledConstraint } from '../model/constraints/compiled-constraint.ts'
import type { Model } from '../model/model.ts'
import type { LagrangianRelaxation } from './lagrangian-relaxation.ts'

export interface RuleGroups {
  /** Strikes out hosts in groups that some VM of the rule cannot be in. */
  readonly filter: (allowed: Uint8Array, settled: Int32Array) => 'nothing' | 'some' | 'impossible'
  /** The undecided rule whose second-best group costs most more than its best, or null. */
  readonly next: (allowed: Uint8Array, settled: Int32Array) => CompiledConstraint | null
  /** Its open groups, cheapest first. */
  readonly groupsOf: (
    constraint: CompiledConstraint,
    allowed: Uint8Array,
    settled: Int32Array,
  ) => readonly number[]
  /** Keeps the VMs of the rule in group `g`. */
  readonly confine: (constraint: CompiledConstraint, g: number, allowed: Uint8Array) => void
}

export const createRuleGroups = (model: Model, relaxation: LagrangianRelaxation): RuleGroups => {
  const { hostCount, vmCount, constraints } = model
  const isMover = new Uint8Array(vmCount)
  for (const v of relaxation.movers) isMover[v] = 1
  const grouping = constraints.filter(
    (constraint) => constraint.group !== undefined && constraint.scope.some((v) => isMover[v] === 1),
  )
  let groupCount = 0
  for (const constraint of grouping)
    for (const g of constraint.group!) groupCount = Math.max(groupCount, g + 1)
  const reach = new Int32Array(groupCount)
  let members = 0

  /** How many groups all VMs of the rule can still be in; `isOpen` tells which. */
  const openGroups = (
    { scope, group }: CompiledConstraint,
    allowed: Uint8Array,
    settled: Int32Array,
  ): number => {
    reach.fill(0)
    members = 0
    for (let i = 0; i < scope.length; i++) {
      const v = scope[i]!
      if (isMover[v] === 0 && settled[v]! < 0) continue
      members++
      for (let h = 0; h < hostCount; h++) {
        const g = group![h]!
        if (g < 0 || (isMover[v] === 0 ? settled[v] !== h : allowed[v * hostCount + h] === 0)) continue
        if (reach[g] === members - 1) reach[g] = members
      }
    }
    let count = 0
    for (let g = 0; g < groupCount; g++) if (isOpen(g)) count++
    return count
  }
  const isOpen = (g: number): boolean => g >= 0 && reach[g] === members

  /** By how much the bound rises at least when the rule's VMs are in that group. */
  const extraCostOf = ({ scope, group }: CompiledConstraint, g: number): number => {
    const h = group!.indexOf(g)
    let extraCost = 0
    for (let i = 0; i < scope.length; i++)
      if (isMover[scope[i]!] === 1) extraCost = Math.max(extraCost, relaxation.extraCost(scope[i]!, h))
    return extraCost
  }

  return {
    filter: (allowed, settled) => {
      let changed = false
      for (const constraint of grouping) {
        if (openGroups(constraint, allowed, settled) === 0) return 'impossible'
        for (let i = 0; i < constraint.scope.length; i++) {
          const v = constraint.scope[i]!
          for (let h = 0; h < hostCount && isMover[v] === 1; h++) {
            if (allowed[v * hostCount + h] === 0 || isOpen(constraint.group![h]!)) continue
            allowed[v * hostCount + h] = 0
            changed = true
          }
        }
      }
      return changed ? 'some' : 'nothing'
    },
    next: (allowed, settled) => {
      let chosen: CompiledConstraint | null = null
      let widest = -1
      for (const constraint of grouping) {
        if (openGroups(constraint, allowed, settled) < 2) continue
        let best = Number.POSITIVE_INFINITY
        let second = Number.POSITIVE_INFINITY
        for (let g = 0; g < groupCount; g++) {
          if (!isOpen(g)) continue
          const extraCost = extraCostOf(constraint, g)
          if (extraCost < best) {
            second = best
            best = extraCost
          } else second = Math.min(second, extraCost)
        }
        if (second - best <= widest) continue
        widest = second - best
        chosen = constraint
      }
      return chosen
    },
    groupsOf: (constraint, allowed, settled) => {
      openGroups(constraint, allowed, settled)
      const open: number[] = []
      for (let g = 0; g < groupCount; g++) if (isOpen(g)) open.push(g)
      const extraCost = open.map((g) => extraCostOf(constraint, g))
      const rank = open.map((_, i) => i).sort((a, b) => extraCost[a]! - extraCost[b]! || a - b)
      return rank.map((i) => open[i]!)
    },
    confine: ({ scope, group }, g, allowed) => {
      for (let i = 0; i < scope.length; i++)
        for (let h = 0; h < hostCount && isMover[scope[i]!] === 1; h++)
          if (group![h] !== g) allowed[scope[i]! * hostCount + h] = 0
    },
  }
}
