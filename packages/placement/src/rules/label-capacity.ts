/** LabelCapacity: at most `max` VMs with the label on one host; on every host, or on each of those listed. */
import type { HostId, VmId } from '../problem/ids.ts'
import { aboveSum, type WorstSum, worstSum } from './check-sum.ts'
import type { Common, Definition } from './definition.ts'
import { some } from './listed.ts'
import type { RuleViolation, Stays } from './stay.ts'

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
    const members = hosts === undefined ? null : new Set(hosts)
    return [...labelledIn(stays, label)].flatMap(([host, there]): readonly RuleViolation[] => {
      if (members?.has(host) === false || there.vms.size <= max) return []
      const has = (vm: VmId) => (stays.labelsOf(vm).includes(label) ? 1 : 0)
      there.sum ??= worstSum(stays, [host], has)
      return aboveSum('labelCapacity', stays, [host], max, there.sum).map((violation) => ({
        ...violation,
        vms: [...there.vms],
      }))
    })
  },
  raised: (rule, by) => ({ ...rule, max: rule.max + by }),
}

/** The VMs with one label that are on one host at any time. */
interface Labelled {
  readonly vms: Set<VmId>
  /** How many at once; null = not asked yet. */
  sum: WorstSum | null
}

const known = new WeakMap<Stays, Map<string, Map<HostId, Labelled>>>()

/** Per host. A thousand rules may be about one label: what all of them ask is found once. */
const labelledIn = (stays: Stays, label: string): ReadonlyMap<HostId, Labelled> => {
  const there = known.get(stays) ?? indexed(stays)
  known.set(stays, there)
  return there.get(label) ?? new Map()
}

const indexed = (stays: Stays): Map<string, Map<HostId, Labelled>> => {
  const byLabel = new Map<string, Map<HostId, Labelled>>()
  for (const { vm, host } of stays.all)
    for (const label of stays.labelsOf(vm)) {
      const byHost = byLabel.get(label) ?? new Map<HostId, Labelled>()
      const there = byHost.get(host) ?? { vms: new Set(), sum: null }
      there.vms.add(vm)
      byLabel.set(label, byHost.set(host, there))
    }
  return byLabel
}
