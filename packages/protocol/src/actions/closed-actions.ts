/**
 * What ended here lately, and how. A peer that missed the news asks again, maybe much later, when the VM has moved on or
 * was paused by its owner: then this memory answers, not what the hypervisor says of the VM's present life.
 */

import type { ActionResult } from '@drover/placement'
import { boundTo } from '../data/bound-to.ts'
import { limits } from '../data/config.ts'
import type { ActionId, HostId, VmId } from '../data/ids.ts'
import type { ClosedAction } from '../data/io.ts'

export interface ClosedActions {
  remember(closed: ClosedAction): void
  resultOf(end: ClosedAction['end'], action: ActionId): ActionResult | null
  /** The other end of that migration; undefined = it is not known here, or a journal of before does not say it. */
  peerOf(end: ClosedAction['end'], action: ActionId): HostId | undefined
  /** The last that is known of this VM is that a migration has taken it away from here. */
  hasLeft(vm: VmId): boolean
  /** Which VMs a sample shows here: those have come back, by whatever way. */
  sampled(isHere: (vm: VmId) => boolean): void
}

export const createClosedActions = (restored: readonly ClosedAction[]): ClosedActions => {
  const ends: Readonly<Record<ClosedAction['end'], Map<ActionId, ClosedAction>>> = {
    departure: new Map(),
    arrival: new Map(),
    lifecycle: new Map(),
  }
  const left = new Set<VmId>()
  const remember = (closed: ClosedAction): void => {
    const { end, action, vm, result } = closed
    const map = ends[end]
    map.delete(action)
    map.set(action, closed)
    boundTo(limits.closedActionsMax, map)
    if (result.kind !== 'done') return
    left.delete(vm)
    if (end === 'departure') left.add(vm)
    boundTo(limits.closedActionsMax, left)
  }
  for (const closed of restored) remember(closed)
  return {
    remember,
    resultOf: (end, action) => ends[end].get(action)?.result ?? null,
    peerOf: (end, action) => ends[end].get(action)?.peer,
    hasLeft: (vm) => left.has(vm),
    sampled(isHere) {
      for (const vm of left) if (isHere(vm)) left.delete(vm)
    },
  }
}
