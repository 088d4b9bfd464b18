/**
 * What runs the tests must itself not lose one: many files in one process give the same results and one set of closing
 * lines, and a file that cannot be loaded, ends its process or hangs is a failed test that bears its name.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestEvent } from 'node:test/reporters'
import { inspect } from 'node:util'
import { type CrewOptions, startCrew } from './runner/crew.ts'
import { filesPerGroupMax, groupsOf } from './runner/groups.ts'

const beginning = "import { test } from 'node:test'\n"

/** Lines as the tests would be told in: `✔ name`, `✖ name: error`, `ℹ closing line`. */
const play = async (
  groups: readonly (readonly string[])[],
  texts: Readonly<Record<string, string>>,
  options: Partial<CrewOptions> = {},
): Promise<{ readonly passed: boolean; readonly lines: readonly string[] }> => {
  const root = mkdtempSync(join(tmpdir(), 'drover-runner-'))
  const lines: string[] = []
  const show = ({ type, data }: TestEvent): void => {
    if (type === 'test:pass') lines.push(`✔ ${data.name}`)
    else if (type === 'test:fail')
      lines.push(`✖ ${data.name}: ${inspect(data.details.error.cause).split('\n')[0]}`)
    else if (type === 'test:diagnostic' && !data.message.startsWith('duration_ms'))
      lines.push(`ℹ ${data.message}`)
    else if (type === 'test:stdout') lines.push(data.message.trim())
  }
  try {
    for (const [path, text] of Object.entries(texts)) writeFileSync(join(root, path), beginning + text)
    const limits = { concurrency: 2, timeoutMs: 60_000, silentMs: 120_000 }
    const crew = startCrew({ groups, ...limits, options: [], env: process.env, root, show, ...options })
    return { passed: await crew.finished, lines }
  } finally {
    rmSync(root, { recursive: true })
  }
}

test('files of one process and of several are told in order and counted once', async () => {
  const { passed, lines } = await play([['a.mjs', 'b.mjs'], ['c.mjs']], {
    'a.mjs':
      "test('a waits', () => new Promise((resolve) => setTimeout(resolve, 300)))\nsetInterval(() => {}, 1_000)",
    'b.mjs': "test('b', (t) => { console.log('says b'); t.diagnostic('tests a word') })",
    'c.mjs': "test('c', () => {})\ntest('not now', { skip: true }, () => {})",
  })
  const counts = ['tests 4', 'suites 0', 'pass 3', 'fail 0', 'cancelled 0', 'skipped 1', 'todo 0']
  assert.deepEqual(
    lines.filter((line) => line !== 'says b'),
    ['✔ a waits', '✔ b', 'ℹ tests a word', '✔ c', '✔ not now', ...counts.map((line) => `ℹ ${line}`)],
  )
  assert.ok(lines.includes('says b'))
  assert.ok(passed)
})

test('whatever goes wrong in a file is a failed test, and the files beside it run all the same', async () => {
  const { passed, lines } = await play([['a.mjs', 'b.mjs', 'c.mjs'], ['d.mjs'], ['e.mjs']], {
    'a.mjs': "test('a', () => {})\nthrow new Error('while loading')",
    'b.mjs': "import './nowhere.mjs'",
    'c.mjs': "import assert from 'node:assert'\ntest('c', () => assert.equal(1, 2))",
    'd.mjs': "test('d', () => process.exit(3))",
    'e.mjs':
      "test('e', () => { setTimeout(() => { throw new Error('later') }, 1) })\ntest('f', () => new Promise((resolve) => setTimeout(resolve, 50)))",
  })
  const told = lines.map((line) => line.replace(/(Cannot find module|Error: Test "e").*/, '$1'))
  const counts = ['tests 8', 'suites 0', 'pass 3', 'fail 5', 'cancelled 0', 'skipped 0', 'todo 0']
  assert.deepEqual(told, [
    '✔ a',
    '✖ a.mjs can be loaded: Error: while loading',
    '✖ b.mjs can be loaded: Error [ERR_MODULE_NOT_FOUND]: Cannot find module',
    '✖ c: AssertionError [ERR_ASSERTION]: 1 == 2',
    '✖ d.mjs: its process ended with 3 before its tests had ended; it ran d.mjs',
    '✔ e',
    '✔ f',
    'ℹ Error: Test "e"',
    '✖ e.mjs: something went wrong in its process when the test that began it had ended; it ran e.mjs',
    ...counts.map((line) => `ℹ ${line}`),
  ])
  assert.ok(!passed)
})

test('a file that hangs is ended and named', async () => {
  const { passed, lines } = await play(
    [['a.mjs']],
    { 'a.mjs': "test('a', () => { for (;;) {} })" },
    { silentMs: 2_000 },
  )
  assert.match(lines.join('\n'), /✖ .*a\.mjs: its process was silent for 2000 ms/)
  assert.ok(!passed)
})

test('files share a process by their package, save those that could disturb others', () => {
  const groups = groupsOf(
    ['packages/a/src/1', 'packages/a/src/2', 'packages/a/src/x/3', 'packages/b/src/4'],
    (path) => (path.endsWith('2') ? "import { spawn } from 'node:child_process'" : ''),
  )
  assert.deepEqual(groups, [
    ['packages/a/src/1', 'packages/a/src/x/3'],
    ['packages/a/src/2'],
    ['packages/b/src/4'],
  ])
  const stories = ['test/1', 'test/core/2', 'test/core/3', 'test/core/4', 'test/core/5']
  const begun = groupsOf(stories, () => '')
  assert.deepEqual(
    begun,
    [stories.slice(1, 4), ['test/core/5'], ['test/1']],
    'what takes longest begins first',
  )
  for (const text of ['beforeEach(() => {})', "import net from 'node:net'", 'await realClock().sleep(1)'])
    assert.equal(groupsOf(['test/1', 'test/2'], () => text).length, 2, text)
  const many = Array.from({ length: filesPerGroupMax + 1 }, (_, i) => `test/${i}`)
  assert.deepEqual(
    groupsOf(many, () => '').map((group) => group.length),
    [filesPerGroupMax, 1],
  )
})
