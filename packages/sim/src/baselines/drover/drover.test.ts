// The daemon's core in a simulated run: an overload is noticed, two hosts make a partition, one VM moves, both are released.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { presets } from '@drover/protocol'
import { createRun } from '../../run/create-run.ts'
import { smallWorkload } from '../../testing/small-workload.ts'
import { generateShape } from '../../workload/shapes.ts'
import { generateVmplaces } from '../../workload/vmplaces.ts'
import { drover } from './drover.ts'
import type { DroverOptions } from './drover-options.ts'

/** Three hosts, the first above its 7,000 from 20 s on. */
const workload = smallWorkload({
  hosts: 3,
  vms: [
    ['a', 'h0', 3_000],
    ['b', 'h0', 2_000],
    ['c', 'h1', 1_000],
    ['d', 'h2', 6_000],
  ],
  changes: [[20_000, 'a', 6_000]],
  vm: { vcpus: 8 },
})
const reactive = { forecastGainMsMin: null, overloadHoldMs: 5_000 } as const

const runOf = (of: typeof workload, options: DroverOptions, seed = 1) => {
  const trace: string[] = []
  const { run, play, measures } = createRun({ workload: of, seed, trace: (line) => trace.push(line) })
  drover(options).begin(run)
  play()
  return { run, trace, ...measures() }
}

test('an overload that lasts is cured by one migration between two hosts', () => {
  const { run, trace, measured, partitionSizes, timeline } = runOf(workload, { policy: reactive })
  assert.equal(measured.migrations, 1)
  assert.deepEqual(partitionSizes, [2])
  assert.equal(measured.overloadsCured, 1)
  assert.ok(run.hosts.every((host) => host.cpuMilli <= host.capacityMilli))
  // The next sample, the hold, the migration of 1024 MiB at 125 MiB/s, and hardly anything else.
  assert.ok(measured.overloadSeconds > 5 + 8.19, `${measured.overloadSeconds}`)
  assert.ok(measured.overloadSeconds < 2 + 5 + 8.2 + 0.1, `${measured.overloadSeconds}`)
  // Source and destination were held for the time of the migration, and let go at its end.
  const held = timeline?.held ?? []
  assert.deepEqual(held.map(([host]) => host).sort(), [0, 1])
  for (const [, from, to] of held) assert.ok(to - from > 8.19 && to - from < 8.5, `${to - from}`)
  assert.equal(trace.filter((line) => line.includes('decision h0 overload.cpu cured')).length, 1)
})

test('with sampling at the change itself the next sample is not waited for', () => {
  const { measured } = runOf(workload, { policy: reactive, sampleMs: 0 })
  assert.ok(Math.abs(measured.overloadSeconds - (5 + 8.192)) < 0.05, `${measured.overloadSeconds}`)
})

test('a calm cluster says only what gossip and probes cost', () => {
  const calm = smallWorkload({ hosts: 3, vms: [['a', 'h0', 1_000]], durationMs: 600_000 })
  const { measured, trace } = runOf(calm, {})
  assert.deepEqual(trace, [])
  assert.equal(measured.bookedHostSeconds, 0)
  // Each agent: 1.25 probes a second, each answered; a summary every 5 s, in 4 copies among three.
  const expected = 3 * 600 * (2 * 1.25 + 4 / 5)
  assert.ok(Math.abs(measured.messages / expected - 1) < 0.02, `${measured.messages} of ${expected}`)
})

test('the same seed gives the same run, another seed another', () => {
  const many = generateVmplaces({ hosts: 16, seed: 3, durationS: 600, meanLoad: 66 })
  const hashOf = (seed: number): string => runOf(many, {}, seed).measured.traceHash
  assert.equal(hashOf(1), hashOf(1))
  assert.notEqual(hashOf(1), hashOf(2))
})

test('where VMs rise together drover makes no overload of its own, however early it would act', () => {
  for (const seed of [11, 12])
    for (const preset of ['balanced', 'aggressive'] as const) {
      // One group of hosts is at its height while another has room, and then the other way round: none is ever too full.
      const waves = generateShape({ kind: 'waves', hosts: 16, seed, durationS: 900 })
      const { measured } = runOf(waves, { policy: presets[preset] })
      assert.deepEqual([measured.overloadSeconds, measured.migrations], [0, 0], `${preset}, seed ${seed}`)
    }
})

test('options that make no sense are refused', () => {
  assert.throws(() => drover({ arcHosts: 0 }), { name: 'RangeError', message: /arcHosts/ })
  assert.throws(() => drover({ sampleMs: -1 }), { name: 'RangeError', message: /sampleMs/ })
  const large = generateVmplaces({ hosts: 129, seed: 1, durationS: 1 })
  assert.throws(() => runOf(large, { gossip: 'full' }), { name: 'RangeError', message: /at most 128/ })
})
