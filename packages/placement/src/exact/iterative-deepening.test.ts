/** Iterative deepening and brute force: both end at the same cost, and the bound of a search cut short is never above it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type FullCost, noCost } from '../model/cost.ts'
import { compile } from '../model/model.ts'
import { runs } from '../testing/effort.ts'
import { problems } from '../testing/generator.ts'
import { bestCure } from '../testing/oracle.ts'
import { createSearch } from './branch-and-bound.ts'
import { deepen } from './iterative-deepening.ts'
import { createSearchSpace } from './search-state.ts'

test('Deepening finds the best cure that keeps all rules, and its bound never exceeds it', () => {
  let found = 0
  fc.assert(
    fc.property(problems({ hostsMax: 3, vmsMax: 5 }), fc.nat(30), (ruled, few) => {
      const problem = { ...ruled, rules: ruled.rules.map((rule) => ({ ...rule, continuous: false })) }
      const best = bestCure(problem)
      const kept = best === null || best[3] > 0 ? null : best
      const model = compile(problem)
      const scope = { relief: false, open: null, start: model.home }
      // One search for all turns: it must come back to where it began, even when it is cut short.
      const search = createSearch(createSearchSpace(model), scope)
      const short = deepen(search, { nodesMax: few, expired: () => false })
      const whole = deepen(search, { nodesMax: 1_000_000, expired: () => false })
      assert.ok(whole.complete)
      assert.deepEqual(
        whole.at === null ? null : [whole.cost.migrationMs, whole.cost.hostsTouched],
        kept === null ? null : kept.slice(4),
      )
      if (kept === null) return assert.equal(short.at, null)
      found++
      assert.ok(short.boundMs <= kept[4])
      if (short.complete) assert.deepEqual([short.cost.migrationMs, short.cost.hostsTouched], kept.slice(4))
      // It goes on from there with a known answer, the best or a worse one: it finds only better ones.
      const spare = few % 3
      const toBeat: FullCost = {
        ...noCost,
        unmet: 0,
        migrationMs: kept[4] + Math.max(0, spare - 1),
        hostsTouched: kept[5] + Math.min(1, spare),
      }
      const more = deepen(search, {
        nodesMax: 1_000_000,
        expired: () => false,
        fromMs: short.boundMs,
        best: toBeat,
      })
      assert.ok(more.complete)
      assert.equal(more.at === null, spare === 0)
      assert.deepEqual([more.cost.migrationMs, more.cost.hostsTouched], kept.slice(4))
    }),
    { numRuns: runs, seed: 23 },
  )
  assert.ok(found > runs / 4)
})
