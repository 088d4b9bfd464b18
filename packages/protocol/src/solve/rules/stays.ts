/**
 * What rule checkers look at: *stays*. A stay is one VM on one host from the start of the action that brings it
 * to the end of the action that takes it away. A placement is the case where nothing moves, so one checker
 * serves both a final placement and every reachable state of a plan.
 */
import type { HostId, VmId } from '../../ids.ts'

export interface Stay {
  readonly vm: VmId
  readonly host: HostId
  /** Index of the action that starts it; null: it was there before the plan. */
  readonly arrival: number | null
  /** Index of the action that ends it; null: it lasts to the end of the plan. */
  readonly departure: number | null
}

export interface Stays {
  readonly of: (vm: VmId) => readonly Stay[]
  readonly on: (host: HostId) => readonly Stay[]
  /** Can some reachable state hold both? */
  readonly overlap: (a: Stay, b: Stay) => boolean
  /** What was there before the plan is not the plan's doing: two stays that both began before it are excused. */
  readonly excuseInitial: boolean
}

export interface RuleViolation {
  /** Reason code: `rule.anti_affinity`, `rule.affinity`, `rule.host_group` … */
  readonly code: string
  readonly vms: readonly VmId[]
  readonly hosts: readonly HostId[]
  readonly text: string
}

export const excused = (stays: Stays, ...involved: readonly Stay[]): boolean =>
  stays.excuseInitial && involved.every((stay) => stay.arrival === null)

/** The stays of a placement: everything overlaps, nothing is excused. */
export const staysOf = (placement: ReadonlyMap<VmId, HostId>): Stays => {
  const ofVm = new Map<VmId, Stay[]>()
  const onHost = new Map<HostId, Stay[]>()
  for (const [vm, host] of placement) {
    const stay = { vm, host, arrival: null, departure: null }
    ofVm.set(vm, [stay])
    const there = onHost.get(host)
    if (there === undefined) onHost.set(host, [stay])
    else there.push(stay)
  }
  return {
    of: (vm) => ofVm.get(vm) ?? [],
    on: (host) => onHost.get(host) ?? [],
    overlap: () => true,
    excuseInitial: false,
  }
}
