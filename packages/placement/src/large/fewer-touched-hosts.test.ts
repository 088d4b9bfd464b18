/** The same moves to fewer hosts: the cost stays the same, no rule is violated, and now and then a host is left alone. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createSearchSpace } from '../exact/search-state.ts'
import { costOf } from '../model/cost.ts'
import { compile } from '../model/model.ts'
import { runs } from '../testing/effort.ts'
import { problems } from '../testing/generator.ts'
import { touchFewerHosts } from './fewer-touched-hosts.ts'
import { greedy } from './greedy.ts'

test('Touching fewer hosts changes nothing else, and never for the worse', () => {
  let improved = 0
  fc.assert(
    fc.property(problems({ hostsMax: 8, vmsMax: 16 }), (problem) => {
      const model = compile(problem)
      const { at } = greedy(createSearchSpace(model), 'tightest')
      const before = costOf(model, at)
      if (before.unmet + before.overloadedHosts > 0) return
      const after = Int32Array.from(at)
      touchFewerHosts(model, after)
      const { hostsTouched, softPenalty, ...same } = costOf(model, after)
      assert.deepEqual(same, { unmet: 0, overloadedHosts: 0, excess: 0, migrationMs: before.migrationMs })
      assert.ok(hostsTouched <= before.hostsTouched && softPenalty <= before.softPenalty)
      if (hostsTouched < before.hostsTouched) improved++
    }),
    { numRuns: 2 * runs, seed: 43 },
  )
  assert.ok(improved > 0)
})
