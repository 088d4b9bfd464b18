/**
 * A researcher at a terminal: what `drover sim` prints, which files it leaves, and the exit code that a script sees. Each
 * run here is a process of its own, as in earnest.
 */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { CliFailure, type Io } from '@drover/agent/cli'
import { type Command, CommanderError } from 'commander'
import { createCommand } from './sim-command.ts'

const directory = mkdtempSync(join(tmpdir(), 'drover-sim-'))
after(() => rmSync(directory, { recursive: true }))

/** `onErr` may call Ctrl-C. */
const drover = async (line: string, onErr?: (err: string, interrupt: () => void) => void) => {
  let out = ''
  let err = ''
  const interrupts = new Set<() => void>()
  const interrupt = (): void => {
    for (const listener of interrupts) listener()
  }
  const io: Io = {
    out: (text) => {
      out += text
    },
    err: (text) => {
      err += text
      onErr?.(err, interrupt)
    },
    env: {},
    colour: false,
    columns: onErr === undefined ? null : 200,
    onInterrupt(listener) {
      interrupts.add(listener)
      return () => interrupts.delete(listener)
    },
    nowWallMs: () => Date.UTC(2026, 10, 23),
    pollMs: 5,
  }
  const words = line.split(' ')
  const command = createCommand(io, ['sim', ...words])
  const all = (one: Command): void => {
    one.exitOverride().configureOutput({ writeErr: io.err, writeOut: io.out })
    one.commands.forEach(all)
  }
  all(command)
  try {
    await command.parseAsync(words, { from: 'user' })
    return { exit: 0, out, err }
  } catch (error) {
    if (error instanceof CliFailure) return { exit: error.exit, out, err: `${err}${error.message}\n` }
    if (error instanceof CommanderError) return { exit: 2, out, err }
    throw error
  }
}
const six = '--scenario vmplaces --hosts 6 --mean 68 --std 25 --duration 300'

test('generated, written to files and replayed it is the same workload', async () => {
  const prefix = join(directory, 'six')
  const generated = await drover(`gen --hosts 6 --mean 68 --std 25 --duration 300 --seed 4 --out ${prefix}`)
  assert.deepEqual([generated.exit, generated.err], [0, ''])
  const files = `--events ${prefix}.load.csv.gz --vms ${prefix}.vms.csv.gz --duration 300`
  const [fresh, replayed] = [
    await drover(`run ${six} --seed 4 --algorithm none --json`),
    await drover(`run --scenario vmplaces ${files} --seed 4 --algorithm none --json`),
  ]
  const [a, b] = [fresh, replayed].map(({ out }) => JSON.parse(out)[0])
  assert.ok(a.overloadSeconds > 0)
  assert.deepEqual(
    [b.overloadSeconds, b.overloads, b.traceHash],
    [a.overloadSeconds, a.overloads, a.traceHash],
  )
})

test('run --json is an array with one object per run, beginning with the fields that were promised', async () => {
  const { exit, out, err } = await drover(`run ${six} --seed 4 --algorithm drover --preset aggressive --json`)
  assert.deepEqual([exit, err], [0, ''])
  const runs = JSON.parse(out)
  assert.equal(runs.length, 1)
  const promised =
    'schemaVersion algorithm hosts vms seed overloadSeconds overloads overloadMedianS overloadP95S migrations movedMiB partitionSizeMedian partitionSizeMax bookedHostSeconds messages bytes energyKwh cpuSeconds peakRssMiB traceHash'
  assert.deepEqual(Object.keys(runs[0]).slice(0, 20), promised.split(' '))
  assert.deepEqual([runs[0].algorithm, runs[0].preset, runs[0].seed], ['drover', 'aggressive', 4])
  assert.ok(
    runs[0].migrations > 0 && runs[0].messages > 0 && runs[0].peakRssMiB > 0 && runs[0].cpuSeconds > 0,
  )
})

