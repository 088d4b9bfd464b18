// What is measured is exact: an overload to its last instant, and the area under the power curves.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ml110G5 } from '../workload/power.ts'
import { wattsAt } from './energy.ts'
import { createOverloadMeter } from './overload.ts'
import { createTrace } from './trace.ts'

test('overloads are told in the order in which they ended, then those still open; one of no length is none', () => {
  const meter = createOverloadMeter(3)
  meter.set(0, true, 0)
  meter.set(2, true, 10)
  meter.set(2, true, 15) // still
  meter.set(1, true, 20)
  meter.set(1, false, 20)
  meter.set(2, false, 30)
  meter.set(0, false, 40)
  meter.set(0, true, 50)
  assert.deepEqual(meter.spans(60), [
    { host: 2, fromMs: 10, toMs: 30 },
    { host: 0, fromMs: 0, toMs: 40 },
    { host: 0, fromMs: 50, toMs: 60 },
  ])
  assert.equal(meter.spans(50).length, 2) // to look changes nothing
})

test('the sum of all overloads is what counting every millisecond gives', () => {
  const change = fc.record({ host: fc.nat(2), overloaded: fc.boolean(), gapMs: fc.nat(5) })
  fc.assert(
    fc.property(fc.array(change), (changes) => {
      const meter = createOverloadMeter(3)
      const is = [false, false, false]
      let [nowMs, totalMs] = [0, 0]
      for (const { host, overloaded, gapMs } of changes) {
        totalMs += gapMs * is.filter(Boolean).length
        nowMs += gapMs
        is[host] = overloaded
        meter.set(host, overloaded, nowMs)
      }
      const spans = meter.spans(nowMs)
      assert.equal(
        spans.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0),
        totalMs,
      )
      assert.ok(spans.every(({ fromMs, toMs }) => toMs > fromMs))
    }),
  )
})

test('power is linear between the points of the curve, and no more than all of it', () => {
  const at = (share: number): number => wattsAt(ml110G5, share)
  assert.deepEqual([at(0), at(0.1), at(0.5), at(1), at(1.2)], [93.7, 97, 116, 135, 135])
  assert.ok(Math.abs(at(0.55) - 118.5) < 1e-9)
})

test('a trace is hashed as one text, however long it is, and may be read on the way', () => {
  const [one, other] = [createTrace(undefined), createTrace(undefined)]
  for (let i = 0; i < 10_000; i++) {
    one.add(i, 'something happened')
    other.add(i, 'something happened')
    if (i % 1_000 === 0) other.hash()
  }
  assert.equal(one.hash(), other.hash())
  other.add(10_000, 'more')
  assert.notEqual(one.hash(), other.hash())
})
