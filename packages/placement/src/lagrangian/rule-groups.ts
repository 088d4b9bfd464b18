/**
 * Rules that want their VMs in one group of hosts (gather, among), for the search by prices: which groups can all
 * VMs of a rule still be in, and which rule is to be decided next?
 */

import type { Part } from '../model/constraints/compiled-constraint.ts'
import type { Model } from '../model/model.ts'
import type { Prices } from './lagrangian-relaxation.ts'

export interface RuleGroups {
  /** Strikes out hosts in groups that some VM of the rule cannot be in. */
  readonly strike: (allowed: Uint8Array, settled: Int32Array) => 'nothing' | 'some' | 'impossible'
  /** The undecided rule whose second-best group costs most more than its best, or null. */
  readonly next: (allowed: Uint8Array, settled: Int32Array) => Part | null
  /** Its open groups, cheapest first. */
  readonly groupsOf: (part: Part, allowed: Uint8Array, settled: Int32Array) => readonly number[]
  /** Keeps the VMs of the rule in group `g`. */
  readonly confine: (part: Part, g: number, allowed: Uint8Array) => void
}

export const createRuleGroups = (model: Model, prices: Prices): RuleGroups => {
  const { hostCount, vmCount, parts } = model
  const moves = new Uint8Array(vmCount)
  for (const v of prices.movers) moves[v] = 1
  const grouped = parts.filter((part) => part.group !== undefined && part.scope.some((v) => moves[v] === 1))
  let groupCount = 0
  for (const part of grouped) for (const g of part.group!) groupCount = Math.max(groupCount, g + 1)
  const reach = new Int32Array(groupCount)
  let members = 0

  /** How many groups all VMs of the rule can still be in; `isOpen` tells which. */
  const openGroups = ({ scope, group }: Part, allowed: Uint8Array, settled: Int32Array): number => {
    reach.fill(0)
    members = 0
    for (let i = 0; i < scope.length; i++) {
      const v = scope[i]!
      if (moves[v] === 0 && settled[v]! < 0) continue
      members++
      for (let h = 0; h < hostCount; h++) {
        const g = group![h]!
        if (g < 0 || (moves[v] === 0 ? settled[v] !== h : allowed[v * hostCount + h] === 0)) continue
        if (reach[g] === members - 1) reach[g] = members
      }
    }
    let count = 0
    for (let g = 0; g < groupCount; g++) if (isOpen(g)) count++
    return count
  }
  const isOpen = (g: number): boolean => g >= 0 && reach[g] === members

  /** What the rule pays more at least in that group: as far as it pays for its VMs. */
  const extraOf = ({ scope, group }: Part, g: number): number => {
    const h = group!.indexOf(g)
    let extra = 0
    for (let i = 0; i < scope.length; i++)
      if (moves[scope[i]!] === 1) extra = Math.max(extra, prices.extra(scope[i]!, h))
    return extra
  }

  return {
    strike: (allowed, settled) => {
      let changed = false
      for (const part of grouped) {
        if (openGroups(part, allowed, settled) === 0) return 'impossible'
        for (let i = 0; i < part.scope.length; i++) {
          const v = part.scope[i]!
          for (let h = 0; h < hostCount && moves[v] === 1; h++) {
            if (allowed[v * hostCount + h] === 0 || isOpen(part.group![h]!)) continue
            allowed[v * hostCount + h] = 0
            changed = true
          }
        }
      }
      return changed ? 'some' : 'nothing'
    },
    next: (allowed, settled) => {
      let chosen: Part | null = null
      let widest = -1
      for (const part of grouped) {
        if (openGroups(part, allowed, settled) < 2) continue
        let best = Number.POSITIVE_INFINITY
        let second = Number.POSITIVE_INFINITY
        for (let g = 0; g < groupCount; g++) {
          if (!isOpen(g)) continue
          const extra = extraOf(part, g)
          if (extra < best) {
            second = best
            best = extra
          } else second = Math.min(second, extra)
        }
        if (second - best <= widest) continue
        widest = second - best
        chosen = part
      }
      return chosen
    },
    groupsOf: (part, allowed, settled) => {
      openGroups(part, allowed, settled)
      const open: number[] = []
      for (let g = 0; g < groupCount; g++) if (isOpen(g)) open.push(g)
      const extra = open.map((g) => extraOf(part, g))
      const rank = open.map((_, i) => i).sort((a, b) => extra[a]! - extra[b]! || a - b)
      return rank.map((i) => open[i]!)
    },
    confine: ({ scope, group }, g, allowed) => {
      for (let i = 0; i < scope.length; i++)
        for (let h = 0; h < hostCount && moves[scope[i]!] === 1; h++)
          if (group![h] !== g) allowed[scope[i]! * hostCount + h] = 0
    },
  }
}
