// What the modelled gossip is worth: the same clusters once with every summary and every probe as a message of its own, heard by
// the ring's own code, and once by the model of gossip. The decisions are nearly all the same, and so is what they cost.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRun } from '../../run/create-run.ts'
import { generateVmplaces } from '../../workload/vmplaces.ts'
import { drover } from './drover.ts'
import type { DroverOptions } from './drover-options.ts'

const seeds = [1, 2, 3, 7, 12]

const sumOf = (gossip: DroverOptions['gossip'] & string) => {
  const sum = { overloadSeconds: 0, migrations: 0, messages: 0, bytes: 0 }
  for (const seed of seeds) {
    const workload = generateVmplaces({ hosts: 12, seed, durationS: 600, meanLoad: 64 })
    const { run, play, measures } = createRun({ workload, seed })
    drover({ gossip }).begin(run)
    play()
    const { measured } = measures()
    for (const key of Object.keys(sum) as (keyof typeof sum)[]) sum[key] += measured[key]
  }
  return sum
}

test('modelled gossip gives what real gossip gives', () => {
  const [arcs, full] = [sumOf('arcs'), sumOf('full')]
  const off = (key: keyof typeof arcs): number => Math.abs(arcs[key] / full[key] - 1)
  const said = JSON.stringify({ arcs, full })
  assert.ok(full.migrations >= 20, said)
  assert.ok(off('overloadSeconds') <= 0.15, said)
  assert.ok(off('migrations') <= 0.15, said)
  assert.ok(off('messages') <= 0.02, said)
  assert.ok(off('bytes') <= 0.03, said)
})
