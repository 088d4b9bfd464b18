// A host in trouble warns of each of its VMs, again and again: what is kept for its status has a bound, and none is repeated at once.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits, policyOf } from './data/config.ts'
import { asHostId, asVmId } from './data/ids.ts'
import { createStepContext } from './step-context.ts'

test('the newest warnings are kept, and so many', () => {
  const context = createStepContext(asHostId('H1'), 1, 1, policyOf('balanced'))
  for (let i = 0; i < 2 * limits.warningsMax; i++) context.warn('vm.lost', `VM ${i}`, asVmId(`v${i}`))
  const kept = context.warnings()
  assert.equal(kept.length, limits.warningsMax)
  assert.equal(kept[0]?.text, `VM ${2 * limits.warningsMax - 1}`)
})

test('the same warning about the same VM is said once a minute', () => {
  const context = createStepContext(asHostId('H1'), 1, 1, policyOf('balanced'))
  const warns = (at: number): void => {
    context.setTime(at)
    context.warn('vm.lost', 'VM v', asVmId('v'))
  }
  warns(0)
  warns(limits.warningAgainMs - 1)
  assert.equal(context.warnings().length, 1)
  warns(limits.warningAgainMs)
  assert.equal(context.warnings().length, 2)
})
