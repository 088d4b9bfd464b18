/** What a host announces of its forecast is rounded to integers, and says the same. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { expectedOverloadMs, hostForecastOf, vmForecastsOf } from '@drover/placement'
import { forecastOfSummary, forecastSummaryOf } from './forecast-summary.ts'

const stats = { watchedS: 1_800, meanMilli: 600, deviationMilli: 200, turnoverS: 300 }

test('a forecast that was announced and read again is the same, but for rounding', () => {
  const demands = [...Array.from({ length: 10 }, () => 640), 900]
  const forecast = hostForecastOf(vmForecastsOf(demands.map((nowMilli) => ({ nowMilli, stats }))))
  const heard = forecastOfSummary(forecastSummaryOf(forecast), forecast.nowMilli)
  const [a, b] = [expectedOverloadMs(forecast, 7_000), expectedOverloadMs(heard, 7_000)]
  assert.ok(a > 0 && Math.abs(a - b) < a / 50, `${a} ${b}`)
})
