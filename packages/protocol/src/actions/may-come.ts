/**
 * May a VM come to this host, whether it is moved here, started or brought back from storage? One rule for all: the door is
 * open, no hard rule of this host breaks (S11), and there is room beside what is used and promised (S9).
 */
import {
  departs,
  type Labelled,
  type Plan,
  type PlanInForce,
  type Resources,
  ruleBrokenByArrival,
} from '@drover/placement'
import type { HostId, VmId } from '../data/ids.ts'
import type { Lease } from '../data/lease.ts'
import type { HostState, KnownVm } from '../snapshot/host.ts'
import { type Expected, refusal } from '../snapshot/ledger.ts'
import type { ClosedActions } from './closed-actions.ts'
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
  closed: Pick<ClosedActions, 'resultOf'>,
  self: HostId,
): Refusal | null => {
  const plan = inForce(assigned, coming.vm, closed, self)
  const here = [...[...host.vms.values()].filter((vm) => !isCopy(vm, plan, self)), ...promises]
  const broken = ruleBrokenByArrival(host.rules, self, here, coming, plan)
  if (broken !== null) return { code: broken.code, text: broken.text }
  return refusal(host, promises, coming.demand)
}

const brings = ({ actions }: Plan, vm: VmId, to: HostId): boolean =>
  actions.some((action) => action.vm === vm && !departs(action) && action.to === to)

/** A migration has left it paused here, and the plan's leader has seen the VM run elsewhere: there the rules are about it. */
const isCopy = ({ vm, pausedBy }: KnownVm, inForce: PlanInForce | null, self: HostId): boolean =>
  pausedBy === 'migration' &&
  inForce !== null &&
  !brings(inForce.plan, vm, self) &&
  inForce.problem.vms.some(({ id, state, host }) => id === vm && state === 'running' && host !== self)

/** The plan, if it has passed the check here and brings that VM. */
const inForce = (
  assigned: Lease['assigned'],
  vm: VmId,
  closed: Pick<ClosedActions, 'resultOf'>,
  self: HostId,
): PlanInForce | null => {
  if (assigned === null || assigned.unsound !== null) return null
  const { problem, plan } = assigned.assign
  if (!brings(plan, vm, self)) return null
  const failed = plan.actions.flatMap(({ id, kind }) => {
    const result = closed.resultOf(kind === 'migrate' ? 'departure' : 'lifecycle', id)
    return result === null || result.kind === 'done' ? [] : [id]
  })
  return { problem, plan, failed: new Set(failed) }
}
