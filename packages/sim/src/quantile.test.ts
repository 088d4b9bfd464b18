// Medians and high quantiles are what a statistician would give.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { quantile } from './quantile.ts'

test('medians and high quantiles are values that were measured', () => {
  assert.equal(quantile([], 500), null)
  assert.equal(quantile([7], 990), 7)
  assert.equal(quantile([5, 1, 3], 500), 3)
  assert.equal(quantile([4, 1, 3, 2], 500), 2)
  assert.equal(
    quantile(
      Array.from({ length: 200 }, (_, i) => i + 1),
      990,
    ),
    198,
  )
})
