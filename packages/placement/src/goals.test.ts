/** The same solver with other aims: hosts are emptied completely or not at all, and peaks are lowered as far as it goes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { checkPlan } from './check/checker.ts'
import { type Goal, pursue } from './goals.ts'
import type { PlacementProblem } from './rules/placement-problem.ts'
import { runs } from './testing/effort.ts'
import { problems } from './testing/generator.ts'
import { hostOf, problemOf, vmOf } from './testing/small.ts'

/** Hosts of 100; VMs of 10 each, as many on each host as said. */
const problem = (counts: readonly number[]): PlacementProblem =>
  problemOf(
    counts.map((_, h) => hostOf(`h${h}`, [100])),
    counts.flatMap((count, h) => Array.from({ length: count }, (_, k) => vmOf(`v${h}.${k}`, `h${h}`, [10]))),
  )

const partition = 'p.1.1'

const after = (counts: readonly number[], goal: Goal): number[] => {
  const { answer } = pursue(problem(counts), goal, { planId: partition })
  const left = [...counts]
  if (answer.kind === 'plan')
    for (const move of answer.moves) {
      left[Number(move.from!.slice(1))]!--
      left[Number(move.to!.slice(1))]!++
    }
  return left
}

test('Consolidating empties the least loaded hosts completely, and no host partly', () => {
  assert.deepEqual(after([7, 2, 6, 1], 'consolidate').sort(), [0, 0, 10, 6].sort())
})

test('Balancing lowers the peak as far as possible; a nearly balanced cluster is left alone', () => {
  assert.deepEqual(after([8, 0, 4, 0], 'balance'), [3, 3, 3, 3])
  assert.deepEqual(after([3, 3, 3, 3], 'balance'), [3, 3, 3, 3])
})

// A plan that evens out or empties hosts must be carried out step by step, like any other.
test('A goal is pursued only as far as there is an order for it', () => {
  let reached = 0
  fc.assert(
    fc.property(
      problems({ hostsMax: 4, vmsMax: 7 }),
      fc.constantFrom<Goal>('consolidate', 'balance'),
      (random, goal) => {
        const { answer, plan: order } = pursue(random, goal, { planId: partition })
        if (answer.kind !== 'plan') return
        assert.ok(order !== null)
        reached++
        assert.deepEqual(checkPlan(random, order), [])
      },
    ),
    { numRuns: Math.ceil(runs / 3), seed: 37 },
  )
  assert.ok(reached > runs / 20)
})
