/**
 * Why a plan may not be carried out (S10). A worker of the leader made it, and the members have it from their leader: each
 * looks for itself, by the checker that shares no code with solver and planner. Null = nothing speaks against it.
 */

import {
  type Action,
  type AnswerWithMoves,
  departs,
  firstPlanViolation,
  namesIn,
  originOf,
  type Plan,
  type Problem,
} from '@drover/placement'
import { limits } from '../data/config.ts'
import { actionIdOf, type HostId, type PartitionId, type VmId } from '../data/ids.ts'

/** What leader and members look for. */
export const planFault = (problem: Problem, plan: Plan, partition: PartitionId): string | null => {
  const { actions } = plan
  // First of all: what is checked next takes time with the square of the length.
  if (actions.length > limits.planActionsMax)
    return `${actions.length} actions, more than ${limits.planActionsMax}`
  const foreign = actions.find(({ id }, index) => id !== actionIdOf(partition, index))
  if (foreign !== undefined) return `action ${foreign.id} is not one of ${partition}`
  const names = problem.rules.reduce((sum, rule) => sum + namesIn(rule), 0)
  if (names > limits.ruleNamesMax)
    return `its rules name ${names} VMs and hosts, more than ${limits.ruleNamesMax}`
  return firstPlanViolation(problem, plan)?.text ?? null
}

/** What the leader looks for: its answer was judged by the moves, so the plan must lead to them and to nothing else. */
export const solutionFault = (
  problem: Problem,
  { moves }: AnswerWithMoves,
  plan: Plan,
  partition: PartitionId,
): string | null => planFault(problem, plan, partition) ?? strayMove(problem, moves, plan)

/** The first VM that does not end where its move says; without a move it has to end where it was. */
const strayMove = (problem: Problem, moves: AnswerWithMoves['moves'], plan: Plan): string | null => {
  const wanted = new Map(moves.map((move) => [move.vm, move]))
  const ends = endsOf(problem, plan)
  const known = new Set(problem.vms.map((vm) => vm.id))
  const unknown = moves.find(({ vm }) => !known.has(vm))
  if (unknown !== undefined) return `${unknown.vm} is to move and is not in the problem`
  for (const vm of problem.vms) {
    const start = vm.state === 'running' ? vm.host : null
    const end = ends.has(vm.id) ? (ends.get(vm.id) ?? null) : start
    const move = wanted.get(vm.id)
    const to = move === undefined ? start : move.to
    if (end !== to)
      return `${vm.id} would end on ${end ?? 'no host'}, the answer has it on ${to ?? 'no host'}`
  }
  return null
}

/** Where the VMs of a checked plan end, for those that end elsewhere than they were; null = on no host. */
export const endsOf = (problem: Problem, plan: Plan): ReadonlyMap<VmId, HostId | null> => {
  const actions = new Map<VmId, Action[]>()
  for (const action of plan.actions) {
    const ofVm = actions.get(action.vm)
    if (ofVm === undefined) actions.set(action.vm, [action])
    else ofVm.push(action)
  }
  return new Map(
    problem.vms.flatMap(({ id, state, host }) => {
      const start = state === 'running' ? host : null
      const end = endOf(start, actions.get(id) ?? [])
      return end === start ? [] : [[id, end] as const]
    }),
  )
}

/** Where a VM is after its actions. They are a chain, as the checker has seen: only at its end it arrives and does not leave. */
const endOf = (start: HostId | null, actions: readonly Action[]): HostId | null => {
  const stays = new Map<HostId, number>()
  const add = (host: HostId | null, by: number): void => {
    if (host !== null) stays.set(host, (stays.get(host) ?? 0) + by)
  }
  add(start, 1)
  for (const action of actions) {
    add(originOf(action), -1)
    if (!departs(action)) add(action.to, 1)
  }
  return [...stays].find(([, count]) => count > 0)?.[0] ?? null
}
