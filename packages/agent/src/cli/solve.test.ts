/** `drover solve` needs no agent. Its problem comes from a file, plain or zipped, good or bad; its answer is for people or for a script. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import type { Io } from './io.ts'
import { runCli } from './main.ts'

const directory = mkdtempSync(join(tmpdir(), 'drover-solve-'))
after(() => rmSync(directory, { recursive: true }))

const run = async (...words: string[]) => {
  let out = ''
  let err = ''
  const io: Io = {
    out: (text) => {
      out += text
    },
    err: (text) => {
      err += text
    },
    env: {},
    colour: false,
    columns: null,
    onInterrupt: () => () => false,
    nowWallMs: () => 0,
    pollMs: 5,
  }
  return { exit: await runCli(['solve', ...words], io), out, err }
}

const write = (name: string, content: unknown, zip = false): string => {
  const file = join(directory, name)
  const text = typeof content === 'string' ? content : JSON.stringify(content)
  writeFileSync(file, zip ? gzipSync(text) : text)
  return file
}

/** `a` wants 12 of 10. */
const hot = {
  hosts: [
    { id: 'a', limit: [10, 100] },
    { id: 'b', limit: [10, 100] },
  ],
  vms: [
    { id: 'x', host: 'a', demand: [6, 10] },
    { id: 'y', host: 'a', demand: [6, 10] },
  ],
}

test('the moves are printed for people, with what they cost and what is proven', async () => {
  const { exit, out } = await run(write('hot.json', hot))
  assert.equal(exit, 0)
  assert.match(out, /^plan \(proven optimal\): 1 moves, no cure needs fewer than 1\n {2}x {2}a → b\n/)
  assert.match(out, /overloaded hosts 1 → 0/)
})

test('a script gets one line of JSON, with the ordered plan when it asks', async () => {
  const { exit, out } = await run('--json', '--plan', write('hot.json.gz', hot, true))
  assert.equal(exit, 0)
  assert.equal(out.indexOf('\n'), out.length - 1)
  const { schemaVersion, status, optimal, movesBound, violations, plan } = JSON.parse(out)
  assert.deepEqual(
    { schemaVersion, status, optimal, movesBound, violations },
    { schemaVersion: 1, status: 'plan', optimal: true, movesBound: 1, violations: [] },
  )
  const [{ kind, vm, from, to }] = plan.actions
  assert.deepEqual({ kind, vm, from, to }, { kind: 'migrate', vm: 'x', from: 'a', to: 'b' })
})

test('a zipped document is read however it was zipped', async () => {
  const text = JSON.stringify(hot)
  const members = Buffer.concat([gzipSync(text.slice(0, 40)), gzipSync(text.slice(40))])
  const file = join(directory, 'members.json.gz')
  writeFileSync(file, members)
  assert.equal((await run(file)).exit, 0)
  // The size it ends with is a lie, or it ends too early.
  const whole = gzipSync(text)
  const lying = Buffer.concat([whole.subarray(0, -4), Buffer.from([255, 255, 255, 255])])
  for (const broken of [lying, whole.subarray(0, -9), whole.subarray(0, 12)]) {
    writeFileSync(file, broken)
    const { exit, err } = await run(file)
    assert.equal(exit, 2)
    assert.match(err, /members\.json\.gz: /)
  }
})

test('a problem without a cure is explained, and is no failure of the command', async () => {
  const { exit, out } = await run(write('full.json', { ...hot, hosts: hot.hosts.slice(0, 1) }))
  assert.equal(exit, 0)
  assert.match(out, /^infeasible: nothing that helps can be done, 1 hosts are overloaded/)
  assert.match(out, /capacity\..*0\.012 cores.*0\.01 cores.*0\.002 cores short/)
})

