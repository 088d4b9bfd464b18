/**
 * A host keeps score of its own forecasts. VMs that vary each for itself make it trust them within minutes. VMs that rise
 * together never do, however smoothly they rise. Demand that stays as it is needs no forecast, and proves none.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { randomStream } from '@drover/placement'
import { asVmId } from '../data/ids.ts'
import type { ObservedVm } from '../data/io.ts'
import { createHost, vmForecastsHere } from '../snapshot/host.ts'
import { observe } from '../snapshot/observe.ts'
import { ordinaryVm } from '../testing/observed-vm.ts'
import { createForecastSkill, type ForecastDoubt, rankedScore } from './forecast-skill.ts'

const vm = (i: number, cpuMilli: number): ObservedVm => ({
  ...ordinaryVm,
  vm: asVmId(`vm-${String(i).padStart(2, '0')}`),
  name: `vm-${i}`,
  incarnation: '1',
  cpuMilli,
  memoryMiB: 1_024,
  dirtyMiBps: 10,
})

/** A normal deviate is the sum of twelve uniform ones. */
const stream = (seed: number) => {
  const { below } = randomStream(seed)
  const uniform = (): number => below(2 ** 32) / 2 ** 32
  const normal = (): number => Array.from({ length: 12 }, uniform).reduce((sum, one) => sum + one, -6)
  return { uniform, normal }
}

/** What a host thinks of its forecast at the end of each minute. `vmsAt`: what it runs at that second. */
const thinks = (
  seconds: number,
  vmsAt: (s: number) => readonly ObservedVm[],
  present: (s: number) => boolean = () => true,
): readonly (ForecastDoubt | null)[] => {
  const host = createHost([], false)
  const score = createForecastSkill()
  const minutes: (ForecastDoubt | null)[] = []
  let doubt: ForecastDoubt | null = null
  for (let s = 0; s <= seconds; s++) {
    const vms = vmsAt(s)
    if (present(s)) {
      observe(host, s * 1_000, vms, new Set())
      doubt = score(s * 1_000, host.vms, () => vmForecastsHere(host))
    }
    if (s % 60 === 0 && s > 0) minutes.push(doubt)
  }
  return minutes
}

/** Ten VMs, each drawn anew from N(600, 200) every `gapS` or so. */
const independent = (seed: number, gapS: number) => {
  const { uniform, normal } = stream(seed)
  const now = Array.from({ length: 10 }, () => 600)
  return (): readonly ObservedVm[] => {
    for (let i = 0; i < now.length; i++)
      if (uniform() < 1 / gapS) now[i] = Math.round(Math.max(0, 600 + 200 * normal()))
    return now.map((cpuMilli, i) => vm(i, cpuMilli))
  }
}

/** Ten VMs that swing between rest and peak together, each a little differently. */
const together = (seed: number, periodS: number, phase: number) => {
  const { uniform } = stream(seed)
  const rest = Array.from({ length: 10 }, () => 300 + 200 * uniform())
  return (s: number): readonly ObservedVm[] => {
    const x = (s / periodS + phase) % 1
    const y = 2 * Math.min(x, 1 - x)
    const height = y < 0.5 ? 2 * y * y : 1 - 2 * (1 - y) * (1 - y)
    return rest.map((low, i) => vm(i, 10 * Math.round((low + (700 - low) * height) / 10)))
  }
}

const seeds = Array.from({ length: 20 }, (_, i) => i + 1)

test('with VMs that vary independently nine hosts of ten believe their forecast after a quarter of an hour', () => {
  const believing = seeds.filter((seed) => thinks(900, independent(seed, 120)).at(-1) === null)
  assert.ok(believing.length >= 18, `${believing.length} of 20`)
})

test('no forecast is believed before a minute was watched, and the notes of a horizon were scored', () => {
  for (const seed of seeds)
    assert.deepEqual(new Set(thinks(250, independent(seed, 60))), new Set(['forecast.unproven']))
})

test('with VMs that rise together no host ever believes its forecast, fast or slow, wherever the wave begins', () => {
  for (const periodS of [200, 900, 3_600])
    for (const phase of [0, 0.25, 0.5, 0.75]) {
      const minutes = thinks(2 * periodS + 600, together(7, periodS, phase))
      assert.ok(!minutes.includes(null), `period ${periodS} s from ${phase}: ${minutes}`)
      assert.equal(minutes.at(-1), 'forecast.together')
    }
})

test('demand that stays as it is proves no forecast', () => {
  const minutes = thinks(1_200, () => Array.from({ length: 10 }, (_, i) => vm(i, 600)))
  assert.ok(!minutes.includes(null), `${minutes}`)
})

test('a host that believed its forecast stops when its VMs begin to rise together', () => {
  for (const seed of seeds.slice(0, 5)) {
    const alone = independent(seed, 120)
    const wave = together(seed, 900, 0)
    const minutes = thinks(3_600, (s) => (s < 1_800 ? alone() : wave(s - 1_800)))
    assert.equal(minutes[29], null, `seed ${seed}: believed after half an hour`)
    assert.notEqual(minutes[44], null, `seed ${seed}: no more a quarter of an hour later`)
  }
})

test('VMs that come and go do not count as errors of the forecast', () => {
  for (const seed of seeds.slice(0, 5)) {
    const vmsAt = independent(seed, 120)
    // Every other minute two more run here, other ones each time.
    const guests = (s: number) => [0, 1].map((i) => vm(20 + 2 * Math.floor(s / 120) + i, 1_000))
    const minutes = thinks(1_500, (s) => [...vmsAt(), ...(s % 120 < 60 ? guests(s) : [])])
    const quiet = thinks(1_500, independent(seed, 120))
    assert.equal(minutes.at(-1), quiet.at(-1), `seed ${seed}`)
  }
})

test('a forecast for a time without a sample is dropped', () => {
  const vmsAt = independent(1, 60)
  // Looks for two minutes, and not for the two that follow: no note is ever scored.
  const minutes = thinks(1_200, vmsAt, (s) => s % 240 < 100)
  assert.deepEqual(new Set(minutes), new Set(['forecast.unproven']))
})

test('the ranked score is that of its definition, and best for the true spread', () => {
  // ∫ (Φ(x) − [x ≥ miss])² dx, with Φ by summing up the density.
  const integral = (miss: number): number => {
    const step = 0.001
    let [total, below] = [0, 0]
    for (let x = -8; x < 12; x += step) {
      below += (step * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI)
      total += step * (below - (x >= miss ? 1 : 0)) ** 2
    }
    return total
  }
  for (const miss of [0, 0.1, 0.6, 1, 2.4, 4, 6]) {
    assert.ok(Math.abs(rankedScore(100 * miss, 100) / 100 - integral(miss)) < 0.006, `${miss}`)
    assert.equal(rankedScore(-miss, 1), rankedScore(miss, 1))
    assert.equal(rankedScore(miss, 0), miss, 'without a spread it is the absolute error')
  }
  const { normal } = stream(3)
  const seen = Array.from({ length: 5_000 }, normal)
  const mean = (deviation: number): number =>
    seen.reduce((sum, one) => sum + rankedScore(one, deviation), 0) / seen.length
  for (const wrong of [0, 0.5, 0.7, 1.5, 2]) assert.ok(mean(wrong) > mean(1), `${wrong}`)
})
