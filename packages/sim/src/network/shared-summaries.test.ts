// One summary for all that hear it: as the codec has it, and changed by none of them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asHostId, decodeSummary, encodeSummary } from '@drover/protocol'
import { summaryOf } from '../../../protocol/src/testing/load-summary.ts'
import { createSummaryReader } from './shared-summaries.ts'

test('bytes are decoded once, and what they say cannot be changed', () => {
  const read = createSummaryReader()
  const bytes = encodeSummary(summaryOf(asHostId('a')))
  const summary = read(bytes)
  assert.deepEqual(summary, decodeSummary(bytes))
  assert.equal(read(bytes), summary)
  assert.throws(() => Object.assign(summary!, { vms: 1 }), TypeError)
  assert.throws(() => Object.assign(summary!.demand, { cpuMilli: 1 }), TypeError)
  assert.notEqual(read(Uint8Array.from(bytes)), summary, 'another message is another object')
})

test('garbage stays garbage', () => {
  const read = createSummaryReader()
  const garbage = Uint8Array.of(1, 2, 3)
  assert.deepEqual([read(garbage), read(garbage)], [null, null])
})
