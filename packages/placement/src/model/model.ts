/**
 * A problem in the solver's form: hosts and VMs as indexes (sorted by id, so that the order of the input does
 * not matter), amounts in typed arrays, hard single-VM rules folded into shared domains, the others as constraints.
 */

import { migrationMs } from '../forecast/migration-time.ts'
import { byText, type HostId } from '../problem/ids.ts'
import type { ProblemHost, ProblemVm } from '../problem/situation.ts'
import type { PlacementProblem } from '../rules/placement-problem.ts'
import { demandsInEffect, limitsInEffect } from './amounts.ts'
import { compileRules, type Restriction } from './compile-rules.ts'
import type { CompiledConstraint } from './constraints/compiled-constraint.ts'

export interface Model {
  readonly problem: PlacementProblem
  readonly hosts: readonly ProblemHost[]
  readonly vms: readonly ProblemVm[]
  readonly hostCount: number
  readonly vmCount: number
  readonly dims: number
  /** [host × dims] */
  readonly limit: Float64Array
  /** What each VM consumes at the end: 0 unless active. [vm × dims] */
  readonly demand: Float64Array
  /** What each VM consumes whenever it runs. [vm × dims] */
  readonly wants: Float64Array
  /** Host index now, or −1: not on any host of the problem. */
  readonly home: Int32Array
  /** 1 = consumes at the end (wanted running), so it needs a host. */
  readonly active: Uint8Array
  /** 1 = stays where it is. */
  readonly fixed: Uint8Array
  /** Estimated ms of bringing it to another host than its home, and more when moves count first (`weights`). */
  readonly moveMs: Float64Array
  readonly weights: Weights
  /** Per VM: 1 for each host that may receive it or, if already there, keep it. Shared among equal VMs. */
  readonly domain: readonly Uint8Array[]
  readonly constraints: readonly CompiledConstraint[]
  readonly constraintsOn: readonly (readonly CompiledConstraint[])[]
  /** Load now, counting running VMs that stay active. [host × dims] */
  readonly load: Float64Array
  /** 1 = active but not running yet: to be started or resumed, wherever it goes. */
  readonly starts: Uint8Array
  /** 1 = a host that is being drained. */
  readonly draining: Uint8Array
}

/** `time`: the estimated ms of all migrations. `moves`: their number first, then the time. */
export type Objective = 'time' | 'moves'

/**
 * How moves and their time are weighed as one integer. `unit`: what one move weighs when moves count first, more
 * than all migrations together last; without that objective more than any sum. `grainMs`: the time is counted in
 * these, so that the sum of everything stays exact even where memory is given in bytes; 1 nearly always.
 */
interface Weights {
  readonly unit: number
  readonly grainMs: number
}

const exactMax = 2 ** 53
const unitUsual = 2 ** 32

const weigh = (totalMs: number, vmCount: number, objective: Objective): Weights => {
  if (objective === 'time') return { unit: exactMax, grainMs: 1 }
  let unit = unitUsual
  while (unit <= totalMs && 2 * unit * (vmCount + 1) <= exactMax) unit *= 2
  let grainMs = 1
  while (totalMs / grainMs + vmCount >= unit) grainMs *= 2
  return { unit, grainMs }
}

const noConstraints: readonly CompiledConstraint[] = []

/** The input's order if it is sorted already, as large inputs usually are. */
const sorted = <T extends { readonly id: string }>(all: readonly T[]): readonly T[] => {
  for (let i = 1; i < all.length; i++)
    if (all[i - 1]!.id > all[i]!.id) return [...all].sort((a, b) => byText(a.id, b.id))
  return all
}

/** `forPlan`: rules also concern the VMs that run now and not in the end, as a plan must see them. */
export const compile = (problem: PlacementProblem, objective: Objective = 'time', forPlan = false): Model => {
  const hosts = sorted(problem.hosts)
  const vms = sorted(problem.vms)
  const hostIndex = new Map<HostId, number>(hosts.map((host, i) => [host.id, i]))
  const vmCount = vms.length
  const wants = demandsInEffect(problem, vms)
  const compiled = compileVms(problem, hosts, vms, hostIndex, wants)
  const { home, active, fixed, starts, demand, moveMs, load } = compiled
  const weights = weigh(
    moveMs.reduce((sum, ms) => sum + ms, 0),
    vmCount,
    objective,
  )
  if (objective === 'moves')
    moveMs.forEach((ms, v) => {
      if (ms > 0) moveMs[v] = weights.unit + Math.ceil(ms / weights.grainMs)
    })

  const departs = (v: number): boolean =>
    active[v] === 0 && home[v]! >= 0 && vms[v]!.state === 'running' && hosts[home[v]!]!.state !== 'offline'
  const { constraints, restrictions, rooted } = compileRules({
    problem,
    hosts,
    hostIndex,
    vmIndex: new Map(vms.map((vm, i) => [vm.id, i])),
    vms,
    vmCount,
    home,
    concerned: forPlan ? active.map((yes, v) => (yes === 1 || departs(v) ? 1 : 0)) : active,
    forPlan,
    departs,
    starts,
    demand,
    own: Int32Array.from(hosts, (_, h) => h),
    eachHost: hosts.map((host) => [host.id]),
    groups: new Map(),
  })
  for (const v of rooted) if (home[v]! >= 0) fixed[v] = 1

  return {
    problem,
    hosts,
    vms,
    hostCount: hosts.length,
    vmCount,
    dims: problem.dimensions.length,
    limit: limitsInEffect(problem, hosts),
    demand,
    wants,
    home,
    active,
    fixed,
    moveMs,
    weights,
    domain: domainsOf(hosts, vms, home, fixed, restrictions),
    constraints,
    constraintsOn: constraintsPerVm(vmCount, constraints),
    load,
    starts,
    draining: Uint8Array.from(hosts, (host) => (host.state === 'draining' ? 1 : 0)),
  }
}

