/**
 * A VM is watched sample by sample. What is kept of it says how its demand varies; it travels with the VM as four
 * integers, and the next host goes on from there.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { habitOf, heldSOf, noHabit, unwatched, type Watch, watch, watchOf } from './demand-history.ts'

/** Demand that is `values[i]` for `everyS` each, sampled every second. */
const watched = (values: readonly number[], everyS: number): Watch => {
  let past = unwatched
  for (const [i, value] of values.entries())
    for (let s = 0; s < everyS; s++)
      past = watch(past, 1, value, s + 1 < everyS ? value : (values[i + 1] ?? value))
  return past
}

test('a constant demand has no deviation and never turns over', () => {
  assert.deepEqual(habitOf(watched([600, 600, 600], 60)), {
    watchedS: 180,
    meanMilli: 600,
    deviationMilli: 0,
    turnoverS: 0,
  })
  assert.deepEqual(habitOf(unwatched), noHabit)
})

test('a demand that is drawn anew every minute turns over in about a minute', () => {
  // A fixed sequence that looks like independent draws from 200 … 800.
  const draws = Array.from({ length: 100 }, (_, i) => 200 + ((i * i * 37 + i * 11) % 601))
  const { meanMilli, deviationMilli, turnoverS } = habitOf(watched(draws, 60))
  assert.ok(meanMilli > 440 && meanMilli < 560, `${meanMilli}`)
  assert.ok(deviationMilli > 140 && deviationMilli < 210, `${deviationMilli}`)
  assert.ok(turnoverS > 40 && turnoverS < 90, `${turnoverS}`)
})

test('what happened while nobody looked is not counted', () => {
  const before = watched([300, 500], 30)
  assert.equal(watch(before, 600, 500, 900), before)
  assert.equal(watch(before, -5, 500, 900), before)
})

test('a change that a second look of the same moment showed is a change', () => {
  const { watchedS, changes, count } = watch(watched([300, 500], 30), 0, 500, 900)
  assert.deepEqual([watchedS, changes, count], [60, 200_000, 2])
})

test('the past fades: after hours the newer habit wins', () => {
  let past = watched([200], 7_000)
  for (let s = 0; s < 14_000; s += 10) past = watch(past, 10, 800, 800)
  const { watchedS, meanMilli } = habitOf(past)
  assert.ok(watchedS <= 7_200, `${watchedS}`)
  assert.ok(meanMilli > 700, `${meanMilli}`)
})

test('a habit travels: sums made of it give the same habit', () => {
  fc.assert(
    fc.property(
      fc.record({
        watchedS: fc.integer({ min: 1, max: 7_200 }),
        meanMilli: fc.integer({ min: 0, max: 64_000 }),
        deviationMilli: fc.integer({ min: 1, max: 20_000 }),
        turnoverS: fc.integer({ min: 1, max: 80_000 }),
      }),
      (habit) => {
        const again = habitOf(watchOf(habit))
        assert.equal(again.watchedS, habit.watchedS)
        assert.equal(again.meanMilli, habit.meanMilli)
        assert.equal(again.deviationMilli, habit.deviationMilli)
        assert.ok(Math.abs(again.turnoverS - habit.turnoverS) <= 1)
      },
    ),
  )
  assert.deepEqual(habitOf(watchOf(noHabit)), noHabit)
})

test('demand lasts as long as it was seen to: a first step after an hour is no sign of haste', () => {
  const calm = watched([300], 3_600)
  const stepped = watch(calm, 1, 300, 900)
  assert.equal(Math.round(heldSOf([calm])), 3_600)
  assert.equal(Math.round(heldSOf([calm, stepped])), 7_201)
  assert.equal(Math.round(heldSOf([watched([300, 500, 700, 200], 10)])), 13)
  assert.ok(habitOf(stepped).turnoverS < 10, 'which its squared change alone would say')
})
