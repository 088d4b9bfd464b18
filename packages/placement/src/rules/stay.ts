/**
 * What rule checkers look at: *stays*. A stay is one VM on one host from the start of the action that brings it
 * to the end of the action that takes it away. A placement is the case where nothing moves any more, so one
 * checker serves both a final placement and every reachable state of a plan.
 */
import type { HostId, VmId } from '../problem/ids.ts'
import type { Situation } from '../problem/situation.ts'

export interface Stay {
  readonly vm: VmId
  readonly host: HostId
  /** Index of the action that starts it; null: it was there before the plan. */
  readonly arrival: number | null
  /** Index of the action that ends it; null: it lasts to the end of the plan. */
  readonly departure: number | null
}

export interface Stays {
  readonly problem: Situation
  readonly all: readonly Stay[]
  readonly of: (vm: VmId) => readonly Stay[]
  /** Where the VM runs before anything happens; null when it does not, or not on a known host. */
  readonly homeOf: (vm: VmId) => HostId | null
  readonly on: (host: HostId) => readonly Stay[]
  /** What the VM wants of a dimension, by the rules that change it. */
  readonly demandOf: (vm: VmId, dimension: string) => number
  readonly labelsOf: (vm: VmId) => readonly string[]
  /** Can some reachable state hold both? */
  readonly overlap: (a: Stay, b: Stay) => boolean
  /** Is action `a` certainly done before action `b` starts? */
  readonly before: (a: number, b: number) => boolean
  /** A violation among VMs that all were there before the plan is excused: the plan did not cause it. */
  readonly excuseInitial: boolean
  /** One violation of a rule is enough: the rest need not be found. */
  readonly firstOnly: boolean
}

/** Why a rule does not want a VM where it is. */
export type RuleCode =
  | 'rule.anti_affinity'
  | 'rule.affinity'
  | 'rule.host_group'
  | 'rule.capacity'
  | 'rule.order'
  | 'vm.pinned'

export interface RuleViolation {
  readonly code: RuleCode
  readonly vms: readonly VmId[]
  readonly hosts: readonly HostId[]
  readonly text: string
}

/** A VM that is back on the host where it ran counts as not moved. */
export const excused = (stays: Stays, ...involved: readonly Stay[]): boolean =>
  stays.excuseInitial &&
  involved.every((stay) => stay.arrival === null || stay.host === stays.homeOf(stay.vm))
