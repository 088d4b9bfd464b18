/** What a leader says to its members while a plan is carried out. */

import { assert, type PartitionProblem, type Plan } from '@drover/placement'
import type { Decision } from '../data/decision.ts'
import { byText, type HostId } from '../data/ids.ts'
import type { Execution } from '../data/plan-execution.ts'
import type { StepContext } from '../step-context.ts'
import type { PartitionState } from './partition-state.ts'
import * as progress from './plan-progress.ts'

export const release = (context: StepContext, state: PartitionState, host: HostId): void => {
  const member = state.members.get(host)
  assert(
    member !== undefined,
    () => `partition ${state.partition} releases its members only, and ${host} is none`,
  )
  state.members.delete(host)
  if (state.intent === 'observe') return
  // Epoch 0: its answer has not been heard; the partition's id is enough.
  const epoch = member.state === 'granted' ? member.epoch : 0
  context.send(host, { kind: 'release', partition: state.partition, epoch })
}

/** Members that no unfinished action touches go free at once. */
export const releaseUntouched = (context: StepContext, state: PartitionState): void => {
  const execution = executionOf(state)
  const needed = progress.touched(execution)
  for (const host of [...state.members.keys()].sort(byText))
    if (!needed.has(host)) release(context, state, host)
}

const executionOf = ({ partition, phase, execution }: PartitionState): Execution => {
  assert(execution !== null, () => `partition ${partition} has a plan when it is carried out: it is ${phase}`)
  return execution
}

/** Every member that is left gets the whole plan, and what it was made from. */
export const assign = (
  context: StepContext,
  state: PartitionState,
  { forecast: _, ...problem }: PartitionProblem,
  plan: Plan,
  decision: Decision,
): void => {
  const { partition } = state
  const granted = [...state.members]
    .flatMap(([host, member]) => (member.state === 'granted' ? [{ host, epoch: member.epoch }] : []))
    .sort((a, b) => byText(a.host, b.host))
  assert(
    granted.length === state.members.size,
    () =>
      `the plan of ${partition} goes to members that granted: ${granted.length} of ${state.members.size} have`,
  )
  const epochs: Record<HostId, number> = Object.fromEntries(granted.map(({ host, epoch }) => [host, epoch]))
  const unfenced = granted.find(({ epoch }) => epoch === 0)
  assert(
    unfenced === undefined,
    () => `a plan is carried out under leases: ${unfenced?.host} gave none to ${partition}`,
  )
  for (const { host, epoch } of granted)
    context.send(host, { kind: 'assign', partition, epoch, problem, plan, epochs, decision })
}

/** Begins what may begin now; an action whose performer is lost is refused on its behalf. */
export const beginUnblocked = (context: StepContext, state: PartitionState): void => {
  const { partition } = state
  const { migrationsOutMax, migrationsInMax } = context.policy
  let execution = executionOf(state)
  for (const action of progress.unblocked(execution, migrationsOutMax, migrationsInMax)) {
    const performer = progress.performerOf(action)
    const member = state.members.get(performer)
    execution = progress.begin(execution, action.id)
    if (member?.state !== 'granted') {
      execution = progress.finish(execution, action.id, { kind: 'refused', code: 'partition.lost' })
      continue
    }
    // A start on this host is known to the moment (`started`); for one on another host, the word to begin counts.
    if (performer !== context.self) state.detectToStartMs ??= context.now() - state.need.since
    context.send(performer, { kind: 'begin', partition, epoch: member.epoch, action: action.id })
  }
  state.execution = execution
}

/** Keeps the leases alive, and says again what may have been lost: both are harmless to repeat. */
export const remind = (context: StepContext, state: PartitionState): void => {
  const { partition } = state
  // No member of it has given a lease.
  if (state.intent === 'observe') return
  for (const [host, member] of state.members)
    if (member.state === 'granted') context.send(host, { kind: 'renew', partition, epoch: member.epoch })
  sayWhatRuns(context, state)
}

/** To each source whose action has not ended: begin it; or, once the plan was called off, never begin it. */
export const sayWhatRuns = (context: StepContext, state: PartitionState): void => {
  const { partition } = state
  for (const action of state.execution === null ? [] : progress.running(state.execution)) {
    const performer = progress.performerOf(action)
    const member = state.members.get(performer)
    if (member?.state !== 'granted') continue
    const about = { partition, epoch: member.epoch, action: action.id }
    if (state.execution?.calledOff === null) context.send(performer, { kind: 'begin', ...about })
    else context.send(performer, { kind: 'withdraw', ...about, vm: action.vm })
  }
}

/** Every participant keeps the record, so that any survivor can explain it. */
export const tellOutcome = (context: StepContext, state: PartitionState, decision: Decision): void => {
  assert(
    decision.id === state.partition && decision.endedMs !== null,
    () => `what is told of ${state.partition} is its own end, not that of ${decision.id}`,
  )
  for (const { host } of decision.hosts)
    if (host !== context.self)
      context.send(host, { kind: 'recorded', partition: state.partition, epoch: 0, decision })
}
