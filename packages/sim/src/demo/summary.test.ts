// The figures of the summary are those a statistician would give, and the verdict needs all of it to be well.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { passed, quantile, type Summary } from './summary.ts'

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

const fine: Summary = {
  schemaVersion: 1,
  hosts: 16,
  vms: 128,
  overloads: 3,
  cured: 3,
  curable: 3,
  migrations: 4,
  partitionSizeMedian: 2,
  detectToPlanMsMedian: 30,
  detectToPlanMsP99: 60,
  violations: [],
}

test('one uncured overload, one broken promise or no story at all is a failure', () => {
  assert.equal(passed(fine), true)
  assert.equal(passed({ ...fine, overloads: 4 }), true, 'one that nobody could cure is no failure')
  assert.equal(passed({ ...fine, cured: 2 }), false)
  assert.equal(passed({ ...fine, violations: [{ invariant: 'S1', atMs: 1, text: 'twice' }] }), false)
  assert.equal(passed({ ...fine, overloads: 0, cured: 0, curable: 0 }), false)
})
