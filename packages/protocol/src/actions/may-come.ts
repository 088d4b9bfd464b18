/**
 * May a VM come to this host, whether it is moved here, started or brought back from storage? One rule for all: the door is
 * open, no hard rule of this host breaks (S11), and there is room beside what is used and promised (S9).
 */
import {
  departs,
  type Labelled,
  type PlanInForce,
  type Resources,
  ruleBrokenByArrival,
} from '@drover/placement'
import type { HostId, VmId } from '../data/ids.ts'
import type { Lease } from '../data/lease.ts'
import type { HostState } from '../snapshot/host.ts'
import { type Expected, refusal } from '../snapshot/ledger.ts'
import type { Refusal } from './refusal.ts'

export interface Coming extends Labelled {
  readonly vm: VmId
  readonly demand: Resources
}

/** Why this host takes in no such VM now, whatever it wants; or null. */
export const doorClosed = (host: HostState, promises: readonly Expected[], vm: VmId): Refusal | null => {
  if (!host.connected) return { code: 'hypervisor.unreachable', text: 'the hypervisor does not answer' }
  if (host.draining) return { code: 'host.draining', text: 'this host is being drained' }
  if (host.vms.has(vm)) return { code: 'vm.present', text: 'the VM is here already' }
  if (promises.some((one) => one.vm === vm))
    return { code: 'vm.job_active', text: 'the VM is promised to come already' }
  return null
}

/** The hard rule that it breaks, or what it lacks room of; or null. */
export const noPlaceFor = (
  host: HostState,
  { assigned }: Lease,
  promises: readonly Expected[],
  coming: Coming,
  self: HostId,
): Refusal | null => {
  const here = [...host.vms.values(), ...promises]
  const broken = ruleBrokenByArrival(host.rules, self, here, coming, inForce(assigned, coming.vm, self))
  if (broken !== null) return { code: broken.code, text: broken.text }
  return refusal(host, promises, coming.demand)
}

/** The plan, if it has passed the check here and brings that VM. */
const inForce = (assigned: Lease['assigned'], vm: VmId, self: HostId): PlanInForce | null => {
  if (assigned === null || assigned.unsound !== null) return null
  const { problem, plan } = assigned.assign
  const brings = plan.actions.some((action) => action.vm === vm && !departs(action) && action.to === self)
  return brings ? { problem, plan } : null
}
