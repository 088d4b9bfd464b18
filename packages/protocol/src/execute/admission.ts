/** The last checks before a migration begins: the source looks again at its VM, the destination at its promises (S9–S11). */

import { departs, type Migrate, type PlanInForce, ruleBrokenByArrival } from '@drover/placement'
import { type HostId, type Instant, own, type VmId } from '../data/ids.ts'
import { isCurrent, type Lease } from '../data/lease.ts'
import type { Begin } from '../data/message.ts'
import type { VmSnapshot } from '../data/snapshot.ts'
import { fixedCode, type HostState, snapshotVm } from '../snapshot/host.ts'
import { type Promised, refusal } from '../snapshot/ledger.ts'

export interface Refusal {
  readonly code: string
  readonly text: string
}

/** What the source needs to begin, or why it must not. */
export const mayLeave = (
  host: HostState,
  lease: Lease | null,
  message: Begin,
  self: HostId,
  now: Instant,
):
  | { readonly migrate: Migrate; readonly toEpoch: number; readonly vm: VmSnapshot; readonly paused: boolean }
  | Refusal => {
  if (!isCurrent(lease, message.partition, message.epoch))
    return { code: 'lease.stale', text: 'no such lease here' }
  if (lease.assigned === null) return { code: 'plan.unknown', text: 'no plan was assigned here' }
  if (lease.assigned.unsound !== null) return { code: 'plan.unsound', text: lease.assigned.unsound }
  const action = lease.assigned.assign.plan.actions.find((one) => one.id === message.action)
  if (action === undefined) return { code: 'plan.unknown', text: 'no such action in the plan' }
  // The scheduler only moves what is not a member of a vJob; vJobs are not there yet.
  if (action.kind !== 'migrate')
    return { code: 'not_supported', text: `${action.kind} is not carried out by this version` }
  const vm = host.vms.get(action.vm)
  if (action.from !== self || vm === undefined) return { code: 'vm.absent', text: 'the VM is not here' }
  if (vm.incarnation !== lease.incarnations.get(vm.vm))
    return { code: 'vm.restarted', text: 'the VM was started anew' }
  const fixed = fixedCode(host, now, vm)
  if (fixed !== null) return { code: fixed, text: `the VM must stay: ${fixed}` }
  return {
    migrate: action,
    toEpoch: own(lease.assigned.assign.epochs, action.to) ?? 0,
    vm: snapshotVm(host, now, vm),
    paused: !vm.diskLocked,
  }
}

/** Why this host cannot take the VM in, or null. */
export const mayArrive = (
  host: HostState,
  lease: Lease | null,
  promises: readonly Promised[],
  arriving: VmSnapshot,
  named: { readonly partition: Lease['partition']; readonly epoch: number },
  self: HostId,
  inMax: number,
): Refusal | null => {
  if (!isCurrent(lease, named.partition, named.epoch))
    return { code: 'lease.stale', text: 'no such lease here' }
  if (!host.connected) return { code: 'hypervisor.unreachable', text: 'the hypervisor does not answer' }
  if (host.draining) return { code: 'host.draining', text: 'this host is being drained' }
  if (host.vms.has(arriving.vm)) return { code: 'vm.present', text: 'the VM is here already' }
  if (promises.length >= inMax)
    return { code: 'limit.in', text: `${promises.length} migrations come in already` }
  return brokenBy(host, lease, promises, arriving, self) ?? refusal(host, promises, arriving.demand)
}

/** The hard rule of this host that the arrival breaks, or null. */
const brokenBy = (
  host: HostState,
  { assigned }: Lease,
  promises: readonly Promised[],
  arriving: VmSnapshot,
  self: HostId,
): Refusal | null => {
  const here = [...host.vms.values(), ...promises]
  const broken = ruleBrokenByArrival(host.rules, self, here, arriving, inForce(assigned, arriving.vm, self))
  return broken === null ? null : { code: broken.code, text: broken.text }
}

/** The plan, if it has passed the check here and brings that VM. */
const inForce = (assigned: Lease['assigned'], vm: VmId, self: HostId): PlanInForce | null => {
  if (assigned === null || assigned.unsound !== null) return null
  const { problem, plan } = assigned.assign
  const brings = plan.actions.some((action) => action.vm === vm && !departs(action) && action.to === self)
  return brings ? { problem, plan } : null
}
