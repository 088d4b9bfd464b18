/**
 * Lagrangian relaxation of "every VM is on exactly one host", as for the generalised assignment problem (Ross and
 * Soland 1975, Fisher 1981). Given a multiplier per VM, each host by itself solves a knapsack: the VMs that are worth
 * most within its limits. The sum of all multipliers, less the profits of the hosts, is a lower bound of any cure. The
 * multiplier of a VM that no host selects rises, of one that several select falls (subgradient ascent, Polyak's step).
 *
 * VMs that a rule wants in one group of hosts (gather, among) have a multiplier per group: the rule's subproblem picks
 * the group that is cheapest for all of them (group-subproblem.ts).
 *
 * Costs are counted in units of one touched host; a millisecond is `unit` of them, so that both are one number.
 * Multipliers are integers, so the bound is exact arithmetic.
 */

import type { CompiledConstraint } from '../model/constraints/compiled-constraint.ts'
import type { Model } from '../model/model.ts'
import { boundWith } from './dual-bound.ts'
import { createRelaxationState } from './relaxation-state.ts'
import { ascend } from './subgradient.ts'

export interface LagrangianRelaxation {
  /** Active VMs that are not fixed. */
  readonly movers: Int32Array
  /** Units per millisecond. */
  readonly unit: number
  /** One per VM, or one per VM and group. */
  readonly multiplierCount: number
  /** The index of the multiplier of VM `v` on host `h`; −1 = it cannot be there. [v × hosts + h] */
  readonly multiplierOf: Int32Array
  /**
   * Changes `multipliers` until the bound exceeds `target` or the rounds are over; returns the best bound in units
   * and leaves the multipliers that gave it. `allowed[v × hosts + h]`: 1 = may be there. Infinity: some VM has no place.
   */
  readonly ascend: (allowed: Uint8Array, multipliers: Float64Array, target: number, rounds: number) => number
  /** After `ascend`: at least this much with VM `v` on host `h`. */
  readonly boundWith: (v: number, h: number) => number
  /** After `ascend`: by how much the bound rises at least when the rule of VM `v` is in host `h`'s group. */
  readonly extraCost: (v: number, h: number) => number
  /** How much has been computed so far, in steps of the knapsacks. */
  readonly work: () => number
  /** After `ascend`: how many hosts select the VM, and the last one that does. */
  readonly selectedCount: Int32Array
  readonly selectedHost: Int32Array
}

export const createLagrangianRelaxation = (
  model: Model,
  constraints: readonly CompiledConstraint[],
  expired: () => boolean,
): LagrangianRelaxation => {
  const state = createRelaxationState(model, constraints, expired)
  const { movers, unit, groups, selectedCount, selectedHost } = state
  return {
    movers,
    unit,
    multiplierCount: groups.multiplierCount,
    multiplierOf: groups.multiplierOf,
    ascend: (allowed, multipliers, target, rounds) => ascend(state, allowed, multipliers, target, rounds),
    boundWith: (v, h) => boundWith(state, v, h),
    extraCost: (v, h) => groups.extraCost(groups.multiplierOf[v * model.hostCount + h]!),
    work: () => state.knapsacks.reduce((sum, { work }) => sum + work, 0),
    selectedCount,
    selectedHost,
  }
}
