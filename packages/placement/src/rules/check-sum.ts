/** Rules that cap what hosts carry together: how many VMs, or how much of a dimension. */
import type { HostId, VmId } from '../problem/ids.ts'
import type { RuleViolation, Stay, Stays } from './stay.ts'
import { worstGain } from './worst-load.ts'

export const checkSum = (
  what: string,
  stays: Stays,
  hosts: readonly HostId[],
  max: number,
  amountOf: (vm: VmId) => number,
): RuleViolation[] => aboveSum(what, stays, hosts, max, worstSum(stays, hosts, amountOf))

export interface WorstSum {
  readonly most: number
  /** What the hosts carried together before the plan. */
  readonly before: number
}

/**
 * The worst sum over the hosts that any timing allows: what was there before, plus the largest closure of
 * arrivals and the departures they presuppose.
 */
export const worstSum = (
  stays: Stays,
  hosts: readonly HostId[],
  amountOf: (vm: VmId) => number,
): WorstSum => {
  const there = new Set(hosts)
  const inside = [...there].flatMap((host) => stays.on(host)).filter(({ vm }) => amountOf(vm) > 0)
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
    .filter((vm) => vm.state === 'running' && vm.host !== null && there.has(vm.host))
    .reduce((sum, vm) => sum + amountOf(vm.id), 0)
  return { most: initial + gain, before }
}

export const aboveSum = (
  what: string,
  { excuseInitial }: Stays,
  hosts: readonly HostId[],
  max: number,
  { most, before }: WorstSum,
): RuleViolation[] => {
  if (most <= (excuseInitial ? Math.max(max, before) : max)) return []
  return [
    {
      code: 'rule.capacity',
      vms: [],
      hosts,
      text: `${what}: ${hosts.join(', ')} can carry ${most}, allowed are ${max}`,
    },
  ]
}
