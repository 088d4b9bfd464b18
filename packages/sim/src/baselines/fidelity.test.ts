// The baselines on the event files that VMPlaceS itself was measured on: as good and as bad as there, and moving about as much.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { createRun } from '../run/create-run.ts'
import { readVmplaces } from '../workload/vmplaces-files.ts'
import { type SchedulerName, schedulers } from './baselines.ts'

const data = join(process.env['DROVER_DATA'] ?? '../shared/data', 'vmplaces')
const file = (hosts: number, kind: string): string =>
  join(data, `${hosts}h${10 * hosts}v_seed23.${kind}.csv.gz`)

/** [baseline, hosts, overload seconds that VMPlaceS measured, how far from it, %] */
const measured: readonly (readonly [SchedulerName, number, number, number])[] = [
  ['lazy-ffd', 64, 2229.6, 25],
  ['entropy', 64, 1729.4, 25],
  ['snooze', 64, 923.3, 25],
  ['dvms', 64, 719, 15],
  ['lazy-ffd', 128, 5166, 25],
  ['entropy', 128, 4409.2, 25],
  ['dvms', 128, 1734.2, 15],
]

for (const [name, hosts, seconds, percent] of measured) {
  const paths = { events: file(hosts, 'load'), vms: file(hosts, 'vms') }
  const absent = Object.values(paths).find((path) => !existsSync(path))
  const skip = absent !== undefined && `no ${absent}: the data of VMPlaceS is not there (set DROVER_DATA)`
  test(`${name} on ${hosts} hosts is within ${percent} % of what VMPlaceS measured`, { skip }, () => {
    const { run, play, measures } = createRun({ workload: readVmplaces(paths), seed: 1 })
    schedulers[name].create().begin(run)
    play()
    const { overloadSeconds } = measures().measured
    const off = (100 * Math.abs(overloadSeconds - seconds)) / seconds
    assert.ok(
      off <= percent,
      `${overloadSeconds.toFixed(1)} s instead of ${seconds}: ${off.toFixed(1)} % off`,
    )
  })
}
