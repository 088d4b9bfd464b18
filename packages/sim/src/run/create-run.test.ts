// One world for all baselines: demand rises when the workload says so, a migration takes its time, and the metrics show both.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asVmId } from '@drover/protocol'
import type { MigrationEnd } from '../hypervisor/events.ts'
import { smallWorkload } from '../testing/small-workload.ts'
import { createRun } from './create-run.ts'

const [a, b, c] = [asVmId('a'), asVmId('b'), asVmId('c')]
/** h0 is overloaded by 1000 cpuMilli from 10 s on. */
const workload = smallWorkload({
  hosts: 2,
  vms: [
    ['b', 'h0', 3_000],
    ['a', 'h0', 2_000],
    ['c', 'h1', 1_000],
  ],
  changes: [
    [10_000, 'a', 4_000],
    [10_000, 'b', 4_000],
    [12_000, 'b', 4_000],
  ],
})

test('left alone, an overload lasts to the end, and hosts draw what they use', () => {
  const { run, play, measures } = createRun({ workload, seed: 1 })
  assert.deepEqual(
    [...run.hosts[0]!.vms].map((vm) => vm.spec.vm),
    [a, b],
  )
  play()
  const { measured, timeline } = measures()
  assert.equal(run.kernel.now(), 60_000)
  assert.equal(measured.overloadSeconds, 50)
  assert.deepEqual(measured.overloadDurationsS, [50])
  assert.deepEqual(timeline?.overloads, [[0, 10, 60]])
  assert.deepEqual([measured.migrations, measured.movedMiB], [0, 0])
  // h0 at 5/7 for 10 s and at 100 % for 50 s, h1 at 1/7: 100 W and 100 W more at full load.
  const joules = 10 * (100 + 500 / 7) + 50 * 200 + 60 * (100 + 100 / 7)
  assert.ok(Math.abs(measured.energyKwh - joules / 3_600_000) < 1e-12)
  assert.equal(measured.energyIdleOffKwh, measured.energyKwh)
})

test('a VM counts on its source until it has arrived, its last stop included', () => {
  const { run, play, measures } = createRun({ workload, seed: 1 })
  const [h0, h1] = [run.hosts[0]!, run.hosts[1]!]
  const ends: [number, MigrationEnd][] = []
  const seen: [number, string, number][] = []
  const underway: number[][] = []
  run.onChange((host) => {
    seen.push([run.kernel.now(), host.id, host.cpuMilli])
    if (ends.length > 0 || run.moving(a) || host.cpuMilli <= host.capacityMilli) return
    assert.equal(
      run.migrate(a, h1, (end) => ends.push([run.kernel.now(), end])),
      true,
    )
    assert.equal(run.migrate(a, h1), false)
    underway.push([h0.cpuMilli, h0.leavingMilli, h1.arrivingMilli, h1.arrivingMiB, h1.cpuMilli])
  })
  play()
  assert.deepEqual(underway, [[8_000, 4_000, 4_000, 1_024, 1_000]])
  assert.deepEqual(ends, [[18_192, 'moved']]) // 1024 MiB at 125 MiB/s
  assert.deepEqual(seen, [
    [10_000, 'h0', 7_000],
    [10_000, 'h0', 8_000],
    [18_192, 'h0', 4_000],
    [18_192, 'h1', 5_000],
  ])
  assert.deepEqual([h0.leavingMilli, h1.arrivingMilli, h1.memoryMiB], [0, 0, 2_048])
  assert.equal(run.hostOf(a), h1)
  assert.equal(run.hostOf(c), h1)
  const { measured, timeline } = measures()
  assert.equal(measured.overloadSeconds, 8.192)
  assert.deepEqual([measured.migrations, measured.movedMiB], [1, 1_024])
  assert.deepEqual(timeline?.migrations, [[0, 1, 10, 18.192]])
  assert.throws(() => run.hostOf(asVmId('nobody')), { name: 'RangeError', message: 'no VM nobody' })
})

test('a VM that is stopped for its last pages still counts, whatever its neighbours do', () => {
  const moving = smallWorkload({
    hosts: 2,
    vms: [
      ['a', 'h0', 4_000],
      ['b', 'h0', 2_000],
    ],
    changes: [[8_500, 'b', 4_000]],
  })
  const { run, play, measures } = createRun({ workload: moving, seed: 1, finishMs: 1_000 })
  run.migrate(a, run.hosts[1]!)
  const seen: unknown[] = []
  run.kernel.after(8_600, () => {
    seen.push(run.world.vm(a).copies[0]?.state, run.hosts[0]!.cpuMilli, run.hosts[0]!.leavingMilli)
  })
  play()
  assert.deepEqual(seen, ['paused', 8_000, 4_000])
  assert.equal(measures().measured.overloadSeconds, (9_192 - 8_500) / 1_000)
})

