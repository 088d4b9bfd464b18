// Under every scheduler the same seed leaves the same trace. Those that look at least every second do better than none.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { randomOf } from '../random.ts'
import { play } from '../testing/play.ts'
import type { SmallWorkload } from '../testing/small-workload.ts'
import { type SchedulerName, schedulers } from './baselines.ts'

/** Six hosts of four VMs each, of which one after another changes what it wants. */
const restless = (): SmallWorkload => {
  const random = randomOf(7, 'restless')
  const vms = Array.from({ length: 24 }, (_, i) => [`v${i}`, `h${i % 6}`, 1_200] as const)
  const changes = Array.from(
    { length: 100 },
    (_, i) => [6_000 * i + 500, `v${random.integer(0, 23)}`, 100 * random.integer(4, 24)] as const,
  )
  return { hosts: 6, vms, changes, durationMs: 600_000, vm: { dirtyMiBpsPerCore: 20 } }
}

const prompt: readonly SchedulerName[] = ['greedy-central', 'snooze', 'dvms', 'dvms-random']

test('under every scheduler the same run twice is the same to the last line', () => {
  const alone = play(schedulers.none.create(), restless()).measured.overloadSeconds
  for (const name of Object.keys(schedulers) as SchedulerName[]) {
    const [once, again] = [schedulers[name].create(), schedulers[name].create()]
    assert.equal(once.name, name)
    const [one, two] = [play(once, restless()), play(again, restless())]
    assert.equal(one.measured.traceHash, two.measured.traceHash, name)
    assert.deepEqual(one.held, two.held, name)
    if (name !== 'none' && name !== 'crs') assert.ok(one.begun.length > 0, `${name} moved nothing`)
    if (prompt.includes(name)) assert.ok(one.measured.overloadSeconds < alone, name)
  }
})
