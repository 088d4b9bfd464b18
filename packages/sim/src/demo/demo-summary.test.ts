// The verdict of the summary needs all of it to be well.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { passed, type Summary } from './demo-summary.ts'

const fine: Summary = {
  schemaVersion: 1,
  hosts: 16,
  vms: 128,
  overloads: 3,
  cured: 3,
  curable: 3,
  migrations: 4,
  partitionSizeMedian: 2,
  detectToStartMsMedian: 30,
  detectToStartMsP99: 60,
  violations: [],
}

test('one uncured overload, one broken promise or no story at all is a failure', () => {
  assert.equal(passed(fine), true)
  assert.equal(passed({ ...fine, overloads: 4 }), true, 'one that could not be cured is no failure')
  assert.equal(passed({ ...fine, cured: 2 }), false)
  assert.equal(passed({ ...fine, violations: [{ invariant: 'S1', atMs: 1, text: 'twice' }] }), false)
  assert.equal(passed({ ...fine, overloads: 0, cured: 0, curable: 0 }), false)
})
