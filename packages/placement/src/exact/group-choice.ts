/**
 * VMs that a rule wants in one group of hosts (gather, among) and that are spread over several now: one group must be
 * chosen, and all VMs elsewhere move. The group is chosen before anything else, since few decisions cost as much. What
 * the undecided rules cost at least is part of the bound.
 */
import type { CoveringBound } from '../bounds/covering-bound.ts'
import type { CompiledConstraint } from '../model/constraints/compiled-constraint.ts'
import type { Model } from '../model/model.ts'
import { free, type SearchState, settled } from './search-state.ts'
import { evict, unevict } from './search-steps.ts'

export interface GroupChoice {
  /** The rule to decide next, or null. */
  readonly undecided: () => CompiledConstraint | null
  /** A lower bound of what is still to be paid, in ms: for undecided rules, and for what the hosts need besides. */
  readonly boundMs: () => number
  /** Decides the next rule for each group in turn, cheapest first. */
  readonly branch: (explore: () => void, stopped: () => boolean) => void
  /** May the VM be there, as decided? */
  readonly allows: (v: number, h: number) => boolean
}

/** A gather over many hosts has as many groups; beyond this the search decides VM by VM. */
const groupsMax = 64

/** Null when no such rule is broken now. */
export const createGroupChoice = (
  model: Model,
  covering: CoveringBound,
  state: SearchState,
  hard: readonly CompiledConstraint[],
): GroupChoice | null => {
  const { hostCount, vmCount, dims, demand, home, moveMs, constraintsOn } = model
  const { at, status, settledAt, load, openHosts } = state
  const pair = new Int32Array(2)
  const constraints = hard.filter(
    (constraint) => constraint.group !== undefined && constraint.conflict(at, pair, 0) > 0,
  )
  let groupCount = 0
  for (const constraint of constraints)
    for (const g of constraint.group!) groupCount = Math.max(groupCount, g + 1)
  if (constraints.length === 0 || groupCount > groupsMax) return null
  /** Per rule the group decided, −1 = none. */
  const chosen = new Int32Array(model.problem.rules.length).fill(-1)
  /** The constraint that pays for a VM. */
  const owner = new Int32Array(vmCount).fill(-1)
  constraints.forEach((constraint, i) => {
    for (const v of constraint.scope) if (owner[v]! < 0) owner[v] = i
  })
  const tried = Array.from(constraints, () => new Uint8Array(groupCount))
  const leavers = Array.from(constraints, (constraint) => new Int32Array(constraint.scope.length))
  const loadIf = new Float64Array(hostCount * dims)
  const statusIf = new Uint8Array(vmCount)
  let decided = 0

  /** What moves when constraint `i` gets group `g`, of the VMs it pays for or of all; Infinity when that cannot be. */
  const costOfGroup = (i: number, g: number, own: boolean): number => {
    const { scope, group } = constraints[i]!
    let cost = 0
    for (let k = 0; k < scope.length; k++) {
      const v = scope[k]!
      if (status[v] === free) {
        if (group![home[v]!] !== g && (!own || owner[v] === i)) cost += moveMs[v]!
      } else if (settledAt[v]! >= 0 && group![settledAt[v]!] !== g) return Number.POSITIVE_INFINITY
    }
    return cost
  }

  return {
    undecided: () => constraints[decided] ?? null,
    boundMs: () => {
      let bound = 0
      loadIf.set(load)
      statusIf.set(status)
      for (let i = decided; i < constraints.length; i++) {
        let least = Number.POSITIVE_INFINITY
        for (let g = 0; g < groupCount; g++) least = Math.min(least, costOfGroup(i, g, true))
        bound += least
        // The VMs of the rule are paid for; what else a host needs must come from its other VMs.
        for (const v of constraints[i]!.scope) {
          if (statusIf[v] !== free) continue
          statusIf[v] = settled
          for (let d = 0; d < dims; d++) loadIf[home[v]! * dims + d]! -= demand[v * dims + d]!
        }
      }
      for (let k = 0; k < openHosts.length && bound < Number.POSITIVE_INFINITY; k++)
        bound += covering.bound(openHosts[k]!, loadIf, statusIf, free, settledAt)
      return bound
    },
    branch: (explore, stopped) => {
      const i = decided++
      const constraint = constraints[i]!
      tried[i]!.fill(0)
      for (;;) {
        let g = -1
        let least = Number.POSITIVE_INFINITY
        for (let other = 0; other < groupCount; other++) {
          const cost = tried[i]![other] === 1 ? Number.POSITIVE_INFINITY : costOfGroup(i, other, false)
          if (cost >= least) continue
          least = cost
          g = other
        }
        if (g < 0 || stopped()) break
        tried[i]![g] = 1
        let n = 0
        for (const v of constraint.scope) {
          if (status[v] !== free || constraint.group![home[v]!] === g) continue
          evict(state, v)
          leavers[i]![n++] = v
        }
        chosen[constraint.rule] = g
        explore()
        chosen[constraint.rule] = -1
        while (n > 0) unevict(state, leavers[i]![--n]!)
      }
      decided--
    },
    allows: (v, h) => {
      const of = constraintsOn[v]!
      for (let i = 0; i < of.length; i++) {
        const g = chosen[of[i]!.rule]!
        if (g >= 0 && of[i]!.group![h] !== g) return false
      }
      return true
    },
  }
}
