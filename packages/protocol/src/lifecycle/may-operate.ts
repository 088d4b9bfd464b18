/**
 * May this host start, stop, suspend or resume this VM now? Judged when its leader wants it begun, and once more by what the
 * hypervisor says of the VM, whatever the leader believed (S10). A VM that was not put in drover's care is only moved.
 */
import {
  type Action,
  type Departure,
  departs,
  labelsOf,
  type Migrate,
  type Resume,
  resources,
  type Start,
} from '@drover/placement'
import type { Assigned } from '../actions/assigned-action.ts'
import type { ClosedActions } from '../actions/closed-actions.ts'
import { type Coming, doorClosed, noPlaceFor } from '../actions/may-come.ts'
import type { Refusal } from '../actions/refusal.ts'
import { isSameLife } from '../actions/same-life.ts'
import type { HostId } from '../data/ids.ts'
import type { LifecycleKind } from '../data/io.ts'
import type { Presence } from '../data/message.ts'
import type { HostState } from '../snapshot/host.ts'
import type { Expected } from '../snapshot/ledger.ts'

/** What an action of a plan is that changes a VM's run state on one host. */
export type LifecycleStep = Exclude<Action, Migrate>

/** The VM of such an action as this host knows it. */
export interface Operand extends Coming {
  /** For people; '' = not known here. */
  readonly name: string
  /** Which start of it is to end (S10); null = it is not active here yet. */
  readonly incarnation: string | null
}

export const mayOperate = (
  host: HostState,
  assigned: Pick<Assigned, 'lease' | 'assign'>,
  step: LifecycleStep,
  promises: readonly Expected[],
  closed: Pick<ClosedActions, 'hasLeft' | 'resultOf'>,
  self: HostId,
): Operand | Refusal => {
  if ((departs(step) ? step.from : step.to) !== self)
    return { code: 'plan.unknown', text: 'the plan gives that action to another host' }
  if (!host.managed.has(step.vm))
    return { code: 'vm.unmanaged', text: "the VM is not in drover's care: it is only moved" }
  return departs(step)
    ? mayEnd(host, assigned, step, closed, self)
    : mayBegin(host, assigned, step, promises, closed, self)
}

/** Codes of a VM that must not be moved which also forbid to stop or suspend it. The others speak of its devices. */
const untouchable: ReadonlySet<string> = new Set(['vm.ignored', 'vm.job_active'])

const mayEnd = (
  host: HostState,
  assigned: Pick<Assigned, 'lease' | 'assign'>,
  step: Departure,
  closed: Pick<ClosedActions, 'resultOf'>,
  self: HostId,
): Operand | Refusal => {
  const vm = host.vms.get(step.vm)
  if (vm === undefined) return { code: 'vm.absent', text: 'the VM is not here' }
  if (!isSameLife(vm, assigned, closed, self))
    return { code: 'vm.restarted', text: 'the VM was started anew' }
  if (vm.state !== 'running') return { code: 'vm.not_running', text: 'the VM is paused' }
  if (vm.fixed !== null && untouchable.has(vm.fixed))
    return { code: vm.fixed, text: `the VM must be left alone: ${vm.fixed}` }
  return { vm: vm.vm, name: vm.name, incarnation: vm.incarnation, demand: vm.demand, ...labelsOf(vm) }
}

const mayBegin = (
  host: HostState,
  { lease, assign }: Pick<Assigned, 'lease' | 'assign'>,
  step: Start | Resume,
  promises: readonly Expected[],
  closed: Pick<ClosedActions, 'hasLeft' | 'resultOf'>,
  self: HostId,
): Operand | Refusal => {
  const described = assign.problem.vms.find((one) => one.id === step.vm)
  if (described === undefined) return { code: 'plan.malformed', text: 'the VM is not in the problem' }
  // Its definition may be left here: to start it would be a second copy (S1).
  if (closed.hasLeft(step.vm)) return { code: 'vm.still_defined', text: 'the VM has left this host' }
  const shut = doorClosed(host, promises, step.vm)
  if (shut !== null) return shut
  const { dimensions } = assign.problem
  const amount = (dimension: string): number => described.demand[dimensions.indexOf(dimension)] ?? 0
  const demand = resources(amount)
  const coming = { vm: step.vm, demand, ...labelsOf(described) }
  return noPlaceFor(host, lease, promises, coming, closed, self) ?? { ...coming, name: '', incarnation: null }
}

/** In which state its hypervisor must have it, now that nothing is in the way. */
const expected = {
  start: 'shut',
  resume: 'saved',
  stop: 'running',
  suspend: 'running',
} as const satisfies Record<LifecycleKind, Presence>

/** Why nothing may be done to a VM that its hypervisor shows so, or null. */
export const wrongState = (kind: LifecycleKind, seen: Presence): Refusal | null => {
  if (seen === expected[kind]) return null
  const text = `to ${kind} it, it must be ${expected[kind]}: the hypervisor says ${seen}`
  switch (seen) {
    case 'absent':
      return { code: 'vm.absent', text }
    case 'outgoing':
    case 'incoming':
      return { code: 'vm.job_active', text }
    case 'running':
      return { code: 'vm.present', text }
    case 'paused':
    case 'held':
      return { code: kind === 'start' || kind === 'resume' ? 'vm.present' : 'vm.not_running', text }
    case 'saved':
      return { code: 'vm.saved', text }
    case 'shut':
      return { code: kind === 'resume' ? 'vm.not_saved' : 'vm.not_running', text }
  }
}
