/**
 * Business VMs on hosts that we choose: the day as it was handed out runs on as few hosts as hold it, and another choice
 * of hosts is one key away; files that do not belong together are refused.
 */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { createRun } from '../run/create-run.ts'
import {
  type BitbrainsVm,
  bitbrainsPaths,
  bitbrainsWorkload,
  readBitbrains,
  readBitbrainsVms,
} from './bitbrains.ts'

/** Traces of others, beside the repository: docs/simulation.md says where they come from. */
const data = join(process.env['DROVER_DATA'] ?? '../shared/data', 'bitbrains', 'rnd-20130814')
const directory = mkdtempSync(join(tmpdir(), 'drover-bitbrains-'))
after(() => rmSync(directory, { recursive: true }))

const absent = Object.values(bitbrainsPaths(data)).find((path) => !existsSync(path))
test('a day of 498 VMs fits on 13 hosts, which are overloaded now and then', {
  skip: absent !== undefined && `no ${absent}: the data of Bitbrains is not there (set DROVER_DATA)`,
}, () => {
  const workload = readBitbrains(data)
  assert.deepEqual([workload.hosts.length, workload.vms.length], [13, 498])
  const cores = workload.vms.reduce((sum, { vcpus }) => sum + vcpus, 0)
  assert.equal(cores, 1_447)
  const { play, measures } = createRun({ workload, seed: 1 })
  play()
  const { measured } = measures()
  assert.ok(
    measured.overloads > 0 && measured.overloadSeconds < 0.02 * 13 * 86_100,
    `${measured.overloadSeconds}`,
  )
})

const prefixOf = (
  name: string,
  files: { readonly vms: string; readonly cpu: string; readonly mem: string },
): string => {
  const prefix = join(directory, name)
  const paths = bitbrainsPaths(prefix)
  for (const [path, text] of [
    [paths.vms, files.vms],
    [paths.cpuMhz, files.cpu],
    [paths.memKb, files.mem],
  ] as const)
    writeFileSync(path, gzipSync(text))
  return prefix
}
const whole = {
  vms: 'vm,cores,cpu_capacity_mhz,mem_capacity_kb,samples\n7,2,5200,4194304,2\n8,0,0,0,2\n9,1,2600,1048576,2\n',
  cpu: '2600,5300\n0,0\n0,26\n',
  mem: '1048576,2097152\n0,0\n0,0\n',
}

test('CPU is a share of what a VM was given, at most all of it; a VM that was given nothing never ran', () => {
  const prefix = prefixOf('whole', whole)
  const vm7 = { name: 'vm-7', cores: 2, givenMiB: 4_096, usedMiB: 2_048, cpuMilli: [1_000, 2_038] }
  const vm9 = { name: 'vm-9', cores: 1, givenMiB: 1_024, usedMiB: 1, cpuMilli: [0, 10] }
  assert.deepEqual(readBitbrainsVms(prefix), [vm7, vm9])
  const workload = readBitbrains(prefix)
  assert.deepEqual(
    [...workload.changes()].map(({ atMs, vm, cpuMilli }) => [atMs, vm, cpuMilli]),
    [
      [300_000, 'vm-7', 2_000],
      [300_000, 'vm-9', 10],
    ],
  )
  assert.deepEqual([workload.durationMs, workload.hosts.length], [300_000, 1])
})

const made = (cores: number, gib: number, i: number): BitbrainsVm => ({
  name: `vm-${i}`,
  cores,
  givenMiB: gib * 1_024,
  usedMiB: 1_024,
  cpuMilli: [100, 100],
})

test('hosts are filled one after another, or evenly; memory that was given counts, or only what was used', () => {
  const traces = [made(4, 8, 0), made(4, 8, 1), made(2, 8, 2), made(2, 4, 3)]
  const placesOf = (model: Parameters<typeof bitbrainsWorkload>[2]) =>
    bitbrainsWorkload('made up', traces, {
      hostCores: 4,
      hostMemoryGiB: 20,
      overcommit: 2,
      ...model,
    }).vms.map(({ host }) => host)
  assert.deepEqual(placesOf({}), ['host0', 'host0', 'host1', 'host1'])
  assert.deepEqual(placesOf({ placement: 'spread' }), ['host0', 'host1', 'host0', 'host1'])
  assert.deepEqual(placesOf({ hosts: 3, placement: 'spread' }), ['host0', 'host1', 'host2', 'host2'])
  assert.deepEqual(placesOf({ memory: 'used', overcommit: 4 }), ['host0', 'host0', 'host0', 'host0'])
  assert.throws(() => placesOf({ hosts: 1 }), {
    name: 'RangeError',
    message: /^vm-2 .* fits on none of 1 hosts/,
  })
  assert.throws(() => placesOf({ hostMemoryGiB: 4 }), { message: /^vm-0 .* fits on no host, however many/ })
})

test('files that do not belong together are refused, with the line', () => {
  const wrong = (files: Partial<typeof whole>, message: RegExp): void =>
    assert.throws(() => readBitbrains(prefixOf('wrong', { ...whole, ...files })), {
      name: 'FileError',
      message,
    })
  wrong({ cpu: '1,2\n3,4\n' }, /cpu_mhz\.csv\.gz: has 2 rows for 3 VMs/)
  wrong({ cpu: '1,2\n3\n5,6\n' }, /cpu_mhz\.csv\.gz: line 2: 1 samples, the lines before have 2/)
  wrong({ mem: '1,2\n3,x\n5,6\n' }, /mem_kb\.csv\.gz: line 2, column 2: not a number/)
  wrong({ vms: 'vm,cores\n' }, /no column cpu_capacity_mhz, mem_capacity_kb/)
})
