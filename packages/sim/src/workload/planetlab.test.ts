/**
 * A day of PlanetLab as CloudSim runs it: the literature's baseline to the hundredth of a kWh, from the archive as it is
 * handed round or from a folder; and of anything else it is said what is wrong with it.
 */
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { createRun } from '../run/create-run.ts'
import { type TarEntry, tarGz, tarHeader } from '../testing/tar-archive.ts'
import { planetlabWorkload, readPlanetlab, readPlanetlabTraces } from './planetlab.ts'
import { readTar } from './tar.ts'

/** Traces of others, beside the repository: docs/simulation.md says where they come from. */
const data = join(process.env['DROVER_DATA'] ?? '../shared/data', 'planetlab')
const directory = mkdtempSync(join(tmpdir(), 'drover-planetlab-'))
after(() => rmSync(directory, { recursive: true }))

const day = join(data, '20110303.tar.gz')
test('calibration: 20110303 is 2410.80 kWh without power management, 927.99 kWh by load as CloudSim meters', {
  skip: !existsSync(day) && `no ${day}: the data of PlanetLab is not there (set DROVER_DATA)`,
}, () => {
  const workload = readPlanetlab(day)
  const { play, measures } = createRun({ workload, seed: 1, powerManagement: 'none' })
  play()
  const { measured } = measures()
  assert.deepEqual([measured.hosts, measured.vms, measured.durationS], [800, 1_052, 287 * 300])
  assert.equal(measured.energyKwh.toFixed(2), '2410.80')
  // The last is CloudSim's for DVFS, first fit and no migration; the others are the same day counted without its looks.
  const { energyIdleOnKwh, energyIdleOffKwh, energySampledKwh } = measured
  assert.deepEqual(
    [energyIdleOnKwh, energyIdleOffKwh, energySampledKwh].map((kwh) => kwh?.toFixed(2)),
    ['1752.12', '921.34', '927.99'],
  )
  // Every VM has all of its MIPS promised, so nothing is ever overloaded (SLATAH 0).
  assert.equal(measured.overloads, 0)
})

const trace = (name: string, ...percents: readonly number[]) => ({ name, percents })

test('VMs are of four types in equal parts, and each goes to the first host that has all it may want', () => {
  const traces = Array.from({ length: 8 }, (_, i) => trace(`v${i}`, 10, 20))
  const { hosts, vms } = planetlabWorkload('made up', traces, { hosts: 4 })
  assert.deepEqual(
    hosts.map(({ capacity }) => capacity),
    [1_488, 2_128, 1_488, 2_128].map((cpuMilli) => ({ cpuMilli, memoryMiB: 4_096 })),
  )
  // 2500 and 2000 MIPS need cores of 2660: host1 takes two of 2500, host3 two of 2000. 1740 MiB go twice into a host.
  assert.deepEqual(
    vms.map(({ host, memoryMiB, cpuMilli }) => [host, memoryMiB, cpuMilli]),
    [
      ['host1', 870, 100],
      ['host1', 870, 100],
      ['host3', 1_740, 80],
      ['host3', 1_740, 80],
      ['host0', 1_740, 40],
      ['host0', 1_740, 40],
      ['host0', 613, 20],
      ['host2', 613, 20],
    ],
  )
  assert.throws(
    () => planetlabWorkload('made up', traces, { hosts: 3 }),
    /3 hosts are too few.*v2, VM 3 of 8/,
  )
})

test('demand changes where the trace does, every 300 s, for 300 s less than it has samples', () => {
  const workload = planetlabWorkload('made up', [trace('a', 10, 10, 30), trace('b', 0, 1, 1)], { hosts: 2 })
  assert.deepEqual(
    [...workload.changes()].map(({ atMs, vm, cpuMilli }) => [atMs, vm, cpuMilli]),
    [
      [300_000, 'b', 8],
      [600_000, 'a', 300],
    ],
  )
  assert.equal(workload.durationMs, 600_000)
})

test('with memory ignored a host takes what CloudSim lets it take, else not', () => {
  const traces = [trace('a', 50), trace('b', 50), trace('c', 50), trace('d', 50)]
  const memoryOf = (memory: 'enforced' | 'ignored') =>
    planetlabWorkload('made up', traces, { hosts: 4, memory }).hosts[0]!.capacity.memoryMiB
  assert.deepEqual([memoryOf('enforced'), memoryOf('ignored')], [4_096, 870 + 1_740 + 1_740 + 613])
})

const archive = (name: string, ...entries: readonly TarEntry[]): string => {
  const path = join(directory, name)
  writeFileSync(path, tarGz(entries))
  return path
}

test('an archive and the folder that it was packed from are the same, sorted by name', () => {
  const folder = join(directory, '20110303')
  mkdirSync(folder)
  for (const [name, text] of [
    ['b', '1\n2\n'],
    ['a', '3\n4\n'],
  ] as const)
    writeFileSync(join(folder, name), text)
  const packed = archive(
    '20110303.tar.gz',
    { name: '20110303/', type: '5' },
    { name: '20110303/b', text: '1\n2\n' },
    { name: 'a', prefix: '20110303', text: '3\n4\n' },
  )
  assert.deepEqual(readPlanetlabTraces(packed), [trace('a', 3, 4), trace('b', 1, 2)])
  assert.deepEqual(readPlanetlabTraces(folder), readPlanetlabTraces(packed))
  assert.match(readPlanetlab(packed).name, /^planetlab 20110303, 800 hosts/)
})

test('a mistake in a day of traces is reported', () => {
  const wrong = (path: string, message: RegExp): void =>
    assert.throws(() => readPlanetlab(path), { name: 'FileError', message })
  wrong(join(directory, 'absent.tar.gz'), /ENOENT/)
  wrong(archive('empty.tar.gz', { name: 'x/', type: '5' }), /holds no VMs/)
  wrong(archive('high.tar.gz', { name: 'x/v', text: '5\n101\n' }), /x\/v: line 2 is not a percentage/)
  wrong(
    archive('short.tar.gz', { name: 'v', text: '5\n6\n' }, { name: 'w', text: '5\n' }),
    /w: has 1 steps, v has 2/,
  )
  wrong(archive('fifo.tar.gz', { name: 'v', type: '6' }), /v: a FIFO cannot be read here, only files/)
  const text = join(directory, 'text.tar.gz')
  writeFileSync(text, gzipSync('no archive at all'.repeat(100)))
  wrong(text, /text\.tar\.gz: not a whole tar archive: .*checksum/)
  const inner = join(directory, 'days')
  mkdirSync(join(inner, '20110303'), { recursive: true })
  wrong(inner, /days: holds the folder 20110303/)
  wrong(archive('blank.tar.gz', { name: 'v', text: ' \n' }), /v: is empty/)
  wrong(archive('hex.tar.gz', { name: 'v', text: '5\n0x10\n' }), /v: line 2 is not a percentage/)
  const cut = join(directory, 'cut.tar')
  writeFileSync(cut, tarHeader({ name: 'v', text: '1\n' }))
  wrong(cut, /cut\.tar: not a whole tar archive: .*Truncated/)
})

test('a name in a pax header is the name of the file, and other records of pax change nothing', () => {
  const namesOf = (record: string): readonly string[] =>
    readTar(archive('pax.tar.gz', { name: 'pax', type: 'x', text: record }, { name: 'v', text: '1\n' })).map(
      ({ name }) => name,
    )
  assert.deepEqual(namesOf('30 mtime=1700000000.123456789\n'), ['v'])
  assert.deepEqual(namesOf('20 path=a/long/name\n'), ['a/long/name'])
})
