/**
 * The search by prices against brute force: it starts from the worst cure there is and must end at the best, and
 * a bound that it gives up with must never be above the best.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type FullCost, noCost } from '../cost.ts'
import { compile } from '../model.ts'
import type { PlacementProblem } from '../problem.ts'
import { randomStream } from '../random.ts'
import { problems } from '../testing/generator.ts'
import { compareTuples, placements, type Tuple, tupleOf } from '../testing/oracle.ts'
import { assignByPrices } from './assign.ts'

const runs = Number(process.env['DROVER_RUNS'] ?? 1500)

interface Extremes {
  readonly best: Tuple
  readonly worst: Tuple
  readonly worstAt: Int32Array
}

/** Over all full cures that break no soft rule. */
const extremes = (problem: PlacementProblem): Extremes | null => {
  const { hosts, vms } = compile(problem)
  let found: Extremes | null = null
  for (const placement of placements(problem)) {
    const tuple = tupleOf(problem, placement)
    if (tuple.slice(0, 4).some((amount) => amount > 0)) continue
    const worse: boolean = found === null || compareTuples(tuple, found.worst) > 0
    const better: boolean = found === null || compareTuples(tuple, found.best) < 0
    if (!worse && !better) continue
    const at: Int32Array = worse
      ? Int32Array.from(vms, (vm) => hosts.findIndex((host) => host.id === placement.get(vm.id)))
      : found!.worstAt
    found = { best: better ? tuple : found!.best, worst: worse ? tuple : found!.worst, worstAt: at }
  }
  return found
}

test('From the worst cure the prices lead to the best one, and their bound never exceeds it', () => {
  let compared = 0
  fc.assert(
    fc.property(problems({ hostsMax: 3, vmsMax: 5 }), (ruled) => {
      const problem = { ...ruled, rules: ruled.rules.map((rule) => ({ ...rule, continuous: false })) }
      const known = extremes(problem)
      if (known === null) return
      compared++
      const model = compile(problem)
      const cost: FullCost = {
        ...noCost,
        unmet: 0,
        migrationMs: known.worst[4],
        hostsTouched: known.worst[5],
      }
      const search = (nodesMax: number) =>
        assignByPrices(model, {
          at: known.worstAt,
          cost,
          nodesMax,
          random: randomStream(1),
          expired: () => false,
        })
      const { cost: reached, complete, boundMs } = search(1_000_000)
      assert.ok(complete)
      assert.deepEqual([reached.migrationMs, reached.hostsTouched], known.best.slice(4))
      assert.equal(boundMs, known.best[4])
      assert.ok(search(0).boundMs <= known.best[4])
      assert.ok(search(1).boundMs <= known.best[4])
    }),
    { numRuns: runs, seed: 17 },
  )
  assert.ok(compared > runs / 4)
})
