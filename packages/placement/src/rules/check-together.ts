/** Rules that keep VMs together: gather (one host), among and splitAmong (one group of hosts). */
import type { HostId, VmId } from '../problem/ids.ts'
import { excused, type RuleViolation, type Stay, type Stays } from './stay.ts'

/**
 * Stays of the VMs that overlap must be in the same group; a host in no group is a violation by itself. Except while a
 * plan repairs a rule that was violated before: VMs cannot all cross at the same instant.
 */
export const checkTogether = (
  what: string,
  stays: Stays,
  vms: readonly VmId[],
  groupOf: (host: HostId) => string | null,
): RuleViolation[] => {
  const violations: RuleViolation[] = []
  const seen: Stay[] = []
  const members = new Set(vms)
  if (stays.excuseInitial && brokenBefore(stays, members, groupOf))
    return checkMending(what, stays, members, groupOf)
  for (const vm of members)
    for (const stay of stays.of(vm)) {
      const group = groupOf(stay.host)
      if (group === null) {
        if (!excused(stays, stay))
          violations.push({
            code: 'rule.host_group',
            vms: [vm],
            hosts: [stay.host],
            text: `${what}: ${vm} may not be on ${stay.host}`,
          })
        continue
      }
      for (const other of seen) {
        if (groupOf(other.host) === group || other.vm === vm) continue
        if (excused(stays, stay, other) || !stays.overlap(stay, other)) continue
        violations.push({
          code: 'rule.affinity',
          vms: [other.vm, vm],
          hosts: [other.host, stay.host],
          text: `${what}: ${other.vm} can be on ${other.host} while ${vm} is on ${stay.host}`,
        })
      }
      seen.push(stay)
    }
  return violations
}

/** Were the VMs in several groups, or in none, before the plan? */
const brokenBefore = (
  stays: Stays,
  vms: ReadonlySet<VmId>,
  groupOf: (host: HostId) => string | null,
): boolean => {
  const before = new Set<string | null>()
  for (const vm of vms)
    for (const stay of stays.of(vm)) if (stay.arrival === null) before.add(groupOf(stay.host))
  return before.size > 1 || before.has(null)
}

/**
 * Nothing gets worse: a VM moves within its group, or to the one group that all go to, and does not leave that
 * again.
 */
const checkMending = (
  what: string,
  stays: Stays,
  vms: ReadonlySet<VmId>,
  groupOf: (host: HostId) => string | null,
): RuleViolation[] => {
  const violations: RuleViolation[] = []
  let goal: string | null = null
  for (const vm of vms) {
    let here: string | null = null
    for (const stay of stays.of(vm)) {
      const group = groupOf(stay.host)
      const crosses = stay.arrival !== null && group !== here
      if (crosses) goal ??= group
      if (crosses && (group === null || group !== goal))
        violations.push({
          code: 'rule.host_group',
          vms: [vm],
          hosts: [stay.host],
          text: `${what}: ${vm} may not pass through ${stay.host}`,
        })
      here = group
    }
  }
  return violations
}

const known = new WeakMap<readonly (readonly HostId[])[], (host: HostId) => string | null>()

/** The index of the first group with the host. Thousands of rules may share one list of groups. */
export const groupIn = (groups: readonly (readonly HostId[])[]): ((host: HostId) => string | null) => {
  const there = known.get(groups)
  if (there !== undefined) return there
  const index = new Map<HostId, string>()
  groups.forEach((group, i) => {
    for (const host of group) if (!index.has(host)) index.set(host, String(i))
  })
  const made = (host: HostId) => index.get(host) ?? null
  known.set(groups, made)
  return made
}
