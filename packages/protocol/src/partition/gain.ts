/** Is a relief worth its moves? A plan of drover's own must lower the excess by a margin (Q1). */
import type { Policy } from '../config.ts'
import type { Need } from '../detect/need.ts'
import type { Move } from '../solve/answer.ts'
import { costOf } from '../solve/cost.ts'
import { compile } from '../solve/model.ts'
import type { PlacementProblem } from '../solve/problem.ts'

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

/** Of a drain every VM that leaves is worth its move: an operator asked for it, and none comes back by itself. */
export const gainTooSmall = (
  need: Need['kind'],
  { before, after }: ExcessChange,
  policy: Policy,
): boolean => {
  const gainMinPermille = need === 'drain' ? 0 : policy.gainMinPermille
  return (before - after) * 1000 < before * gainMinPermille || after >= before
}
