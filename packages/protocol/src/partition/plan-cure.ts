/**
 * Does a plan cure anything (S10)? A member moves no VM for nothing: an overloaded host of the problem has to be less so, a host that
 * is drained emptier, or a rule mended. What the problem says of this host was compared with what it is (`problem-fault.ts`); what
 * it says of others each of them compares.
 */
import { type Plan, type Problem, ruleMended } from '@drover/placement'
import type { HostId, VmId } from '../data/ids.ts'
import type { Reason } from '../data/need.ts'
import type { HostSnapshot } from '../data/snapshot.ts'
import { endsOf } from './plan-fault.ts'

export interface Asked {
  readonly leader: HostId
  readonly reason: Reason
}

/** Why this host takes no part in a plan that passes the check; null = it cures something. */
export const cureFault = (
  problem: Problem,
  plan: Plan,
  { leader, reason }: Asked,
  own: HostSnapshot,
): string | null => {
  const ends = endsOf(problem, plan)
  if (lessExcess(problem, ends) || emptied(problem, ends) || mends(problem, ends, leader, own)) return null
  const foreign = problem.vms.find(({ id, host }) => ends.has(id) && host !== leader)
  // What a host foresees for itself no other host knows: it may move VMs of its own, and no others.
  if (early.has(reason) && ends.size > 0) {
    if (foreign === undefined) return null
    return `it cures nothing that is there now, and moves ${foreign.id}, which is not on ${leader}`
  }
  return ends.size === 0 ? 'it moves nothing' : `it cures nothing on ${leader} or another host`
}

/** With these, leaders may act on what they foresee. */
const early: ReadonlySet<Reason> = new Set(['forecast.cpu', 'overload.cpu', 'overload.mem'])

type Ends = ReadonlyMap<VmId, HostId | null>

/** On some host, in some dimension. That none has more than it may have was checked. */
const lessExcess = ({ dimensions, hosts, vms }: Problem, ends: Ends): boolean =>
  dimensions.some((_, d) => {
    const [before, after] = [new Map<HostId, number>(), new Map<HostId, number>()]
    const count = (load: Map<HostId, number>, host: HostId | null, amount: number): void => {
      if (host !== null) load.set(host, (load.get(host) ?? 0) + amount)
    }
    for (const { id, state, host, demand } of vms) {
      const start = state === 'running' ? host : null
      count(before, start, demand[d] ?? 0)
      count(after, ends.has(id) ? (ends.get(id) ?? null) : start, demand[d] ?? 0)
    }
    return hosts.some(({ id, limit }) => {
      const most = Math.max(after.get(id) ?? 0, limit[d] ?? 0)
      return (before.get(id) ?? 0) > most
    })
  })

const emptied = ({ hosts, vms }: Problem, ends: Ends): boolean => {
  const draining = new Set(hosts.flatMap(({ id, state }) => (state === 'draining' ? [id] : [])))
  return vms.some(
    ({ id, state, host }) => state === 'running' && host !== null && draining.has(host) && ends.has(id),
  )
}

/** Rules that this host does not know say nothing of its VMs: they may be invented. The leader itself knows its own orders. */
const mends = (problem: Problem, ends: Ends, leader: HostId, own: HostSnapshot): boolean => {
  if (leader === own.host) return ruleMended(problem.rules, problem, ends) !== null
  if (ruleMended(own.rules, problem, ends) !== null) return true
  const vms = problem.vms.filter(({ host }) => host !== own.host)
  return ruleMended(problem.rules, { ...problem, vms }, ends) !== null
}
