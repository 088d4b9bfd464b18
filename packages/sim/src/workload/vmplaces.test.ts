// The workload of VMPlaceS: its own event files give its own overloads to the tenth of a second, and what is drawn by
// the same law is the same on every machine, in a file and out of it.
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { createRun } from '../run/create-run.ts'
import { generateVmplaces } from './vmplaces.ts'
import { readVmplaces, writeVmplaces } from './vmplaces-files.ts'
import type { Workload } from './workload.ts'

/** Traces of others, beside the repository: docs/simulation.md says where they come from. */
const data = join(process.env['DROVER_DATA'] ?? '../shared/data', 'vmplaces')

/** Files in a directory of their own, gone afterwards. */
const inFiles = (
  contents: Readonly<Record<string, string>>,
  use: (paths: { readonly events: string; readonly vms: string }) => void,
): void => {
  const directory = mkdtempSync(join(tmpdir(), 'drover-vmplaces-'))
  try {
    for (const [name, text] of Object.entries(contents))
      writeFileSync(join(directory, name), name.endsWith('.gz') ? gzipSync(text) : text)
    use({ events: join(directory, 'F.load.csv.gz'), vms: join(directory, 'F.vms.csv.gz') })
  } finally {
    rmSync(directory, { recursive: true })
  }
}

for (const [name, overloadSeconds, overloads] of [
  ['64h640v_seed23', '3885.7', 47],
  ['128h1280v_seed23', '7929.5', 114],
] as const) {
  const paths = { events: join(data, `${name}.load.csv.gz`), vms: join(data, `${name}.vms.csv.gz`) }
  const absent = [paths.events, paths.vms].find((path) => !existsSync(path))
  test(`calibration: ${name} with no scheduler is overloaded for ${overloadSeconds} s, ${overloads} times`, {
    skip: absent !== undefined && `no ${absent}: the data of VMPlaceS is not there (set DROVER_DATA)`,
  }, () => {
    const workload = readVmplaces(paths)
    const { play, measures } = createRun({ workload, seed: 23 })
    play()
    const { measured } = measures()
    assert.deepEqual(
      [measured.overloadSeconds.toFixed(1), measured.overloads, measured.workload],
      [overloadSeconds, overloads, `vmplaces ${name}`],
    )
  })
}

const plain = (workload: Workload) => ({ ...workload, name: '', changes: [...workload.changes()] })

test('a law gives the same workload again, another seed another one', () => {
  const [one, same, other] = [1, 1, 2].map((seed) => plain(generateVmplaces({ hosts: 4, seed })))
  assert.deepEqual(one, same)
  assert.notDeepEqual(one, other)
})

test('drawn demand follows the law: one change per VM in 300 s, loads in tens around the mean', () => {
  const workload = generateVmplaces({ hosts: 64, seed: 5, meanLoad: 50, std: 10 })
  const changes = [...workload.changes()]
  // 640 VMs · 1800 s / 300 s = 3840 on average, with a deviation of √3840 = 62.
  assert.ok(Math.abs(changes.length - 3_840) < 4 * 62, `${changes.length}`)
  assert.ok(changes.every((change) => change.cpuMilli % 100 === 0 && change.cpuMilli <= 1_000))
  const mean = changes.reduce((sum, { cpuMilli }) => sum + cpuMilli, 0) / changes.length
  const variance = changes.reduce((sum, { cpuMilli }) => sum + (cpuMilli - mean) ** 2, 0) / changes.length
  assert.ok(Math.abs(mean - 500) < 7, `${mean}`)
  assert.ok(Math.abs(Math.sqrt(variance) - 104) < 6, `${Math.sqrt(variance)}`) // √(100² + rounding 100² / 12)
  assert.ok(changes.every((change, i) => change.atMs >= (changes[i - 1]?.atMs ?? 0)))
  assert.ok(changes.at(-1)!.atMs <= 1_800_000)
  assert.deepEqual(
    [...new Set(workload.vms.map((vm) => Math.round(vm.dirtyMiBpsPerCore * 10)))].sort(),
    [125, 250, 375, 500, 625],
  )
  assert.throws(() => generateVmplaces({ hosts: 0, seed: 1 }), RangeError)
})

test('written and read, it is the same to the last bit; host 10 comes after host 2', () => {
  inFiles({}, (paths) => {
    const workload = generateVmplaces({ hosts: 12, seed: 3, capacity: 800, durationS: 900 })
    writeVmplaces(workload, paths)
    assert.deepEqual(plain(readVmplaces(paths, { capacity: 800, durationS: 900 })), plain(workload))
  })
})

test('files may be plain, out of order, or with other columns between', () => {
  const vms = 'initial_host,vm,note,dirty_pct\r\nnode1,b,x,20\r\nnode0,a,y,10\r\n'
  inFiles({ 'F.vms.csv.gz': vms, 'F.load.csv.gz': '' }, ({ vms: path, events }) => {
    writeFileSync(events, 'time_s,vm,cpu_demand\n2.5,b,70\n0.0000004,a,30\n2.5,a,80\n')
    const workload = readVmplaces({ events, vms: path })
    assert.deepEqual(
      workload.hosts.map((host) => host.name),
      ['node0', 'node1'],
    )
    assert.deepEqual(
      [...workload.changes()].map(({ atMs, vm, cpuMilli }) => [atMs, vm, cpuMilli]),
      [
        [0.0004, 'a', 300],
        [2_500, 'b', 700],
        [2_500, 'a', 800],
      ],
    )
  })
})

test('a mistake in an event file is reported with its line and column', () => {
  const vms = 'vm,class,dirty_pct,initial_host\na,m1.small,10,node0\n'
  const events = 'time_s,vm,cpu_demand\n1,a,50\n'
  const cases: readonly (readonly [events: string, vms: string, message: RegExp])[] = [
    [events, 'vm,class,dirty,initial_host\n', /F\.vms\.csv\.gz: line 1: no column dirty_pct/],
    [events, 'vm,class,dirty_pct,initial_host\n', /F\.vms\.csv\.gz: holds no VMs/],
    [`${events}0x10,a,0x50\n`, vms, /line 3, column time_s: 0x10 is not a number/],
    [events, `${vms}a,m1.small,20,node1\n`, /vms.*line 3, column vm: a is there twice/],
    [events, `${vms}b,m1.small,200,node1\n`, /line 3, column dirty_pct: 200 is more than 100/],
    [events, `${vms}b,m1.small,20\n`, /line 3, column initial_host: is empty/],
    [`${events}2,b,50\n`, vms, /F\.load\.csv\.gz: line 3, column vm: no b in the table of VMs/],
    [`${events}2,a,fifty\n`, vms, /line 3, column cpu_demand: fifty is not a number/],
    [`${events}-2,a,50\n`, vms, /line 3, column time_s: -2 is less than 0/],
    [`${events}2,a,101\n`, vms, /line 3, column cpu_demand: 101 is more than 100/],
  ]
  for (const [load, table, message] of cases)
    inFiles({ 'F.load.csv.gz': load, 'F.vms.csv.gz': table }, (paths) =>
      assert.throws(() => readVmplaces(paths), { name: 'FileError', message }),
    )
  inFiles({}, (paths) => assert.throws(() => readVmplaces(paths), { name: 'FileError', message: /ENOENT/ }))
  inFiles({}, (paths) => {
    writeFileSync(paths.vms, gzipSync(vms).subarray(0, 20))
    assert.throws(() => readVmplaces(paths), { name: 'FileError', message: /not a whole gzip file/ })
  })
})
