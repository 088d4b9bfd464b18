/** What fails again and again is tried less and less often, but never more rarely than the bound says. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { backOffMs, jitteredMs } from './exponential-back-off.ts'

test('the pause doubles with each failure in a row, up to its bound', () => {
  assert.deepEqual(
    [0, 1, 2, 3, 4, 5, 6].map((failures) => backOffMs(failures, 100, 1_000)),
    [100, 100, 200, 400, 800, 1_000, 1_000],
  )
})

test('no count of failures makes the pause infinite, or shorter than the first one', () => {
  fc.assert(
    fc.property(
      fc.nat(),
      fc.integer({ min: 1, max: 1e6 }),
      fc.integer({ min: 1, max: 1e9 }),
      (n, first, max) => {
        const pauseMs = backOffMs(n, first, max)
        assert.ok(pauseMs >= Math.min(first, max) && pauseMs <= max)
        assert.ok(backOffMs(n + 1, first, max) >= pauseMs, 'one more failure never makes it shorter')
      },
    ),
  )
})

test('a pause with jitter has at least half its length, and less than the whole', () => {
  assert.equal(
    jitteredMs(1_000, (below) => below - 1),
    999,
  )
  assert.equal(
    jitteredMs(1_000, () => 0),
    500,
  )
  assert.equal(
    jitteredMs(1, () => 0),
    1,
    'a pause is never nothing',
  )
})
