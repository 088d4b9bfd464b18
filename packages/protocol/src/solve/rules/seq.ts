/** Seq: what happens to a VM is done before anything happens to the next. Independent checker. */
import type { VmId } from '../../ids.ts'
import type { Seq } from './rule.ts'
import type { RuleViolation, Stays } from './stays.ts'

export const checkSeq = (rule: Seq, stays: Stays): RuleViolation[] => {
  const actionsOf = (vm: VmId): readonly number[] => [
    ...new Set(stays.of(vm).flatMap((stay) => [stay.arrival, stay.departure].filter((one) => one !== null))),
  ]
  const violations: RuleViolation[] = []
  rule.vms.forEach((later, i) => {
    for (const earlier of rule.vms.slice(0, i)) {
      const ordered = actionsOf(earlier).every((a) => actionsOf(later).every((b) => stays.before(a, b)))
      if (!ordered)
        violations.push({
          code: 'rule.order',
          vms: [earlier, later],
          hosts: [],
          text: `seq: ${later} need not wait for ${earlier}`,
        })
    }
  })
  return violations
}
