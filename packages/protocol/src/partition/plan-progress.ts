/**
 * The leader's view of a plan under way: which actions may begin, and when it is over. Pure. Only unblocked actions
 * start, within the migration slots of both ends (Q2); after the first failure, or once it is called off, nothing new
 * starts.
 */

import { type Action, type ActionResult, assert, departs, type Plan } from '@drover/placement'
import type { ActionId, HostId } from '../data/ids.ts'
import type { CalledOff, Execution } from '../data/plan-execution.ts'

export const execution = (plan: Plan): Execution => ({
  plan,
  begun: new Set(),
  results: new Map(),
  calledOff: null,
})

/** The host whose agent carries the action out. */
export const performerOf = (action: Action): HostId =>
  action.kind === 'migrate' || departs(action) ? action.from : action.to

const hostsOf = (action: Action): readonly HostId[] =>
  action.kind === 'migrate' ? [action.from, action.to] : [performerOf(action)]

/** Nothing more may begin. */
const ending = (state: Execution): boolean =>
  state.calledOff !== null || [...state.results.values()].some((result) => result.kind !== 'done')

export const running = (state: Execution): readonly Action[] =>
  state.plan.actions.filter((action) => state.begun.has(action.id) && !state.results.has(action.id))

/** Actions to begin now, in the plan's order. */
export const unblocked = (state: Execution, outMax: number, inMax: number): readonly Action[] => {
  if (ending(state)) return []
  const out = new Map<HostId, number>()
  const into = new Map<HostId, number>()
  const count = (action: Action) => {
    if (action.kind !== 'migrate') return
    out.set(action.from, (out.get(action.from) ?? 0) + 1)
    into.set(action.to, (into.get(action.to) ?? 0) + 1)
  }
  for (const action of running(state)) count(action)
  const ready: Action[] = []
  for (const action of state.plan.actions) {
    if (state.begun.has(action.id)) continue
    if (!action.after.every((id) => state.results.get(id)?.kind === 'done')) continue
    if (
      action.kind === 'migrate' &&
      ((out.get(action.from) ?? 0) >= outMax || (into.get(action.to) ?? 0) >= inMax)
    )
      continue
    count(action)
    ready.push(action)
  }
  return ready
}

export const begin = (state: Execution, id: ActionId): Execution => {
  const action = state.plan.actions.find((one) => one.id === id)
  assert(action !== undefined, () => `action ${id} is one of its plan when it begins`)
  assert(!state.begun.has(id), () => `action ${id} begins once`)
  assert(state.calledOff === null, () => `no action begins once its plan is called off, nor does ${id}`)
  const open = action.after.find((one) => state.results.get(one)?.kind !== 'done')
  assert(open === undefined, () => `action ${id} begins when ${open} is done`)
  return { ...state, begun: new Set([...state.begun, id]) }
}

/** The first reason stays. */
export const callOff = (state: Execution, why: CalledOff): Execution => ({
  ...state,
  calledOff: state.calledOff ?? why,
})

export const finish = (state: Execution, action: ActionId, result: ActionResult): Execution =>
  state.begun.has(action) && !state.results.has(action)
    ? { ...state, results: new Map([...state.results, [action, result]]) }
    : state

/** Nothing runs and nothing more may begin. */
export const isOver = (state: Execution): boolean =>
  running(state).length === 0 && (ending(state) || state.results.size === state.plan.actions.length)

/** Why it was called off before all of its plan was done, or null. */
export const cutShort = ({ plan, results, calledOff }: Execution): CalledOff | null =>
  plan.actions.every((action) => results.get(action.id)?.kind === 'done') ? null : calledOff

/** Hosts that an unfinished action still touches; all others can be released. */
export const touched = (state: Execution): ReadonlySet<HostId> => {
  const open = ending(state)
    ? running(state)
    : state.plan.actions.filter((action) => !state.results.has(action.id))
  return new Set(open.flatMap(hostsOf))
}

/** The first result that is not `done`, or null. */
export const firstFailure = (state: Execution): Exclude<ActionResult, { kind: 'done' }> | null => {
  for (const action of state.plan.actions) {
    const result = state.results.get(action.id)
    if (result !== undefined && result.kind !== 'done') return result
  }
  return null
}
