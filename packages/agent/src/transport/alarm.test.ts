/** One timer serves many moments: what must happen first sets it, and later wishes cost nothing. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { createAlarm } from './alarm.ts'

/** An alarm on a clock that the test moves; `rings` counts. */
const alarmOf = (t: TestContext) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const seen = { rings: 0 }
  const alarm = createAlarm(() => {
    seen.rings += 1
  })
  const setIn = (ms: number) => alarm.setTo(performance.now() + ms)
  return { alarm, seen, setIn, pass: (ms: number) => t.mock.timers.tick(ms) }
}

test('an alarm rings once, at the earliest moment that it was set to', (t) => {
  const { seen, setIn, pass } = alarmOf(t)
  for (const ms of [300_000, 60_000, 180_000]) setIn(ms)
  pass(30_000)
  assert.equal(seen.rings, 0)
  pass(31_000)
  assert.equal(seen.rings, 1)
  pass(600_000)
  assert.equal(seen.rings, 1, 'the later moments were dropped')
})

test('an alarm that has rung can be set again; a moment that has passed rings soon; never means never', (t) => {
  const { alarm, seen, setIn, pass } = alarmOf(t)
  setIn(-1_000)
  pass(1)
  assert.equal(seen.rings, 1)
  alarm.setTo(Number.POSITIVE_INFINITY)
  pass(60_000)
  assert.equal(seen.rings, 1)
  setIn(60_000)
  alarm.clear()
  pass(600_000)
  assert.equal(seen.rings, 1)
})
