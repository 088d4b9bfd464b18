/**
 * A VM is watched sample by sample. What is kept of it says how its demand varies; it travels with the VM as four
 * integers, and the next host goes on from there.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  addDemand,
  type DemandSums,
  demandStatsOf,
  demandSumsOf,
  meanHoldingTimeS,
  noDemandStats,
  noDemandSums,
} from './demand-history.ts'

/** Demand that is `values[i]` for `everyS` each, sampled every second. */
const watched = (values: readonly number[], everyS: number): DemandSums => {
  let past = noDemandSums
  for (const [i, value] of values.entries())
    for (let s = 0; s < everyS; s++)
      past = addDemand(past, 1, value, s + 1 < everyS ? value : (values[i + 1] ?? value))
  return past
}

test('a constant demand has no deviation and never turns over', () => {
  assert.deepEqual(demandStatsOf(watched([600, 600, 600], 60)), {
    watchedS: 180,
    meanMilli: 600,
    deviationMilli: 0,
    turnoverS: 0,
  })
  assert.deepEqual(demandStatsOf(noDemandSums), noDemandStats)
})

test('a demand that is drawn anew every minute turns over in about a minute', () => {
  // A fixed sequence that looks like independent draws from 200 … 800.
  const draws = Array.from({ length: 100 }, (_, i) => 200 + ((i * i * 37 + i * 11) % 601))
  const { meanMilli, deviationMilli, turnoverS } = demandStatsOf(watched(draws, 60))
  assert.ok(meanMilli > 440 && meanMilli < 560, `${meanMilli}`)
  assert.ok(deviationMilli > 140 && deviationMilli < 210, `${deviationMilli}`)
  assert.ok(turnoverS > 40 && turnoverS < 90, `${turnoverS}`)
})

test('time without samples is not counted', () => {
  const before = watched([300, 500], 30)
  assert.equal(addDemand(before, 600, 500, 900), before)
  assert.equal(addDemand(before, -5, 500, 900), before)
})

test('a change that a second sample of the same moment confirms counts', () => {
  const { watchedS, changes, count } = addDemand(watched([300, 500], 30), 0, 500, 900)
  assert.deepEqual([watchedS, changes, count], [60, 200_000, 2])
})

test('the past fades: after hours the newer demand counts more', () => {
  let past = watched([200], 7_000)
  for (let s = 0; s < 14_000; s += 10) past = addDemand(past, 10, 800, 800)
  const { watchedS, meanMilli } = demandStatsOf(past)
  assert.ok(watchedS <= 7_200, `${watchedS}`)
  assert.ok(meanMilli > 700, `${meanMilli}`)
})

test('statistics travel: sums made of them give the same statistics', () => {
  fc.assert(
    fc.property(
      fc.record({
        watchedS: fc.integer({ min: 1, max: 7_200 }),
        meanMilli: fc.integer({ min: 0, max: 64_000 }),
        deviationMilli: fc.integer({ min: 1, max: 20_000 }),
        turnoverS: fc.integer({ min: 1, max: 80_000 }),
      }),
      (stats) => {
        const again = demandStatsOf(demandSumsOf(stats))
        assert.equal(again.watchedS, stats.watchedS)
        assert.equal(again.meanMilli, stats.meanMilli)
        assert.equal(again.deviationMilli, stats.deviationMilli)
        assert.ok(Math.abs(again.turnoverS - stats.turnoverS) <= 1)
      },
    ),
  )
  assert.deepEqual(demandStatsOf(demandSumsOf(noDemandStats)), noDemandStats)
})

test('demand is expected to last as long as it did so far: a first step after an hour does not shorten that', () => {
  const calm = watched([300], 3_600)
  const stepped = addDemand(calm, 1, 300, 900)
  assert.equal(Math.round(meanHoldingTimeS([calm])), 3_600)
  assert.equal(Math.round(meanHoldingTimeS([calm, stepped])), 7_201)
  assert.equal(Math.round(meanHoldingTimeS([watched([300, 500, 700, 200], 10)])), 13)
  assert.ok(demandStatsOf(stepped).turnoverS < 10, 'which its squared change alone would say')
})
