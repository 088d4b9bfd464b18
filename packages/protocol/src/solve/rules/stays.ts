/**
 * What rule checkers look at: *stays*. A stay is one VM on one host from the start of the action that brings it
 * to the end of the action that takes it away. A placement is the case where nothing moves any more, so one
 * checker serves both a final placement and every reachable state of a plan.
 */
import type { HostId, VmId } from '../../ids.ts'
import type { PlacementProblem } from '../problem.ts'

export interface Stay {
  readonly vm: VmId
  readonly host: HostId
  /** Index of the action that starts it; null: it was there before the plan. */
  readonly arrival: number | null
  /** Index of the action that ends it; null: it lasts to the end of the plan. */
  readonly departure: number | null
}

export interface Stays {
  readonly problem: PlacementProblem
  readonly all: readonly Stay[]
  readonly of: (vm: VmId) => readonly Stay[]
  /** Where the VM runs before anything happens; null when it does not, or not on a known host. */
  readonly homeOf: (vm: VmId) => HostId | null
  readonly on: (host: HostId) => readonly Stay[]
  /** Can some reachable state hold both? */
  readonly overlap: (a: Stay, b: Stay) => boolean
  /** Is action `a` certainly done before action `b` starts? */
  readonly before: (a: number, b: number) => boolean
  /** What was there before the plan is not the plan's doing: stays that all were there are excused. */
  readonly excuseInitial: boolean
}

export interface RuleViolation {
  /** Reason code: `rule.anti_affinity`, `rule.affinity`, `rule.host_group`, `rule.capacity`, `rule.order`. */
  readonly code: string
  readonly vms: readonly VmId[]
  readonly hosts: readonly HostId[]
  readonly text: string
}

/** Who is back where it was is as it was. */
export const excused = (stays: Stays, ...involved: readonly Stay[]): boolean =>
  stays.excuseInitial &&
  involved.every((stay) => stay.arrival === null || stay.host === stays.homeOf(stay.vm))

interface StaysInit {
  readonly problem: PlacementProblem
  readonly all: readonly Stay[]
  readonly before: (a: number, b: number) => boolean
  readonly excuseInitial: boolean
}

export const createStays = ({ problem, all, before, excuseInitial }: StaysInit): Stays => {
  let homes: Map<VmId, HostId | null> | null = null
  const byVm = new Map<VmId, Stay[]>()
  const byHost = new Map<HostId, Stay[]>()
  const note = <K>(map: Map<K, Stay[]>, key: K, stay: Stay): void => {
    const list = map.get(key)
    if (list === undefined) map.set(key, [stay])
    else list.push(stay)
  }
  for (const stay of all) {
    note(byVm, stay.vm, stay)
    note(byHost, stay.host, stay)
  }
  const gone = (a: Stay, b: Stay): boolean =>
    a.departure !== null && b.arrival !== null && a.departure !== b.arrival && before(a.departure, b.arrival)
  return {
    problem,
    all,
    of: (vm) => byVm.get(vm) ?? [],
    homeOf: (vm) => {
      homes ??= new Map(problem.vms.map((one) => [one.id, one.state === 'running' ? one.host : null]))
      return homes.get(vm) ?? null
    },
    on: (host) => byHost.get(host) ?? [],
    overlap: (a, b) => !gone(a, b) && !gone(b, a),
    before,
    excuseInitial,
  }
}

const unknownProblem: PlacementProblem = {
  dimensions: [],
  hosts: [],
  vms: [],
  rules: [],
  bandwidthMiBps: 0,
  migrationsOutMax: 0,
  migrationsInMax: 0,
}

/**
 * The stays of a placement: everything overlaps, nothing is excused. The problem is needed by the rules that
 * look at more than who is where: root, quarantine, resourceCapacity, spread over failure domains.
 */
export const staysOf = (
  placement: ReadonlyMap<VmId, HostId>,
  problem: PlacementProblem = unknownProblem,
): Stays =>
  createStays({
    problem,
    all: [...placement].map(([vm, host]) => ({ vm, host, arrival: null, departure: null })),
    before: () => false,
    excuseInitial: false,
  })
