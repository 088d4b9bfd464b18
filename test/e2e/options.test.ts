/** The command line, and the closing words of a run. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { missing } from './enclosure.ts'
import { again, type Options, parseOptions } from './options.ts'
import { passed, type Summary, summaryText } from './summary.ts'

const kinds = ['kill', 'disk']

test('what is not said has a default; what is wrong is said, and names the help', () => {
  assert.deepEqual(parseOptions([], kinds), {
    kind: 'run',
    options: { minutes: 3, seed: 1, agents: 5, only: null, json: false },
  })
  for (const [argv, why] of [
    [['--minutes', '0'], /--minutes wants a number from 0.2/],
    [['--agents', '2'], /--agents wants a whole number from 3/],
    [['--seed', '1.5'], /--seed wants a whole number/],
    [['--only', 'kill,flood'], /--only knows no 'flood'/],
    [['--loud'], /--loud/],
  ] as const) {
    const parsed = parseOptions(argv, kinds)
    assert.ok(
      parsed.kind === 'wrong' && why.test(parsed.text) && parsed.text.includes('--help'),
      argv.join(' '),
    )
  }
  const help = parseOptions(['--help'], kinds)
  assert.ok(
    help.kind === 'help' && help.text.includes('kill, disk') && help.text.includes('not deterministic'),
  )
})

const options: Options = { minutes: 5, seed: 9, agents: 4, only: ['kill'], json: false }

test('a machine or a user that cannot run it is told what to install, or to become', () => {
  const lacks = missing(1_000, ['/nowhere'])
  assert.equal(lacks.length, 4)
  for (const words of [
    /^root/,
    /ip: apt-get install iproute2/,
    /unshare: apt-get install util-linux/,
    /mount/,
  ])
    assert.ok(
      lacks.some((one) => words.test(one)),
      String(words),
    )
})

test('the line that strikes again gives the same options', () => {
  const line = again(options).split(' -- ')[1] ?? ''
  assert.deepEqual(parseOptions(line.split(' '), kinds), { kind: 'run', options })
})

const good: Summary = {
  options,
  measured: { startMs: 2_000, cureMs: 4_000 },
  faults: { 'kill -9': { struck: 3, inVain: 1 } },
  migrations: { begun: 2, moved: 2 },
  agents: { starts: 7, memoryMiBMax: 170 },
  bounds: [
    {
      promise: 'L1',
      what: 'dissolved',
      why: 'lease',
      boundMs: 79_000,
      metAfterMs: 1_200,
      clockMs: 1_500,
      left: [],
    },
  ],
  reportedAgainMs: 900,
  operator: {},
  violations: [],
  broken: null,
  starvedPercent: 20,
  loopDelayMsMax: 12,
}

test('a run passes only without a violation, with every bound met, and to its end', () => {
  assert.equal(passed(good), true)
  assert.ok(!summaryText(good, '/logs').includes('FAILED'))
  const missed = good.bounds.map((bound) => ({ ...bound, metAfterMs: null, left: ['h1 is leased'] }))
  for (const bad of [
    { ...good, violations: ['S1 vm runs on h1 and h2'] },
    { ...good, bounds: missed },
    { ...good, broken: 'interrupted' },
  ]) {
    assert.equal(passed(bad), false)
    const text = summaryText(bad, '/logs')
    for (const word of ['FAILED', '/logs', '--seed 9', 'not deterministic'])
      assert.ok(text.includes(word), word)
  }
  assert.match(summaryText({ ...good, bounds: missed }, null), /L1 +NOT KEPT[\s\S]*L1: h1 is leased/)
})