test('a bad file is named with the place inside it', async () => {
  const misspelt = write('bad.json', { ...hot, vms: [{ ...hot.vms[0], demand: 'much' }] })
  const cases: readonly [string, RegExp][] = [
    [misspelt, /bad\.json: vms\[0\]\.demand/],
    [write('cut.json', '{"hosts": ['), /cut\.json: .*JSON/],
    [write('cut.json.gz', '\u001f\u008b'), /cut\.json\.gz: /],
    [write('hello.json.gz', 'hello'), /hello\.json\.gz: .*JSON/],
    [directory, /EISDIR/],
    [
      write('stranger.json', { ...hot, rules: [{ kind: 'spread', vms: ['x', 'z'] }] }),
      /rules\[0\]\.vms\[1\]: .* z/,
    ],
    [
      write('group.json', { ...hot, rules: [{ kind: 'among', vms: ['x'], parts: [['a'], ['b', 'c']] }] }),
      /rules\[0\]\.parts\[1\]\[1\]: .* c/,
    ],
    [write('less.json', { ...hot, hosts: [{ id: 'a', limit: [-1, 1] }] }), /hosts\[0\]\.limit\[0\]/],
    [
      write('off.json', { ...hot, hosts: [{ ...hot.hosts[0], state: 'offline' }, hot.hosts[1]] }),
      /vms\[0\]\.host: x cannot run on a, which is offline/,
    ],
    [join(directory, 'absent.json'), /absent\.json: no such file \(ENOENT\)/],
  ]
  for (const [file, text] of cases) {
    const { exit, out, err } = await run(file)
    assert.equal(exit, 2)
    assert.equal(out, '')
    assert.match(err, text)
  }
  const { exit, out } = await run('--json', misspelt)
  assert.equal(exit, 2)
  assert.equal(JSON.parse(out).error.path, 'vms[0].demand')
})

test('a word that is no objective, or a budget that is none, is wrong usage', async () => {
  const file = write('hot.json', hot)
  for (const words of [
    ['--objective', 'beauty'],
    ['--budget', '0'],
    ['--budget', 'soon'],
  ])
    assert.equal((await run(...words, file)).exit, 2)
})

const keys = [
  'schemaVersion',
  'status',
  'optimal',
  'moves',
  'cost',
  'bound',
  'movesBound',
  'overloadedBefore',
  'overloadedAfter',
  'violations',
  'loadMs',
  'solveMs',
  'planMs',
  'makespan',
  'explanation',
]

test('whatever the answer, a script finds the same keys', async () => {
  const wide = { id: 'w', host: 'b', demand: [7, 10] }
  const cases: readonly [string, unknown][] = [
    ['plan', hot],
    ['satisfied', { ...hot, vms: hot.vms.slice(1) }],
    ['infeasible', { ...hot, hosts: hot.hosts.slice(0, 1) }],
    // Two of 6 and one of 7 on two hosts of 10; the small one alone can leave.
    ['relief', { ...hot, vms: [...hot.vms, wide, { id: 'z', host: 'a', demand: [1, 10] }] }],
  ]
  for (const [status, document] of cases) {
    const { exit, out } = await run('--json', write(`${status}.json`, document))
    assert.equal(exit, 0)
    const report = JSON.parse(out)
    assert.equal(report.status, status)
    assert.deepEqual(Object.keys(report), keys)
    assert.equal(report.explanation !== null, status === 'infeasible' || status === 'relief')
  }
})

test('ids cannot paint a terminal, or forge a line of it', async () => {
  const odd = 'x\u001b[2J\nplan (proven optimal)'
  const file = write('odd.json', { ...hot, vms: [{ ...hot.vms[0], id: odd }, hot.vms[1]] })
  const { exit, out } = await run(file)
  assert.equal(exit, 0)
  assert.ok(!out.includes('\u001b') && !out.includes('\nplan'), out)
  const wrong = await run(write('odd.json', { ...hot, vms: [{ id: odd, host: odd, demand: [1, 1] }] }))
  assert.equal(wrong.exit, 2)
  assert.match(wrong.err, /^\P{Cc}*there is no host x\\u001b\[2J\\u000aplan\P{Cc}*\n$/u)
})

test('what has no end, or is there twice, is refused', async () => {
  const twice = ({ kind, ...rest }: Readonly<Record<string, unknown>>) =>
    write(`${kind}.json`, { ...hot, rules: [{ kind, ...rest }] })
  for (const [file, text] of [
    ['/dev/zero', /is a device/],
    [write('keys.json', '{"hosts": [], "hosts": [], "vms": []}'), /the key "hosts" is there twice/],
    [twice({ kind: 'seq', vms: ['x', 'x'] }), /rules\[0\]\.vms\[1\]: x is listed twice/],
    [twice({ kind: 'fence', vms: ['x'], hosts: ['b', 'b'] }), /rules\[0\]\.hosts\[1\]: b is listed twice/],
    [twice({ kind: 'split', parts: [['x', 'y', 'x']] }), /rules\[0\]\.parts\[0\]\[2\]: x is listed twice/],
  ] as const) {
    const { exit, err } = await run(file)
    assert.equal(exit, 2)
    assert.match(err, text)
  }
})
