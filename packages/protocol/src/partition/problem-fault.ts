/**
 * Why this host does not find itself in the problem that a plan was made from (S10). The plan is checked against that problem: it proves
 * nothing if the problem says something else of this host than its snapshot did. Null = it says the same.
 */
import {
  add,
  type Dimension,
  dimensions,
  type Problem,
  type ProblemVm,
  type Resources,
  resources,
  sameLabels,
  subtract,
  sum,
} from '@drover/placement'
import type { HostSnapshot, VmSnapshot } from '../data/snapshot.ts'
import { usableOf } from '../data/usable.ts'

/** `own`: what this host froze for the leader when it gave its lease. */
export const problemFault = (problem: Problem, own: HostSnapshot): string | null => {
  const host = problem.hosts.find(({ id }) => id === own.host)
  if (host === undefined) return 'this host is not in the problem'
  if (own.draining && host.state !== 'draining') return 'this host is being drained, and takes in VMs there'
  if (!own.draining && host.state !== 'online') return `this host is online, and ${host.state} there`
  if (host.cpuBaseline !== own.cpuBaseline) return `this host has another CPU there, ${host.cpuBaseline}`
  const missing = dimensions.find((d) => !problem.dimensions.includes(d))
  if (missing !== undefined) return `there is no ${missing} in the problem`
  const here = problem.vms.filter((vm) => vm.host === own.host && vm.state === 'running')
  const known = new Map(own.vms.map((vm) => [vm.vm, vm]))
  for (const vm of here) {
    const fault = vmFault(problem, vm, known.get(vm.id) ?? null)
    if (fault !== null) return fault
  }
  const listed = new Set(here.map(({ id }) => id))
  const { least, most } = boundsOf(
    own,
    own.vms.filter(({ vm }) => !listed.has(vm)),
  )
  const under = dimensions.find((d) => (host.limit[problem.dimensions.indexOf(d)] ?? 0) < least[d])
  if (under !== undefined)
    return `this host has less ${under} there than the ${least[under]} that its VMs have`
  const over = dimensions.find((d) => (host.limit[problem.dimensions.indexOf(d)] ?? 0) > most[d])
  return over === undefined ? null : `this host has more ${over} there than the ${most[over]} that it has`
}

const vmFault = (problem: Problem, vm: ProblemVm, own: VmSnapshot | null): string | null => {
  if (own === null) return `${vm.id} is here in the problem, and not on this host`
  const amount = (d: Dimension): number => vm.demand[problem.dimensions.indexOf(d)] ?? 0
  const other = dimensions.find((d) => amount(d) !== own.demand[d])
  if (other !== undefined) return `${vm.id} wants ${own.demand[other]} ${other}, and ${amount(other)} there`
  if (vm.memoryMiB !== own.demand.memoryMiB || vm.dirtyMiBps !== own.dirtyMiBps)
    return `${vm.id} has ${own.demand.memoryMiB} MiB and rewrites ${own.dirtyMiBps} MiB/s, and not so there`
  if (!sameLabels(vm, own)) return `${vm.id} has other labels there`
  if (vm.movable && own.fixed !== null) return `${vm.id} must stay (${own.fixed}), and may leave there`
  return null
}

/**
 * The most that its limit can be, and the least. `apart`: its VMs that the leader left out, since they run elsewhere, too: what they
 * want is promised away. Above what is usable it counts for what it has. It has excess there only where it is overloaded.
 */
const boundsOf = (
  own: HostSnapshot,
  apart: readonly VmSnapshot[],
): { readonly least: Resources; readonly most: Resources } => {
  const away = sum(apart.map(({ demand }) => demand))
  const [usable, demand] = [usableOf(own), subtract(sum(own.vms.map((vm) => vm.demand)), away)]
  const promised = add(own.promisedIn, away)
  const overloaded = (d: Dimension) => own.overloaded && demand[d] > usable[d]
  return {
    least: subtract(
      resources((d) => (overloaded(d) ? 0 : demand[d])),
      promised,
    ),
    most: subtract(
      resources((d) => Math.max(usable[d], demand[d])),
      promised,
    ),
  }
}