/** What follows from each VM by itself, before any rule is asked. */
const compileVms = (
  problem: PlacementProblem,
  hosts: readonly ProblemHost[],
  vms: readonly ProblemVm[],
  hostIndex: ReadonlyMap<HostId, number>,
  wants: Float64Array,
): Pick<Model, 'home' | 'active' | 'fixed' | 'starts' | 'demand' | 'moveMs' | 'load'> => {
  const dims = problem.dimensions.length
  const home = new Int32Array(vms.length).fill(-1)
  const active = new Uint8Array(vms.length)
  const fixed = new Uint8Array(vms.length)
  const starts = new Uint8Array(vms.length)
  const demand = new Float64Array(vms.length * dims)
  const moveMs = new Float64Array(vms.length)
  const load = new Float64Array(hosts.length * dims)
  vms.forEach((vm, v) => {
    const h = vm.host === null ? -1 : (hostIndex.get(vm.host) ?? -1)
    const runs = vm.state === 'running'
    // A VM on a host that is off or not in the problem cannot be acted upon: it is left out.
    const reachable = vm.host === null || (h >= 0 && hosts[h]!.state !== 'offline')
    home[v] = h
    active[v] = vm.wanted === 'running' && reachable ? 1 : 0
    starts[v] = active[v] === 1 && !runs ? 1 : 0
    // What is not running yet can always be left so.
    fixed[v] = h >= 0 && !vm.movable && runs ? 1 : 0
    if (h >= 0) moveMs[v] = migrationMs(vm.memoryMiB, runs ? vm.dirtyMiBps : 0, problem.bandwidthMiBps)
    if (active[v] === 0) return
    for (let d = 0; d < dims; d++) {
      const amount = wants[v * dims + d]!
      demand[v * dims + d] = amount
      if (h >= 0 && starts[v] === 0) load[h * dims + d]! += amount
    }
  })
  return { home, active, fixed, starts, demand, moveMs, load }
}

const constraintsPerVm = (
  vmCount: number,
  constraints: readonly CompiledConstraint[],
): readonly (readonly CompiledConstraint[])[] => {
  const constraintsOn: CompiledConstraint[][] = new Array(vmCount)
  for (const constraint of constraints)
    for (const v of constraint.scope) {
      const list = constraintsOn[v]
      if (list === undefined) constraintsOn[v] = [constraint]
      else list.push(constraint)
    }
  return Array.from({ length: vmCount }, (_, v) => constraintsOn[v] ?? noConstraints)
}

/** Domains are shared: thousands of VMs have but a few different ones. */
const domainsOf = (
  hosts: readonly ProblemHost[],
  vms: readonly ProblemVm[],
  home: Int32Array,
  fixed: Uint8Array,
  restrictions: ReadonlyMap<number, readonly Restriction[]>,
): readonly Uint8Array[] => {
  const shared = new Map<string, Uint8Array>()
  return vms.map((vm, v) => {
    const baseline = home[v]! < 0 ? null : hosts[home[v]!]!.cpuBaseline
    const list = restrictions.get(v) ?? []
    // An immovable VM may stay even on a draining host: it is a blocker to report, not a contradiction.
    const pinned = fixed[v] === 1 && !vm.movable ? home[v]! : -1
    const only = fixed[v] === 0 && vm.host !== null && !vm.movable ? home[v]! : -1
    const key = `${baseline ?? ''}|${list.map((one) => one.key).join(',')}|${pinned}|${only}`
    const known = shared.get(key)
    if (known !== undefined) return known
    const bitmap = new Uint8Array(hosts.length)
    hosts.forEach((host, h) => {
      const compatible = baseline === null || host.cpuBaseline === null || host.cpuBaseline === baseline
      const open = host.state === 'online' || (h === pinned && host.state === 'draining')
      bitmap[h] =
        open && compatible && list.every((one) => one.allowed[h] === 1) && (only < 0 || h === only) ? 1 : 0
    })
    shared.set(key, bitmap)
    return bitmap
  })
}
