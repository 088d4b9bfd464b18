/** A cure that nobody can carry out step by step is worth nothing: another one is looked for, or the truth is told. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { asVmId, type PartitionId } from '../ids.ts'
import { checkPlan } from '../plan/checker.ts'
import { planOrder } from '../plan/planner.ts'
import { small } from '../plan/testing/small.ts'
import { solveOrderable } from './orderable.ts'
import { solve } from './solver.ts'
import { problems } from './testing/generator.ts'

const runs = Number(process.env['DROVER_RUNS'] ?? 1500)
const partition = 'p.1.1' as PartitionId

// Among thousands of random problems there are cures whose VMs block each other: the cheapest has no order, and one
// with another target, a little dearer, has. What is found must check, and may not be called optimal.
test('When the cheapest cure has no order, a dearer one that has one is taken', () => {
  let dearer = 0
  fc.assert(
    fc.property(problems({ hostsMax: 4, vmsMax: 8 }), (problem) => {
      const first = solve(problem)
      if (first.kind !== 'plan') return
      if (planOrder(problem, first.moves, partition).kind === 'plan') return
      const { answer, order } = solveOrderable(problem, partition, {}, first)
      if (order?.kind !== 'plan') return
      dearer++
      assert.ok(answer.kind === 'plan' && !answer.optimal)
      assert.ok(
        answer.cost.migrationMs >= first.cost.migrationMs || answer.cost.softPenalty > first.cost.softPenalty,
      )
      assert.deepEqual(checkPlan(problem, order.plan), [])
    }),
    { numRuns: 4 * runs, seed: 23 },
  )
  assert.ok(dearer > 0)
})

test('Where no cure has an order the first answer stands, and why it has none', () => {
  const problem = {
    ...small(
      [10, 10],
      [
        [0, 10],
        [1, 10],
      ],
    ),
    rules: [{ kind: 'ban' as const, vms: [asVmId('v0')], hosts: [small([1], []).hosts[0]!.id] }],
  }
  const { answer, order } = solveOrderable(problem, partition)
  assert.equal(answer.kind, 'plan')
  assert.equal(order?.kind, 'no_order')
})
