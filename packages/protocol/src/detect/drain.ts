/** Which VMs of this host leave when it is drained, and which are in the way: one answer for the operator and for the need. */

import type { Instant } from '../data/ids.ts'
import type { DrainBlocker, DrainOutlook } from '../data/io.ts'
import type { VmSnapshot } from '../data/snapshot.ts'
import { type HostState, vmsByName } from '../snapshot/host.ts'
import { whyStays } from '../snapshot/may-move.ts'

/** As `DrainOutlook`, with all that is known of the VMs that leave. */
interface Drain extends DrainOutlook {
  readonly leaving: readonly VmSnapshot[]
}

export const drainOf = (host: HostState, now: Instant): Drain => {
  const leaving: VmSnapshot[] = []
  const blockers: DrainBlocker[] = []
  for (const vm of vmsByName(host, now)) {
    const code = whyStays(vm, { need: 'drain', overloaded: false, draining: host.draining })
    if (code === null) leaving.push(vm)
    else blockers.push({ vm: vm.vm, name: vm.name, code })
  }
  return { leaving, blockers }
}
