/** LabelCapacity: at most `max` VMs with the label on one host; on every host, or on each of those listed. */
import type { HostId, VmId } from '../problem/ids.ts'
import { checkSum } from './check-sum.ts'
import type { Common, Definition } from './definition.ts'
import { some } from './listed.ts'
import type { RuleViolation } from './stay.ts'

export interface LabelCapacity extends Common {
  readonly kind: 'labelCapacity'
  readonly label: string
  readonly hosts?: readonly HostId[]
  readonly max: number
}

export const labelCapacity: Definition<LabelCapacity> = {
  kind: 'labelCapacity',
  meaning: 'at most `max` VMs with the label on one host',
  fields: { label: 'label', hosts: 'hosts?', max: 'amount' },
  code: 'rule.capacity',
  content: ({ label, hosts, max }) =>
    `${max} × ${label} a host${hosts === undefined ? '' : `; ${some(hosts)}`}`,
  constraint: ({ label, hosts, max }) => ({ is: 'cardinality', label, hosts: hosts ?? 'all', max }),
  check: ({ label, hosts, max }, stays) => {
    const has = (vm: VmId) => stays.labelsOf(vm).includes(label)
    const members = hosts === undefined ? null : new Set(hosts)
    const byHost = new Map<HostId, Set<VmId>>()
    for (const { vm, host } of stays.all)
      if (members?.has(host) !== false && has(vm)) byHost.set(host, (byHost.get(host) ?? new Set()).add(vm))
    return [...byHost].flatMap(([host, vms]): readonly RuleViolation[] =>
      vms.size <= max
        ? []
        : checkSum('labelCapacity', stays, [host], max, (vm) => (has(vm) ? 1 : 0)).map((violation) => ({
            ...violation,
            vms: [...vms],
          })),
    )
  },
  raised: (rule, by) => ({ ...rule, max: rule.max + by }),
}
