/** Spread (anti-affinity): no two of the VMs on one host. Independent checker; the solver has its own part. */
import type { VmId } from '../../ids.ts'
import type { Spread } from './rule.ts'
import { excused, type RuleViolation, type Stay, type Stays } from './stays.ts'

export const checkSpread = (rule: Spread, stays: Stays): RuleViolation[] => {
  const violations: RuleViolation[] = []
  const byHost = new Map<string, Stay[]>()
  for (const vm of new Set<VmId>(rule.vms)) {
    for (const stay of stays.of(vm)) {
      const others = byHost.get(stay.host) ?? []
      for (const other of others) {
        if (other.vm === stay.vm || excused(stays, stay, other) || !stays.overlap(stay, other)) continue
        violations.push({
          code: 'rule.anti_affinity',
          vms: [other.vm, stay.vm],
          hosts: [stay.host],
          text: `spread: ${other.vm} and ${stay.vm} can be on ${stay.host} together`,
        })
      }
      others.push(stay)
      byHost.set(stay.host, others)
    }
  }
  return violations
}
