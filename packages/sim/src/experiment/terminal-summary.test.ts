/**
 * What a reader takes home from a comparison must be what happened: which one won, by how much, and where drover is worse. A
 * terminal shows how long it will take; a file or a pipe is not littered with it. And silence of a scheduler is loud.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { whereDroverLoses } from '../report/figures-table.ts'
import { scenariosOf } from '../report/variants.ts'
import type { Run, RunResult } from '../run/result.ts'
import { compared } from './comparison.ts'
import { titleOf } from './figures.ts'
import { createProgress, spanText } from './progress.ts'
import { stillness, tableOf, verdictOf } from './terminal-summary.ts'

const run = (algorithm: string, changes: Partial<RunResult> = {}): Run => ({
  result: {
    schemaVersion: 1,
    algorithm,
    hosts: 64,
    vms: 640,
    seed: 1,
    overloadSeconds: 100,
    overloads: 10,
    overloadMedianS: 9,
    overloadP95S: 12,
    migrations: 20,
    movedMiB: 20_480,
    partitionSizeMedian: 2,
    partitionSizeMax: 4,
    bookedHostSeconds: 400,
    messages: 115_200,
    bytes: 1,
    energyKwh: 4,
    cpuSeconds: 1,
    peakRssMiB: 100,
    traceHash: '',
    workload: 'w',
    preset: algorithm === 'drover' ? 'balanced' : null,
    durationS: 1_800,
    overloadsCured: 10,
    events: 1,
    heapKiBPerHost: null,
    powerManagement: 'load',
    energyFullKwh: 5,
    energyIdleOnKwh: 4,
    energyIdleOffKwh: 4,
    energySampledKwh: null,
    overloadDurationsS: [],
    ...changes,
  },
  partitionSizes: [],
  timeline: null,
})

test('one row per algorithm, means over the seeds', () => {
  const lines = tableOf([
    run('none', { overloadSeconds: 900, migrations: 0 }),
    run('drover', { overloadSeconds: 50 }),
    run('none', { seed: 2, overloadSeconds: 1_100, migrations: 0 }),
    run('drover', { seed: 2, overloadSeconds: 150, migrations: 23 }),
  ]).split('\n')
  assert.match(
    lines[0] ?? '',
    /^algorithm +runs +overload s +min–max +overloads +median\/p95 s +migrations +moved MiB/,
  )
  assert.match(lines[1] ?? '', /^none +2 +1000\.0 +900–1100 /)
  assert.match(
    lines[2] ?? '',
    /^drover:balanced +2 +100\.0 +50–150 +10 +9\.0\/12\.0 +22 +20480 +2\.0\/4 +400 +1\.000 +4\.00 +1\.00$/,
  )
  assert.ok(!tableOf([run('none')]).includes('min–max'))
})

test('the verdict names the winner, and where drover loses', () => {
  const dvms = [run('dvms', { overloadSeconds: 200 }), run('dvms', { seed: 2, overloadSeconds: 200 })]
  const drover = (changes: Partial<RunResult>): Run[] => [
    run('drover', { overloadSeconds: 50, ...changes }),
    run('drover', { seed: 2, overloadSeconds: 150, ...changes }),
  ]
  assert.equal(
    verdictOf([run('none', { overloadSeconds: 9 }), ...dvms, ...drover({})]),
    'drover:balanced has the fewest overload seconds: 100.0 against 200.0 of dvms (−50 %), ahead in 2 of 2 seeds; drover:balanced loses nowhere.',
  )
  assert.match(
    verdictOf([...dvms, ...drover({ migrations: 30 })]) ?? '',
    /loses on migrations \(30, dvms 20\)\.$/,
  )
  assert.match(
    verdictOf([...dvms, ...drover({ overloadSeconds: 300 })]) ?? '',
    /^dvms has the fewest .* 200\.0 against 300\.0 of drover:balanced \(−33 %\), .* loses on overload seconds/,
  )
  assert.equal(verdictOf([run('none'), run('drover')]), null, 'nothing to compare with')
  assert.match(verdictOf([run('crs'), run('dvms', { overloadSeconds: 110 })]) ?? '', /^crs has [^;]*\.$/)
})

test('terminal and report name the same losses, whatever the figures are', () => {
  // Two tables of figures and two tie rules let the terminal say "loses nowhere" where the page showed a loss.
  const close = [run('drover', { overloadSeconds: 300 }), run('dvms', { overloadSeconds: 299 })]
  assert.match(
    verdictOf(close) ?? '',
    /^dvms has .*; drover:balanced loses on overload seconds \(300\.0, dvms 299\.0\)\.$/,
  )
  const amount = fc.integer({ min: 0, max: 4_000 }).map((value) => value / 16)
  const changes = fc.record({
    overloadSeconds: amount,
    overloads: fc.nat(9),
    migrations: fc.nat(3),
    movedMiB: amount,
    bookedHostSeconds: amount,
    messages: fc.nat(10_000),
    energyKwh: amount,
    cpuSeconds: amount,
  })
  fc.assert(
    fc.property(fc.array(changes, { minLength: 2, maxLength: 4 }), (all) => {
      const names = ['drover', 'dvms', 'snooze', 'entropy']
      const runs = all.map((one, i) => run(names[i]!, one))
      const page = whereDroverLoses(scenariosOf(runs)[0]!)?.html ?? ''
      const table = page.slice(page.indexOf('<table class="losses">'))
      const verdict = verdictOf(runs) ?? ''
      const inWords = verdict.slice(verdict.indexOf('; drover'))
      for (const figure of compared)
        assert.equal(
          page.includes('<table class="losses">') &&
            table.includes(`<th scope="row">${titleOf(figure)}</th>`),
          inWords.includes(`${figure.name} (`),
          `${figure.name}: ${verdict}`,
        )
      assert.equal(
        inWords.includes('loses nowhere'),
        page.includes('No baseline has a better mean in any figure'),
      )
    }),
  )
})

test('a scheduler that moved nothing is called out, and so is a load that asks for nothing', () => {
  assert.deepEqual(stillness([run('none', { migrations: 0 }), run('drover')]), [])
  const [idle = '', stuck = ''] = stillness([
    run('drover', { migrations: 0, overloads: 0, overloadSeconds: 0 }),
    run('crs', { migrations: 0 }),
  ])
  assert.match(idle, /^NOTHING MIGRATED: drover:balanced, 64 hosts, seed 1: no host was ever overloaded/)
  assert.match(stuck, /^NOTHING MIGRATED: crs, .* 10 overloads lasted 100\.0 s/)
})

test('a terminal shows how far it is and when it is done; a file or a pipe gets nothing', () => {
  let written = ''
  let now = 0
  const write = (text: string): void => {
    written += text
  }
  const options = { labels: ['a', 'b'], write, now: () => now }
  const progress = createProgress({ ...options, columns: 100 })
  now = 10_000
  progress.update(0, 0.5)
  assert.match(written, /\[={5} {15}\] 25 % {2}0\/2 runs, ETA 30 s {2}a$/)
  written = ''
  progress.update(0, 0.6)
  assert.equal(written, '', 'not drawn more often than one can read')
  now = 20_000
  progress.update(0, 1)
  assert.match(written, /50 % {2}1\/2 runs, ETA 20 s$/)
  progress.end()
  assert.ok(written.endsWith('\r\u001b[2K'), 'leaves nothing behind')

  written = ''
  const narrow = createProgress({ ...options, columns: 20 })
  narrow.update(1, 0.5)
  assert.ok(written.replace('\r\u001b[2K', '').length < 20, 'never wraps')
  written = ''
  const piped = createProgress({ ...options, columns: null })
  piped.update(0, 0.5)
  piped.end()
  assert.equal(written, '')
  assert.deepEqual([spanText(59.6), spanText(200), spanText(7_500)], ['1 min 0 s', '3 min 20 s', '2 h 5 min'])
})
