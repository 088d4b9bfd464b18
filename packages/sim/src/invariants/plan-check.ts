/**
 * S10: every plan that is carried out passes the observer's own reading of it, at its leader and at each member; and each action is
 * right when it begins: it is of that plan, what it waits for is done, its VM is there and the same one, and its destination has
 * admitted it lately. A host neither begins nor admits anything by a plan that was made from something else than it has told.
 */
import {
  type Action,
  type ActionId,
  type Assign,
  dimensions,
  type Effect,
  type HostId,
  limits,
  type Message,
  type ObservedVm,
} from '@drover/protocol'
import type { AgentEvent } from './agent-feed.ts'
import { clockRateMin } from './clock-rates.ts'
import { type HostBook, partitionOf } from './host-book.ts'
import { planFaultOf } from './plan-reading.ts'
import type { Check, Scene } from './scene.ts'

type Granted = Extract<Message, { readonly kind: 'granted' }>
type EventOf<K extends AgentEvent['kind']> = Extract<AgentEvent, { readonly kind: K }>
type Perform = Extract<Effect, { readonly kind: 'perform' }>

interface PlanState {
  readonly scene: Scene
  readonly faults: WeakMap<Assign, { readonly fault: string | null }>
  /** As their performers have told. */
  readonly done: Set<ActionId>
  /** What was there when the lease was given, by host. */
  readonly frozen: Map<HostBook, readonly ObservedVm[]>
  /** What it told the leader to which its lease was given, by host. */
  readonly granted: Map<HostBook, Granted>
  /** When the destination was asked, and whether it has said yes to that. */
  readonly asked: Map<ActionId, { readonly at: number; readonly to: HostId; admitted: boolean }>
}

const faultOf = ({ faults }: PlanState, assign: Assign): string | null => {
  let known = faults.get(assign)
  if (known === undefined) {
    known = { fault: planFaultOf(assign.problem, assign.plan, assign.partition) }
    faults.set(assign, known)
  }
  return known.fault
}

/** What of the VM speaks against the action, or null. */
const vmFault = (state: PlanState, book: HostBook, action: Action, assign: Assign): string | null => {
  const { world } = state.scene
  const observed = book.observed.find(({ vm }) => vm === action.vm)
  const copy = world.vm(action.vm).copies.find(({ host }) => host === book.name)
  const active = copy?.state === 'running' || copy?.state === 'paused'
  if (observed === undefined) return active ? null : 'the VM is not there'
  const before = state.frozen.get(book)?.find(({ vm }) => vm === action.vm)
  const brought = assign.plan.actions.some((one) => one.vm === action.vm && state.done.has(one.id))
  if (before !== undefined && before.incarnation !== observed.incarnation && !brought)
    return 'the VM was started anew'
  return observed.fixed === null ? null : `the VM must stay: ${observed.fixed}`
}

/** What the problem says of the VMs of this host, and the host has not, or null. */
const lieOf = ({ granted }: PlanState, book: HostBook, { partition, problem }: Assign): string | null => {
  const told = granted.get(book)
  if (told?.partition !== partition) return null
  const { vms: toldVms, draining } = told.snapshot
  const vms = new Map(toldVms.map((vm) => [vm.vm, vm]))
  const self = problem.hosts.find(({ id }) => id === book.id)
  if (!draining && self?.state === 'draining') return `${book.name} is drained in its problem, and is not`
  for (const { id, host, state, demand, memoryMiB } of problem.vms) {
    if (host !== book.id || state !== 'running') continue
    const said = vms.get(id)
    if (said === undefined) return `${id} is on ${book.name} in its problem, and was not told of`
    if (memoryMiB !== said.demand.memoryMiB)
      return `${id} has ${memoryMiB} MiB in its problem, and ${said.demand.memoryMiB} were told`
    for (const d of dimensions) {
      const amount = demand[problem.dimensions.indexOf(d)] ?? 0
      if (amount !== said.demand[d])
        return `${id} wants ${amount} ${d} in its problem, and ${said.demand[d]} were told`
    }
  }
  return null
}

