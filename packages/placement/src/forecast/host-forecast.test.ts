/**
 * Ten VMs on one host, each drawn anew from N(600, 200) every five minutes or so: how long will the host be overloaded?
 * The formula is compared with a simulation of that very process, and each of its properties is shown.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { randomStream } from '../problem/random.ts'
import type { DemandStats } from './demand-history.ts'
import {
  expectedOverloadMs,
  type HostForecast,
  horizonS,
  hostForecastOf,
  vmForecastsOf,
  withoutVm,
  withVm,
} from './host-forecast.ts'

const stats = (changes: Partial<DemandStats> = {}): DemandStats => ({
  watchedS: 1_800,
  meanMilli: 600,
  deviationMilli: 200,
  turnoverS: 300,
  ...changes,
})
const host = (demands: readonly number[], of: Partial<DemandStats> = {}): HostForecast =>
  hostForecastOf(vmForecastsOf(demands.map((nowMilli) => ({ nowMilli, stats: stats(of) }))))
const ten = (nowMilli: number): readonly number[] => Array.from({ length: 10 }, () => nowMilli)

/** A normal deviate is the sum of twelve uniform ones. */
const stream = (seed: number) => {
  const { below } = randomStream(seed)
  const uniform = (): number => below(2 ** 32) / 2 ** 32
  const normal = (): number => {
    let total = -6
    for (let i = 0; i < 12; i++) total += uniform()
    return total
  }
  return { uniform, normal }
}

/** Mean seconds above `usable` in the horizon, over many runs of the process, second by second. */
const simulated = (demands: readonly number[], usable: number): number => {
  const { uniform, normal } = stream(7)
  const runs = 2_000
  let above = 0
  for (let run = 0; run < runs; run++) {
    const now = [...demands]
    for (let s = 0; s < horizonS; s += 5) {
      let total = 0
      for (const one of now) total += one
      if (total > usable) above += 5
      for (let v = 0; v < now.length; v++) if (uniform() < 5 / 300) now[v] = 600 + 200 * normal()
    }
  }
  return above / runs
}

test('the expected overload is that of the process, within a tenth of the horizon', () => {
  for (const demands of [
    ten(600),
    ten(680),
    [1000, 1000, 1000, 1000, 1000, 400, 400, 400, 400, 300],
    ten(720),
  ]) {
    const foreseenS = expectedOverloadMs(host(demands), 7_000) / 150
    const seen = simulated(demands, 7_000)
    assert.ok(
      Math.abs(foreseenS - seen) < horizonS / 10,
      `${demands}: foreseen ${foreseenS} s, seen ${seen} s`,
    )
  }
})

test('more demand, more spread and one VM more are each worse; a larger host is better', () => {
  const base = expectedOverloadMs(host(ten(640)), 7_000)
  assert.ok(expectedOverloadMs(host(ten(680)), 7_000) > base)
  assert.ok(expectedOverloadMs(host(ten(640), { deviationMilli: 300 }), 7_000) > base)
  assert.ok(expectedOverloadMs(host([...ten(640), 0]), 7_000) > base, 'an idle VM will not stay idle')
  assert.ok(expectedOverloadMs(host(ten(640)), 8_000) < base / 4)
})

test('demand that never changed is expected to stay: a host just below its limit expects no overload', () => {
  const constant = host(ten(695), { meanMilli: 695, deviationMilli: 0, turnoverS: 0 })
  assert.equal(expectedOverloadMs(constant, 7_000), 0)
})

test('demand that turns over every few seconds and is low on average is a blip, not an overload to come', () => {
  const blip = host(ten(800), { meanMilli: 400, deviationMilli: 100, turnoverS: 3 })
  const lasting = host(ten(800), { meanMilli: 400, deviationMilli: 100, turnoverS: 600 })
  assert.ok(expectedOverloadMs(blip, 7_000) < 2_000)
  assert.ok(expectedOverloadMs(lasting, 7_000) > 10_000)
})

test('there is no forecast before a VM was watched for a minute', () => {
  assert.equal(vmForecastsOf([]).known, false)
  assert.equal(vmForecastsOf([{ nowMilli: 600, stats: stats({ watchedS: 30 }) }]).known, false)
  assert.equal(vmForecastsOf([{ nowMilli: 600, stats: stats({ watchedS: 61 }) }]).known, true)
})

test('VMs watched for hours keep their own means; VMs watched for minutes share one', () => {
  const vms = (watchedS: number) =>
    vmForecastsOf(
      [200, 1_000].flatMap((meanMilli) =>
        Array.from({ length: 5 }, () => ({
          nowMilli: meanMilli,
          stats: stats({ watchedS, meanMilli, deviationMilli: 50, turnoverS: 300 }),
        })),
      ),
    ).each.map((one) => Math.round(one.meanMilli))
  const [low, high] = [vms(7_000)[0]!, vms(7_000)[9]!]
  assert.ok(low < 300 && high > 900, `${low} ${high}`)
  const short = vmForecastsOf(
    [550, 650].flatMap((meanMilli) =>
      Array.from({ length: 5 }, () => ({
        nowMilli: 600,
        stats: stats({ watchedS: 120, meanMilli, turnoverS: 300 }),
      })),
    ),
  ).each.map((one) => Math.round(one.meanMilli))
  assert.ok(
    short.every((mean) => Math.abs(mean - 600) < 10),
    `${short}`,
  )
})

test('taking a VM out of a forecast and in again restores it', () => {
  const { each, turnoverS } = vmForecastsOf(ten(640).map((nowMilli) => ({ nowMilli, stats: stats() })))
  const whole = hostForecastOf({ each, turnoverS, known: true })
  const again = withVm(withoutVm(whole, each[3]!), each[3]!)
  assert.ok(Math.abs(expectedOverloadMs(whole, 7_000) - expectedOverloadMs(again, 7_000)) < 1e-6)
})
