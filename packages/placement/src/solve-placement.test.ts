/** Random small placements, and an oracle that tries everything: the solver is never worse, and never breaks a rule. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { checkPlacement } from './check/checker.ts'
import type { Answer } from './problem/answer.ts'
import type { HostId, VmId } from './problem/ids.ts'
import type { PlacementProblem } from './rules/placement-problem.ts'
import type { PlacementRule } from './rules/rule.ts'
import { solvePlacement } from './solve-placement.ts'
import { runs } from './testing/effort.ts'
import { problems } from './testing/generator.ts'
import { bestCure, bestRelief, compareTuples, type Tuple, tupleOf } from './testing/oracle.ts'

export const placementAfter = (problem: PlacementProblem, answer: Answer): ReadonlyMap<VmId, HostId> => {
  const at = new Map<VmId, HostId>()
  for (const vm of problem.vms) if (vm.host !== null && vm.state === 'running') at.set(vm.id, vm.host)
  if (answer.kind === 'plan' || answer.kind === 'relief')
    for (const move of answer.moves)
      if (move.to === null) at.delete(move.vm)
      else at.set(move.vm, move.to)
  return at
}

const unmoved: Answer = { kind: 'infeasible', why: { code: '', text: '' } }

const claimed = (answer: Answer): Tuple | null =>
  answer.kind !== 'plan'
    ? null
    : [
        0,
        answer.cost.overloadedHosts,
        answer.cost.excess,
        answer.cost.softPenalty,
        answer.cost.migrationMs,
        answer.cost.hostsTouched,
      ]

/** Brute force looks at the end only, so nothing else may be asked. */
const atTheEnd = (problem: PlacementProblem): PlacementProblem => ({
  ...problem,
  rules: problem.rules.map((rule) => ({ ...rule, continuous: false })),
})

test('On small problems the solver, brute force and the independent checker agree', () => {
  fc.assert(
    fc.property(problems({ hostsMax: 3, vmsMax: 5 }).map(atTheEnd), (problem) => {
      const answer = solvePlacement(problem)
      const best = bestCure(problem)
      const before = tupleOf(problem, placementAfter(problem, unmoved))
      const after = tupleOf(problem, placementAfter(problem, answer))
      switch (answer.kind) {
        case 'satisfied':
          assert.deepEqual(best === null ? null : best[4], 0)
          assert.deepEqual(before.slice(0, 4), best?.slice(0, 4))
          assert.equal(answer.cost.softPenalty, before[3])
          assert.ok(answer.optimal)
          break
        case 'plan':
          assert.deepEqual(claimed(answer), best)
          assert.deepEqual(after, best)
          assert.ok(answer.optimal)
          assert.deepEqual(checkPlacement(problem, placementAfter(problem, answer)), [])
          break
        case 'relief':
          assert.equal(best, null)
          // A cap of one host counts as its limit in the solver, as a rule in the oracle.
          if (problem.rules.some((rule) => rule.kind === 'resourceCapacity')) break
          assert.ok(compareTuples(after, before) < 0, 'relief must improve')
          assert.deepEqual(after.slice(1), [
            answer.cost.overloadedHosts,
            answer.cost.excess,
            answer.cost.softPenalty,
            answer.cost.migrationMs,
            answer.cost.hostsTouched,
          ])
          break
        case 'infeasible':
          assert.equal(best, null)
      }
    }),
    { numRuns: runs, seed: 7 },
  )
})

/** Caps: their checker does not say which VM is too much, so brute force cannot tell which moved into a broken one. */
const nameless: readonly PlacementRule['kind'][] = ['resourceCapacity', 'runningCapacity', 'maxOnline']

test('A partial cure called optimal is the best one that makes no host worse and breaks no rule', () => {
  let reliefs = 0
  fc.assert(
    fc.property(problems({ hostsMax: 3, vmsMax: 5 }), (ruled) => {
      const problem = atTheEnd({
        ...ruled,
        rules: ruled.rules.filter((rule) => !nameless.includes(rule.kind)),
      })
      const answer = solvePlacement(problem)
      if (answer.kind === 'plan' || answer.kind === 'satisfied') return
      const best = bestRelief(problem)
      const reached = tupleOf(problem, placementAfter(problem, answer))
      if (answer.kind === 'relief') {
        assert.ok(answer.optimal)
        reliefs++
      }
      assert.deepEqual(reached, best)
    }),
    { numRuns: runs, seed: 13 },
  )
  assert.ok(reliefs > runs / 20)
})