test('compare prints which algorithm wins, and keeps what report draws', async () => {
  const out = join(directory, 'results')
  const compared = await drover(
    `compare ${six} --algorithms none,dvms,drover --seeds 4,5 --jobs 2 --out ${out}`,
  )
  assert.equal(compared.exit, 0)
  assert.match(compared.out, /\ndrover:balanced +2 /)
  assert.match(compared.out, /\n\w\S* has the fewest overload seconds: .*drover:balanced loses /)
  const manifest = JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8'))
  assert.deepEqual(manifest.command.slice(0, 3), ['drover', 'sim', 'compare'])
  assert.deepEqual([manifest.seeds, manifest.algorithms.length], [[4, 5], 3])
  const lines = readFileSync(join(out, 'runs.jsonl'), 'utf8').trimEnd().split('\n')
  assert.deepEqual(
    lines.map((line) => JSON.parse(line).result).map(({ seed, algorithm }) => `${seed} ${algorithm}`),
    ['4 none', '4 dvms', '4 drover', '5 none', '5 dvms', '5 drover'],
    'in the order in which they were asked for, whichever was done first',
  )
  const page = join(directory, 'page.html')
  assert.deepEqual(await drover(`report ${out} -o ${page}`), { exit: 0, out: `${page}\n`, err: '' })
  assert.match(readFileSync(page, 'utf8'), /^<!doctype html>/i)
})

test('Ctrl-C ends with 130 and keeps what was done', async () => {
  const out = join(directory, 'interrupted')
  const { exit, err } = await drover(
    `compare ${six} --algorithms none,dvms --seeds 1,2,3,4,5,6,7,8 --out ${out}`,
    (said, interrupt) => {
      if (/ [2-9]\/16 runs/.test(said)) interrupt()
    },
  )
  assert.equal(exit, 130)
  const done = Number(/interrupted: (\d+) of 16 runs were done; they are kept in /.exec(err)?.[1])
  assert.ok(done >= 2 && done < 16)
  assert.equal(readFileSync(join(out, 'runs.jsonl'), 'utf8').trimEnd().split('\n').length, done)
})

test('a run in which nothing migrates says so', async () => {
  const { exit, err } = await drover(
    'run --scenario vmplaces --hosts 3 --mean 10 --duration 60 --algorithm dvms',
  )
  assert.equal(exit, 0)
  assert.match(err, /^NOTHING MIGRATED: dvms, 3 hosts, seed 1: no host was ever overloaded/)
})

test('wrong usage ends with 2 and one clear line, and starts nothing', async () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['run', /^what shall be simulated\? Give a CONFIG\.toml/],
    ['run no-such.toml', /^no-such\.toml: no such file/],
    [`run ${six} --algorithm dvsm`, /no algorithm "dvsm"; .* did you mean dvms\?/],
    [`run ${six} --algorithm dvms --preset balanced`, /^--preset is drover's/],
    [`run ${six} --seed x`, /^--seed: seeds\[0\]: expected a number, got "x"/],
    [`run ${six} --hostz 3`, /unknown option '--hostz'/],
    [`run ${six} --set a`, /expected key=value/],
    [
      'run --scenario vmplaces --events no.csv.gz --vms no.csv.gz',
      /^no\.csv\.gz: no such file \(looked for \//,
    ],
    [`compare ${six} --algorithms dvms`, /^compare needs two algorithms/],
    ['gen', /workload\.hosts: is missing/],
    ['report no-such-directory', /no-such-directory\/manifest\.json: no such file/],
    ['scale --hosts 1', /scaling\.hosts\[0\]: must be at least 2/],
  ]
  for (const [line, expected] of cases) {
    const { exit, out, err } = await drover(line)
    assert.deepEqual([exit, out], [2, ''], line)
    assert.match(err, expected, line)
  }
  assert.ok(!existsSync('no-such-directory'))
})

test('scale tells what each agent costs', async () => {
  const out = join(directory, 'scaling')
  const { exit, out: said } = await drover(
    `scale --hosts 16,24 --mean 68 --std 25 --duration 200 --algorithms drover --out ${out}`,
  )
  assert.equal(exit, 0)
  assert.match(said, /^algorithm +hosts +VMs +msg\/agent\/s/)
  assert.match(said, /\ndrover +24 +240 /)
  const [head = '', first = ''] = readFileSync(join(out, 'scaling.csv'), 'utf8').split('\r\n')
  const heap = Number(first.split(',')[head.split(',').indexOf('heapKiBPerHost')])
  assert.ok(heap > 0, 'the heap was measured')
})
