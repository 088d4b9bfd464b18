/** The stays of a placement, or of a plan: what rule checkers look at, made ready for their questions. */

import type { HostId, VmId } from '../problem/ids.ts'
import { type Labelled, labelsOf } from '../problem/labels.ts'
import { amountsInEffect } from './amounts-in-effect.ts'
import type { PlacementProblem } from './placement-problem.ts'
import type { Stay, Stays } from './stay.ts'

export interface StaysInit {
  readonly problem: PlacementProblem
  readonly all: readonly Stay[]
  readonly before: (a: number, b: number) => boolean
  readonly excuseInitial: boolean
  readonly firstOnly?: boolean
  /** Of the VMs; without it those of the problem. */
  readonly labelled?: Iterable<Labelled & { readonly vm: VmId }>
}

export const createStays = ({
  problem,
  all,
  before,
  excuseInitial,
  firstOnly = false,
  labelled,
}: StaysInit): Stays => {
  let homes: Map<VmId, HostId | null> | null = null
  let demands: ReadonlyMap<VmId, (dimension: string) => number> | null = null
  let labels: ReadonlyMap<VmId, readonly string[]> | null = null
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
    demandOf: (vm, dimension) => {
      demands ??= demandsOf(problem)
      return demands.get(vm)?.(dimension) ?? 0
    },
    labelsOf: (vm) => {
      labels ??= labelsByVm(labelled ?? problem.vms.map((one) => ({ vm: one.id, ...labelsOf(one) })))
      return labels.get(vm) ?? noLabels
    },
    overlap: (a, b) => !gone(a, b) && !gone(b, a),
    before,
    excuseInitial,
    firstOnly,
  }
}

const demandsOf = (problem: PlacementProblem): ReadonlyMap<VmId, (dimension: string) => number> => {
  const { demand } = amountsInEffect(problem)
  return new Map(
    problem.vms.map((vm) => [vm.id, (dimension) => demand(vm, problem.dimensions.indexOf(dimension))]),
  )
}

const noLabels: readonly string[] = []

const labelsByVm = (
  vms: Iterable<Labelled & { readonly vm: VmId }>,
): ReadonlyMap<VmId, readonly string[]> => {
  const found = new Map<VmId, readonly string[]>()
  for (const { vm, labels } of vms) if (labels !== undefined) found.set(vm, labels)
  return found
}

/** Where nothing is known but the VMs' places. */
export const unknownProblem: PlacementProblem = {
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
 * look at more than the VMs' places: root, quarantine, resourceCapacity, spread over failure domains.
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

/** The VMs on one host, with nothing else known: as staysOf. */
export const staysOn = (host: HostId, vms: readonly (Labelled & { readonly vm: VmId })[]): Stays =>
  createStays({
    problem: unknownProblem,
    all: vms.map(({ vm }) => ({ vm, host, arrival: null, departure: null })),
    before: () => false,
    excuseInitial: false,
    labelled: vms,
  })