test('a migration takes as long as VMPlaceS says: 8.19 s / (1 − load · dirty share)', () => {
  for (const load of [0, 0.3, 0.6, 1])
    for (const dirty of [0.1, 0.2, 0.3, 0.4, 0.5]) {
      const one = smallWorkload({
        hosts: 2,
        vms: [['v', 'h0', load * 1_000]],
        vm: { vcpus: 1, dirtyMiBpsPerCore: dirty * 125 },
      })
      const { run, play } = createRun({ workload: one, seed: 1 })
      let tookMs = 0
      run.migrate(asVmId('v'), run.hosts[1]!, () => {
        tookMs = run.kernel.now()
      })
      play()
      const share = load * dirty
      // The closed form goes on for ever; here it stops as soon as the rest takes 30 ms, and sends that as the last.
      const shortMs = (1_024 / 125 / (1 - share)) * 1_000 - tookMs
      assert.ok(
        shortMs >= -1e-6 && shortMs <= (30 * share) / (1 - share) + 1e-6,
        `${load} ${dirty}: ${shortMs}`,
      )
    }
})

test('the dirty rate of a VM follows its demand, not its share of a full host, from the moment of the change', () => {
  const crowded = smallWorkload({
    hosts: 2,
    vms: [
      ['v', 'h0', 1_000],
      ['w', 'h0', 4_000],
      ['x', 'h0', 4_000],
    ],
    changes: [[4_096, 'v', 0]],
    vm: { dirtyMiBpsPerCore: 62.5 },
  })
  const { run, play } = createRun({ workload: crowded, seed: 1 })
  let tookMs = 0
  run.migrate(asVmId('v'), run.hosts[1]!, () => {
    tookMs = run.kernel.now()
  })
  play()
  // 1024 MiB, and the 256 MiB that it rewrote in the first half of the first round.
  assert.ok(Math.abs(tookMs - 10_240) < 1e-6, `${tookMs}`)
})

test('a change of demand comes before the timers of its instant, whenever these were asked for', () => {
  const { run, play } = createRun({ workload, seed: 1 })
  const seen: number[] = []
  run.kernel.after(10_000, () => seen.push(run.hosts[0]!.cpuMilli))
  play()
  assert.deepEqual(seen, [8_000])
})

test('reports of schedulers are in the metrics, but not what lies beyond the end of the run', () => {
  const { run, play, measures } = createRun({ workload, seed: 1 })
  const { metrics, hosts } = run
  run.kernel.after(60_000, () => {
    metrics.solved(hosts)
    metrics.solved([hosts[0]!])
    metrics.held(hosts[0]!, 50_000, 70_000)
    metrics.message(100)
    metrics.messages(10, 1_000)
    metrics.cured()
    run.migrate(b, hosts[1]!)
  })
  play()
  const { measured, partitionSizes, timeline } = measures()
  assert.deepEqual(partitionSizes, [2, 1])
  assert.deepEqual([measured.partitionSizeMedian, measured.partitionSizeMax], [1, 2])
  assert.deepEqual([measured.messages, measured.bytes, measured.overloadsCured], [11, 1_100, 1])
  assert.equal(measured.bookedHostSeconds, 10)
  assert.deepEqual(timeline?.held, [[0, 50, 60]])
  assert.deepEqual([measured.migrations, measured.movedMiB], [1, 0]) // begun in the last instant
})

test('the same run leaves the same trace; another line, another hash', () => {
  const hashOf = (line: string): string => {
    const lines: string[] = []
    const { run, play, measures } = createRun({ workload, seed: 1, trace: (one) => lines.push(one) })
    run.metrics.trace(line)
    play()
    assert.deepEqual(lines, [`0 ${line}`, '10000 demand a 4000', '10000 demand b 4000'])
    return measures().measured.traceHash
  }
  assert.equal(hashOf('x'), hashOf('x'))
  assert.notEqual(hashOf('x'), hashOf('y'))
  assert.match(hashOf('x'), /^[0-9a-f]{64}$/)
})

test('demand whose time goes back is refused', () => {
  const disorder = smallWorkload({
    hosts: 1,
    vms: [['a', 'h0', 0]],
    changes: [
      [2_000, 'a', 100],
      [1_000, 'a', 200],
    ],
  })
  assert.throws(() => createRun({ workload: disorder, seed: 1 }).play(), /said after 2000 ms/)
})
