/** Freezes the host for a leader: the snapshot that a grant carries. */

import { assert, dimensions, type Resources } from '@drover/placement'
import { limits } from '../data/config.ts'
import { byText, type HostId, type Instant } from '../data/ids.ts'
import type { HostSnapshot } from '../data/snapshot.ts'
import { type HostState, snapshotVm } from './host.ts'

/** Null while the host is not described or never sampled: it cannot promise what it does not know. */
export const takeSnapshot = (
  host: HostState,
  self: HostId,
  now: Instant,
  promised: Resources,
  state: Pick<HostSnapshot, 'overloaded' | 'foresees'>,
): HostSnapshot | null => {
  const { description, sampledAt } = host
  if (description === null || sampledAt === null || host.vms.size > limits.snapshotVmsMax) return null
  const vms = [...host.vms.values()].sort((a, b) => byText(a.vm, b.vm)).map((vm) => snapshotVm(host, now, vm))
  assert(sampledAt <= now, () => `the sample of ${sampledAt} is not from after ${now}`)
  assert(
    dimensions.every((d) => promised[d] >= 0),
    'what is promised is not less than nothing',
  )
  for (const [i, vm] of vms.entries())
    assert(
      i === 0 || vms[i - 1]!.vm < vm.vm,
      () => `${vm.vm} stands once in a snapshot, and after ${vms[i - 1]!.vm}`,
    )
  return {
    host: self,
    name: description.name,
    capacity: description.capacity,
    reserve: description.reserve,
    vms,
    promisedIn: promised,
    draining: host.draining,
    ...state,
    cpuBaseline: description.cpuBaseline,
    failureDomain: description.failureDomain,
    rules: host.rules,
    sampleAgeMs: now - sampledAt,
  }
}
