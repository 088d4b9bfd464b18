/** Does a rule hold on a host as it is? The observer's own reading, of where VMs truly run. */
import type { HostId, Rule, VmId } from '@drover/protocol'
import type { World } from '../hypervisor/world.ts'

/** The words in its metadata. */
export const labelsIn =
  (world: World) =>
  (vm: VmId): readonly string[] =>
    (world.inside.state.vms.get(vm)?.spec.settings['labels'] ?? '').split(/[\s,]+/)

export const holds = (
  rule: Rule,
  host: HostId,
  here: readonly VmId[],
  labelsOf: (vm: VmId) => readonly string[],
): boolean => {
  switch (rule.kind) {
    case 'spread':
      return here.filter((vm) => rule.vms.includes(vm)).length <= 1
    case 'ban':
      return !rule.hosts.includes(host) || !here.some((vm) => rule.vms.includes(vm))
    case 'fence':
      return rule.hosts.includes(host) || !here.some((vm) => rule.vms.includes(vm))
    case 'labelCapacity':
      return (
        rule.hosts?.includes(host) === false ||
        here.filter((vm) => labelsOf(vm).includes(rule.label)).length <= rule.max
      )
    default:
      return rule satisfies never
  }
}
