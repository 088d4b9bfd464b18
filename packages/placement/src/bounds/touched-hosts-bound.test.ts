/** The bound that large answers are measured against is never too high: every cure touches as many hosts. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compile } from '../model/model.ts'
import { runs } from '../testing/effort.ts'
import { problems } from '../testing/generator.ts'
import { placements, tupleOf } from '../testing/oracle.ts'
import { touchedHostsBound } from './touched-hosts-bound.ts'

test('No full cure touches fewer hosts than the bound says', () => {
  let tight = 0
  fc.assert(
    fc.property(problems({ hostsMax: 3, vmsMax: 5 }), (ruled) => {
      const problem = { ...ruled, rules: ruled.rules.map((rule) => ({ ...rule, continuous: false })) }
      const bound = touchedHostsBound(compile(problem))
      let fewest = Number.POSITIVE_INFINITY
      for (const placement of placements(problem)) {
        const [unmet, overloaded, , , , touched] = tupleOf(problem, placement)
        if (unmet === 0 && overloaded === 0) fewest = Math.min(fewest, touched)
      }
      assert.ok(bound <= fewest)
      if (bound === fewest && bound > 1) tight++
    }),
    { numRuns: runs, seed: 29 },
  )
  assert.ok(tight > runs / 20)
})
