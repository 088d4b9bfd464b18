/** What moves do to the excess of a problem, as the objective counts it. */

import type { Move } from '../problem/answer.ts'
import type { PlacementProblem } from '../rules/placement-problem.ts'
import { costOf } from './cost.ts'
import { compile } from './model.ts'

export interface ExcessChange {
  readonly before: number
  readonly after: number
}

/** Excess as the solver's objective counts it, before the moves and after them. On a draining host all that may leave is excess. */
export const excessChange = (problem: PlacementProblem, moves: readonly Move[]): ExcessChange => {
  const model = compile(problem)
  const at = Int32Array.from(model.home, (h, v) => (model.starts[v] === 1 ? -1 : h))
  const before = costOf(model, at).excess
  const hosts = new Map<string | null, number>(model.hosts.map(({ id }, h) => [id, h]))
  const vms = new Map<string, number>(model.vms.map(({ id }, v) => [id, v]))
  for (const { vm, to } of moves) at[vms.get(vm)!] = hosts.get(to) ?? -1
  return { before, after: costOf(model, at).excess }
}
