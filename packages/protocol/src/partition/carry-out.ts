/** The plan is carried out, action by action, until nothing of it runs and nothing more may begin. */

import { type Action, assert, type PartitionProblem, type Plan } from '@drover/placement'
import type { HostId } from '../data/ids.ts'
import type { Ended } from '../data/message.ts'
import { type AnyCode, codeFrom, type ReasonCode } from '../data/reasons.ts'
import { conclude, recordOf } from './conclude.ts'
import { longestWaitMs } from './longest-wait.ts'
import { type Leadership, ledAs, type PartitionState } from './partition-state.ts'
import * as progress from './plan-progress.ts'
import { assign, beginUnblocked, releaseUntouched, sayWhatRuns } from './tell-members.ts'

/** A checked plan: every member that it touches gets it, and what may begin begins. A partition that only looks says what would be done. */
export const carryOut = (
  leader: Leadership,
  state: PartitionState,
  problem: PartitionProblem,
  plan: Plan,
): void => {
  const { context, hooks } = leader
  const { partition, members, promise } = state
  if (state.intent === 'observe')
    return conclude(leader, state, { result: 'would', code: promise.code, text: promise.text }, plan)
  assert(
    state.phase === 'solving' && state.execution === null,
    () => `partition ${partition} carries out one plan, just after it was solved: it is ${state.phase}`,
  )
  state.phase = 'executing'
  state.execution = progress.execution(plan)
  const absent = [...progress.touched(state.execution)].find((host) => members.get(host)?.state !== 'granted')
  assert(absent === undefined, () => `the plan of ${partition} touches members only, and ${absent} is none`)
  releaseUntouched(context, state)
  const decision = recordOf(leader, state, { result: 'running', code: null, text: 'under way' }, plan, null)
  hooks.report(decision)
  assign(context, state, problem, plan, decision)
  beginUnblocked(context, state)
  waitOn(leader, state)
  concludeIfOver(leader, state)
}

/** Each action that begins or ends is progress. Without any, the partition waits for as long as one may take. */
const waitOn = ({ context }: Leadership, state: PartitionState): void => {
  const { execution } = state
  const steps = (execution?.begun.size ?? 0) + (execution?.results.size ?? 0)
  if (steps === state.steps) return
  state.steps = steps
  state.deadline = context.now() + longestWaitMs(state, context.policy)
}

/**
 * How these actions end is not known, and not waited for. Each goes on without a leader, holds its own two hosts until it is settled
 * there (S5), and keeps no other host.
 */
export const giveUp = (
  leader: Leadership,
  state: PartitionState,
  code: AnyCode,
  which: (action: Action) => boolean = () => true,
): void => {
  const before = state.execution
  assert(before !== null, () => `partition ${state.partition} has a plan while it executes`)
  let execution = before
  for (const action of progress.running(before))
    if (which(action)) execution = progress.finish(execution, action.id, { kind: 'unknown', code })
  state.execution = execution
  goOn(leader, state)
}

export const onEnded = (leader: Leadership, from: HostId, message: Ended): void => {
  const state = ledAs(leader, message.partition)
  if (state?.execution == null) return
  const action = state.execution.plan.actions.find((one) => one.id === message.action)
  if (action === undefined || progress.performerOf(action) !== from) return
  state.execution = progress.finish(state.execution, message.action, message.result)
  goOn(leader, state)
}

/** Nothing more of it begins; what runs is waited for. */
export const callOff = (leader: Leadership, state: PartitionState, code: ReasonCode, text: string): void => {
  if (state.execution === null) return conclude(leader, state, { result: 'failed', code, text })
  state.execution = progress.callOff(state.execution, { code, text })
  sayWhatRuns(leader.context, state)
  goOn(leader, state)
}

/** Something of the execution has changed. */
export const goOn = (leader: Leadership, state: PartitionState): void => {
  releaseUntouched(leader.context, state)
  beginUnblocked(leader.context, state)
  waitOn(leader, state)
  concludeIfOver(leader, state)
}

const concludeIfOver = (leader: Leadership, state: PartitionState): void => {
  const { execution, promise } = state
  if (execution === null || !progress.isOver(execution)) return
  const cut = progress.cutShort(execution)
  const failure = progress.firstFailure(execution)
  if (cut !== null) conclude(leader, state, { result: 'failed', ...cut }, execution.plan)
  else if (failure === null) conclude(leader, state, promise, execution.plan)
  else {
    const { kind, code, detail = `an action was ${kind}: ${code}` } = failure
    conclude(leader, state, { result: 'failed', code: codeFrom(code), text: detail }, execution.plan)
  }
}
