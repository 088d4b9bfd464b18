/** Made-up demand keeps its word: it goes up when, as far, and for as many as was asked, and is the same every time. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { generateShape, type Shape, swing } from './shapes.ts'

/** Demand of each VM at each of these times, % of a core. */
const loadsAt = (shape: Shape, timesS: readonly number[]): readonly (readonly number[])[] => {
  const { vms, changes } = generateShape(shape)
  const now = new Map(vms.map(({ vm, cpuMilli }) => [vm, cpuMilli / 10]))
  const all = [...changes()]
  let next = 0
  return timesS.map((atS) => {
    for (; next < all.length && all[next]!.atMs <= atS * 1_000; next++)
      now.set(all[next]!.vm, all[next]!.cpuMilli / 10)
    return [...now.values()]
  })
}
const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length

test('a shape and a seed give the same workload again, another seed another one', () => {
  for (const kind of ['steps', 'waves', 'flash-crowds'] as const) {
    const plain = (seed: number) => {
      const workload = generateShape({ kind, hosts: 4, seed })
      return { vms: workload.vms, changes: [...workload.changes()] }
    }
    assert.deepEqual(plain(1), plain(1))
    assert.notDeepEqual(plain(1), plain(2))
    const { changes } = plain(1)
    assert.ok(changes.length > 0, kind)
    assert.ok(changes.every(({ atMs }, i) => atMs >= (changes[i - 1]?.atMs ?? 0) && atMs <= 1_800_000))
  }
})

test('a step: a share of the VMs is up within one sample, holds, and is where it was', () => {
  const shape = { kind: 'steps', hosts: 40, seed: 3, everyS: 600, holdS: 300, share: 0.25, peak: 90 } as const
  const [before, up, still, after] = loadsAt(shape, [599, 611, 899, 911])
  assert.deepEqual(up, still)
  assert.deepEqual(before, after)
  const risen = up!.filter((load, i) => load > before![i]!).length
  assert.ok(Math.abs(risen - 100) < 4 * 8.7, `${risen} of 400`) // √(400 · ¼ · ¾) = 8.7
  assert.ok(up!.every((load, i) => load === before![i]! || load === 90))
})

test('a wave: from rest to peak and back, the groups one after another', () => {
  const shape = {
    kind: 'waves',
    hosts: 4,
    seed: 3,
    periodS: 800,
    groups: 4,
    mean: 40,
    std: 0,
    peak: 80,
    sampleS: 1,
  } as const
  const [start, quarter, half, end] = loadsAt(shape, [1, 201, 401, 801])
  const groups = (loads: readonly number[]) => [0, 1, 2, 3].map((g) => mean(loads.slice(g * 10, g * 10 + 10)))
  assert.deepEqual(groups(start!), [40, 60, 80, 60])
  assert.deepEqual(groups(quarter!), [60, 40, 60, 80])
  assert.deepEqual(groups(half!), [80, 60, 40, 60])
  assert.deepEqual(end, start)
  assert.deepEqual([0, 0.25, 0.5, 0.75, 1, -0.25].map(swing), [0, 0.5, 1, 0.5, 0, 0.5])
})

test('a crowd: one application rises, holds and falls; the others do not notice', () => {
  const shape = {
    kind: 'flash-crowds',
    ...{ hosts: 20, seed: 11, gapS: 5_000, durationS: 20_000, share: 0.2, mean: 50, std: 0, peak: 100 },
    ...{ riseS: 100, holdS: 200, fallS: 400, sampleS: 1 },
  } as const
  const { changes } = generateShape(shape)
  const [first] = changes()
  const beganS = first!.atMs / 1_000
  const loads = loadsAt(shape, [beganS - 2, beganS + 52, beganS + 150, beganS + 500, beganS + 800])
  const risen = loads[2]!.flatMap((load, i) => (load > 50 ? [i] : []))
  assert.ok(risen.length > 15 && risen.length < 70, `${risen.length} of 200`)
  const [before, rising, height, falling, after] = loads.map((all) =>
    Math.round(mean(risen.map((i) => all[i]!))),
  )
  assert.deepEqual([before, height, after], [50, 100, 50])
  for (const half of [rising!, falling!]) assert.ok(Math.abs(half - 75) <= 2, `${half}`)
  assert.ok(loads.every((all) => all.every((load, i) => load === 50 || risen.includes(i))))
})

test('a shape that describes nothing is refused', () => {
  for (const wrong of [{ hosts: 0 }, { vmsPerHost: 0.5 }, { sampleS: 0 }])
    assert.throws(() => generateShape({ kind: 'steps', hosts: 1, seed: 1, ...wrong }), RangeError)
})
