/** Caps over a set of hosts: resourceCapacity, runningCapacity, maxOnline. Independent checkers. */
import type { VmId } from '../../ids.ts'
import type { MaxOnline, ResourceCapacity, RunningCapacity } from './rule.ts'
import type { RuleViolation, Stay, Stays } from './stays.ts'
import { worstGain } from './worst-load.ts'

/**
 * The worst sum over the hosts that any timing allows: what was there before, plus the largest closure of
 * arrivals and the departures they presuppose.
 */
const checkSum = (
  what: string,
  rule: { readonly hosts: ResourceCapacity['hosts']; readonly amount: number },
  stays: Stays,
  amountOf: (vm: VmId) => number,
): RuleViolation[] => {
  const inside = [...new Set(rule.hosts)].flatMap((host) => stays.on(host))
  const departures = inside.filter((stay) => stay.departure !== null)
  const arrivals = inside.filter((stay) => stay.arrival !== null)
  const total = (list: readonly Stay[]) => list.reduce((sum, stay) => sum + amountOf(stay.vm), 0)
  const initial = total(inside.filter((stay) => stay.arrival === null))
  const gain = worstGain(
    arrivals.map((arrival) => ({
      amount: amountOf(arrival.vm),
      needs: departures.flatMap((stay, k) => (stays.before(stay.departure!, arrival.arrival!) ? [k] : [])),
    })),
    departures.map((stay) => amountOf(stay.vm)),
  )
  const before = stays.problem.vms
    .filter((vm) => vm.state === 'running' && vm.host !== null && rule.hosts.includes(vm.host))
    .reduce((sum, vm) => sum + amountOf(vm.id), 0)
  const allowed = stays.excuseInitial ? Math.max(rule.amount, before) : rule.amount
  if (initial + gain <= allowed) return []
  return [
    {
      code: 'rule.capacity',
      vms: [],
      hosts: rule.hosts,
      text: `${what}: ${rule.hosts.join(', ')} can carry ${initial + gain}, allowed are ${rule.amount}`,
    },
  ]
}

export const checkResourceCapacity = (rule: ResourceCapacity, stays: Stays): RuleViolation[] => {
  const d = stays.problem.dimensions.indexOf(rule.dimension)
  const demand = new Map(stays.problem.vms.map((vm) => [vm.id, vm.demand[d] ?? 0]))
  for (const other of stays.problem.rules)
    if (other.kind === 'preserve' && other.dimension === rule.dimension)
      for (const vm of other.vms) demand.set(vm, Math.max(other.amount, demand.get(vm) ?? 0))
  return checkSum('resourceCapacity', rule, stays, (vm) => demand.get(vm) ?? 0)
}

export const checkRunningCapacity = (rule: RunningCapacity, stays: Stays): RuleViolation[] =>
  checkSum('runningCapacity', rule, stays, () => 1)

/** Counts every host that ever carries a VM: cautious where the rule is asked to be continuous. */
export const checkMaxOnline = (rule: MaxOnline, stays: Stays): RuleViolation[] => {
  const used = [...new Set(rule.hosts)].filter((host) => stays.on(host).length > 0)
  const running = new Set(stays.problem.vms.filter((vm) => vm.state === 'running').map((vm) => vm.host))
  const before = [...new Set(rule.hosts)].filter((host) => running.has(host)).length
  const allowed = stays.excuseInitial ? Math.max(rule.amount, before) : rule.amount
  if (used.length <= allowed) return []
  return [
    {
      code: 'rule.capacity',
      vms: [],
      hosts: used,
      text: `maxOnline: ${used.length} of the hosts carry VMs, allowed are ${rule.amount}`,
    },
  ]
}