const admissionFault = ({ asked, scene }: PlanState, action: ActionId): string | null => {
  const admission = asked.get(action)
  if (admission?.admitted !== true) return 'its destination has not admitted it'
  const ms = scene.world.clock.now() - admission.at
  return ms > limits.lateStartMs / clockRateMin ? `its admission is ${Math.round(ms)} ms old` : null
}

const actionFault = (state: PlanState, book: HostBook, { action: id, operation }: Perform): string | null => {
  const assign = book.plans.get(partitionOf(id))
  const action = assign?.plan.actions.find((one) => one.id === id)
  if (assign === undefined || action === undefined) return 'no plan that it has got says so'
  const fault = faultOf(state, assign) ?? lieOf(state, book, assign)
  if (fault !== null) return `the plan is unsound: ${fault}`
  const where = 'from' in action ? action.from : action.to
  if (action.kind !== operation.kind || action.vm !== operation.vm || where !== book.id)
    return 'the plan says otherwise'
  if (operation.kind === 'migrate' && 'to' in action && operation.to !== action.to)
    return 'the plan says otherwise'
  const awaited = action.after.find((one) => !state.done.has(one))
  if (awaited !== undefined) return `${awaited} is not done`
  if (operation.kind !== 'migrate') return null
  return vmFault(state, book, action, assign) ?? admissionFault(state, id)
}

const admits = (state: PlanState, book: HostBook, action: ActionId): void => {
  const assign = book.plans.get(partitionOf(action))
  const lie = assign === undefined ? null : lieOf(state, book, assign)
  if (lie !== null)
    state.scene.findings.tell('S10', `${book.name} admits ${action}: the plan is unsound: ${lie}`)
}

const sent = (state: PlanState, book: HostBook, { message, to }: EventOf<'sent'>): void => {
  const { findings, world } = state.scene
  if (message.kind === 'ended' && message.result.kind === 'done') state.done.add(message.action)
  if (message.kind === 'admit')
    state.asked.set(message.action, { at: world.clock.now(), to, admitted: false })
  if (message.kind === 'granted' && message.epoch > 0) state.granted.set(book, message)
  if (message.kind === 'admitted') admits(state, book, message.action)
  if (message.kind !== 'assign') return
  const fault = faultOf(state, message)
  if (fault !== null)
    findings.once(
      `S10 ${message.partition}`,
      'S10',
      `${book.name} assigns the plan of ${message.partition}, which is unsound: ${fault}`,
    )
}

export const createPlanCheck = (scene: Scene): Check => {
  const state: PlanState = {
    scene,
    faults: new WeakMap(),
    done: new Set(),
    frozen: new Map(),
    granted: new Map(),
    asked: new Map(),
  }
  return {
    agent(event, book) {
      switch (event.kind) {
        case 'stepped':
          if (event.lease !== null && event.lease.epoch !== book.lease?.epoch)
            state.frozen.set(book, book.observed)
          return
        case 'sent':
          return sent(state, book, event)
        case 'input': {
          const { input } = event
          if (input.kind !== 'received' || input.message.kind !== 'admitted') return
          const asked = state.asked.get(input.message.action)
          if (asked?.to === input.from) asked.admitted = true
          return
        }
        case 'written': {
          const { record } = event
          if (record.kind !== 'closed') return
          state.asked.delete(record.action)
          if (record.end !== 'arrival' && record.result.kind === 'done') state.done.add(record.action)
          return
        }
        case 'effect': {
          if (event.effect.kind !== 'perform') return
          const fault = actionFault(state, book, event.effect)
          if (fault !== null)
            scene.findings.tell('S10', `${book.name} begins ${event.effect.action}: ${fault}`)
        }
      }
    },
  }
}
