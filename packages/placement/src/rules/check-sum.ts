/** Rules that cap what hosts carry together: how many VMs, or how much of a dimension. */
import type { HostId, VmId } from '../problem/ids.ts'
import type { RuleViolation, Stay, Stays } from './stay.ts'
import { worstGain } from './worst-load.ts'

/**
 * The worst sum over the hosts that any timing allows: what was there before, plus the largest closure of
 * arrivals and the departures they presuppose.
 */
export const checkSum = (
  what: string,
  stays: Stays,
  hosts: readonly HostId[],
  max: number,
  amountOf: (vm: VmId) => number,
): RuleViolation[] => {
  const inside = [...new Set(hosts)].flatMap((host) => stays.on(host))
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
    .filter((vm) => vm.state === 'running' && vm.host !== null && hosts.includes(vm.host))
    .reduce((sum, vm) => sum + amountOf(vm.id), 0)
  const allowed = stays.excuseInitial ? Math.max(max, before) : max
  if (initial + gain <= allowed) return []
  return [
    {
      code: 'rule.capacity',
      vms: [],
      hosts,
      text: `${what}: ${hosts.join(', ')} can carry ${initial + gain}, allowed are ${max}`,
    },
  ]
}
