/** Seq: what happens to a VM is done before anything happens to the next. Concerns the plan only. */
import type { VmId } from '../problem/ids.ts'
import type { Common, Definition } from './definition.ts'
import { some } from './listed.ts'
import type { RuleViolation } from './stay.ts'

export interface Seq extends Common {
  readonly kind: 'seq'
  readonly vms: readonly VmId[]
}

export const seq: Definition<Seq> = {
  kind: 'seq',
  meaning: 'what happens to a VM is done before anything happens to the next',
  fields: { vms: 'vms' },
  vmsMin: 2,
  code: 'rule.order',
  content: ({ vms }) => some(vms),
  constraint: ({ vms }) => ({ is: 'ordered', vms }),
  check: ({ vms }, stays) => {
    const actionsOf = (vm: VmId): readonly number[] =>
      [...new Set(stays.of(vm).flatMap(({ arrival, departure }) => [arrival, departure]))].filter(
        (action) => action !== null,
      )
    const violations: RuleViolation[] = []
    vms.forEach((later, i) => {
      for (const earlier of vms.slice(0, i)) {
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
  },
}
