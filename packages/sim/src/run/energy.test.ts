/**
 * Our energy is put beside a published figure. Then it has to be the same thing: what hosts draw without power
 * management, what their load needs, and what CloudSim, which looks every five minutes, believes that their load needs.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createEnergyMeter } from './energy.ts'
import { createSampledEnergyMeter } from './sampled-energy.ts'

const curve = [100, 110, 120, 130, 140, 150, 160, 170, 180, 190, 200]
const hourMs = 3_600_000
const near = (actual: number, expected: number): void =>
  assert.ok(Math.abs(actual - expected) < 1e-12, `${actual}, not ${expected}`)

test('one day, three ways to count: always at full power, by load, and by load with idle hosts off', () => {
  for (const management of ['none', 'load'] as const) {
    const meter = createEnergyMeter([curve, curve], { management })
    meter.set(0, 0.5, 0)
    meter.set(1, 0, 0)
    meter.set(0, 0, hourMs)
    const { kwh, fullKwh, idleOnKwh, idleOffKwh } = meter.read(2 * hourMs)
    near(fullKwh, (4 * 200) / 1_000)
    near(idleOnKwh, (150 + 3 * 100) / 1_000)
    near(idleOffKwh, 150 / 1_000)
    assert.equal(kwh, management === 'none' ? fullKwh : idleOnKwh)
  }
})

test('a dead host draws nothing, however power is managed', () => {
  const meter = createEnergyMeter([curve], { management: 'none' })
  meter.set(0, 1, 0)
  meter.set(0, null, hourMs)
  const { fullKwh, idleOnKwh, idleOffKwh } = meter.read(2 * hourMs)
  for (const kwh of [fullKwh, idleOnKwh, idleOffKwh]) near(kwh, 0.2)
})

test('CloudSim: linear from look to look, off only where both see no demand, the first interval free', () => {
  const meter = createSampledEnergyMeter([curve], hourMs)
  const shares = [0.5, 0.5, 1, 0, 0, 0.3]
  for (const [look, share] of shares.entries()) meter.set(0, share, look * hourMs)
  // Free; 50 % to 100 %; 100 % to nothing, which is idle power; off; nothing to 30 %.
  near(meter.read(5 * hourMs), (0 + (150 + 200) / 2 + (200 + 100) / 2 + 0 + (100 + 130) / 2) / 1_000)
})

test('CloudSim does not see what happens between two looks, and sees the end of a moment in which much happens', () => {
  const meter = createSampledEnergyMeter([curve, curve], hourMs)
  meter.set(0, 0.5, 0)
  meter.set(0, 1, 1.25 * hourMs)
  meter.set(0, 0.5, 1.75 * hourMs)
  meter.set(0, 1, 2 * hourMs)
  meter.set(0, 0.5, 2 * hourMs)
  meter.set(0, null, 2.5 * hourMs)
  near(meter.read(2.9 * hourMs), 0.15)
  near(meter.read(4 * hourMs), 0.15 + 0.15 / 2)
})
