/**
 * House style is a test, not a habit: the author of a file learns here, before the review, that
 * it reads a clock in the core, imports against the direction, has no reader or names a place that exists on one machine
 * only. Each rule is shown to be able to fail first.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join, sep } from 'node:path'
import { test } from 'node:test'
import { allFaults } from './power/all-faults.ts'
import { placesOf } from './power/pattern.ts'
import { patternsOf } from './power/sown-fault.ts'
import { filesOf, suites } from './run.ts'
import { countAssertions, judgeAssertions } from './tidy/assertions.ts'
import { namesTwice, rooms } from './tidy/directions.ts'
import { findingsOfExceptions, judgeExceptions, readExceptions } from './tidy/exceptions.ts'
import { deadFiles } from './tidy/reach.ts'
import { codeRules, judgeSnippet, textRules } from './tidy/rules.ts'
import { importsOf, readSource, type Source } from './tidy/source.ts'

const root = join(import.meta.dirname, '..')
const read = (path: string): Source => readSource(path, readFileSync(join(root, path), 'utf8'))

const sources: readonly Source[] = globSync(
  ['packages/*/src/**/*.ts', 'packages/*/bin/*.js', 'test/**/*.ts', 'bench/**/*.ts'],
  { cwd: root, exclude: ['**/node_modules/**'] },
)
  .map((path) => path.split(sep).join('/'))
  .sort()
  .map(read)

/** What git tracks; outside a checkout (an unpacked archive) there is nothing tracked to look at. */
const tracked = (): readonly string[] => {
  if (!existsSync(join(root, '.git'))) return []
  return execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' })
    .split('\0')
    .filter((path) => path !== '' && existsSync(join(root, path)))
}

const scripts = ['package.json', ...globSync('packages/*/package.json', { cwd: root })].flatMap((path) =>
  Object.values<string>(JSON.parse(readFileSync(join(root, path), 'utf8')).scripts ?? {}),
)

/** The public pages of our packages, from the root. */
const exported = globSync('packages/*/package.json', { cwd: root }).flatMap((path) => {
  const { exports: pages }: { exports?: Record<string, string> } = JSON.parse(
    readFileSync(join(root, path), 'utf8'),
  )
  return Object.values(pages ?? {}).map((page) => join(dirname(path), page).split(sep).join('/'))
})

/** One failure lists all findings, so that they are mended in one go. */
const none = (findings: readonly string[]): void =>
  assert.ok(findings.length === 0, `\n${findings.join('\n')}\n`)

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: a template inside a text is what the lexer is shown
test('the lexer tells code from comments, strings, templates and regular expressions', () => {
  const text = [
    "const a = 'it\\'s // no comment' // a comment with 'quotes'",
    'const b = `text ${ { c: `inner ${d} }` } } more` /* and // more */ + e',
    'const f = /[/\'"]\\/`/.test(g) ? h / i / j : k',
  ].join('\n')
  const { code, literals } = readSource('a.ts', text)
  assert.equal(code.length, text.length)
  const words = code.match(/\w+/g)
  assert.deepEqual(words, 'const a const b c d e const f test g h i j k'.split(' '))
  assert.deepEqual(
    literals.map((l) => l.value),
    ["it\\'s // no comment"],
  )
  const imports = readSource('a.ts', "import {\n  a,\n} from './a.ts'\nexport * from \"./b.ts\"\nf('./c.ts')")
  assert.deepEqual(
    importsOf(imports).map((l) => l.value),
    ['./a.ts', './b.ts'],
  )
})
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: as above

for (const rule of [...codeRules, ...textRules])
  test(`can fail: ${rule.name}`, () => {
    for (const snippet of rule.bad)
      assert.ok(
        judgeSnippet(rule, snippet).length > 0,
        `must complain: ${snippet.path}: ${snippet.text.slice(0, 80)}`,
      )
    for (const snippet of rule.good)
      assert.deepEqual(
        judgeSnippet(rule, snippet),
        [],
        `must not complain: ${snippet.path}: ${snippet.text.slice(0, 80)}`,
      )
  })

test('can fail: dead files', () => {
  const tree = [
    readSource('packages/agent/src/index.ts', "export * from './a.ts'"),
    readSource('packages/agent/src/a.ts', "const worker = new URL('./b.ts', import.meta.url)"),
    readSource('packages/agent/src/b.ts', '// import "./c.ts"'),
    readSource('packages/agent/src/c.ts', ''),
    readSource('packages/agent/src/c.test.ts', "import './c.ts'\nimport './testing.ts'"),
    readSource('packages/agent/src/testing.ts', ''),
    readSource('packages/agent/src/compliance.ts', ''),
    readSource('packages/agent/src/script.ts', ''),
    readSource('packages/agent/src/program.ts', 'if (import.meta.main) main()'),
    readSource('packages/agent/bin/drover.js', "import('../src/cli.ts')"),
    readSource('packages/agent/src/cli.ts', ''),
  ]
  assert.deepEqual(deadFiles(tree, ['node packages/agent/src/script.ts']), [
    'packages/agent/src/c.ts',
    'packages/agent/src/compliance.ts',
  ])
})

test('can fail: no file name twice', () => {
  const paths = ['a/summary.ts', 'b/summary.ts', 'a/index.ts', 'index.ts', 'a/b.test.ts', 'b.test.ts']
  assert.deepEqual(namesTwice(paths.map((path) => `packages/agent/src/${path}`)), [
    'packages/agent/src/a/summary.ts and packages/agent/src/b/summary.ts',
  ])
  assert.deepEqual(
    namesTwice(['packages/agent/src/a.ts', 'packages/sim/src/a.ts', 'test/a.ts', 'test/b/a.ts']),
    [],
  )
})

test('can fail: the list of files with long functions', () => {
  const text = `
      "includes": [
        // Not yet split.
        "a.ts",
        "b.ts",
      ],
      "includes": [
        "packages/placement/src/c.ts", // its parts would share all of their state
        "packages/placement/src/d.ts",
        "b.ts", // a reason that is long enough
      ],
      "linter": { "x": "off" },`
  assert.deepEqual(
    judgeExceptions(readExceptions(text), new Set(['a.ts', 'packages/placement/src/d.ts']), 'is short'),
    [
      'b.ts: is short: delete its line',
      'packages/placement/src/c.ts: is short: delete its line',
      'b.ts: is short: delete its line',
      'b.ts: listed twice',
      "b.ts: only the solver's hot loops are excepted for good",
      'packages/placement/src/d.ts: excepted for good, and does not say why',
    ],
  )
})

test('the whole repository was looked at', () => {
  const paths = sources.map((s) => s.path)
  for (const known of ['packages/protocol/src/index.ts', 'packages/agent/src/agent.ts', 'test/tidy.test.ts'])
    assert.ok(paths.includes(known), known)
  assert.ok(scripts.some((script) => script.includes('test/run.ts')))
  assert.ok(exported.includes('packages/agent/src/cli/kit.ts'))
})

for (const rule of codeRules)
  test(rule.name, () => none(sources.flatMap((s) => rule.judge(s).map((what) => `${s.path}:${what}`))))

const texts = tracked().map(read)
for (const rule of textRules)
  test(rule.name, () => none(texts.flatMap((s) => rule.judge(s).map((what) => `${s.path}:${what}`))))

test('no file name stands twice in a package', () => none(namesTwice(sources.map((s) => s.path))))

test('every package has its rooms in order, and each room is there', () => {
  const packages = globSync('packages/*/package.json', { cwd: root }).map((path) => path.split(sep)[1] ?? '')
  assert.deepEqual(Object.keys(rooms).sort(), packages.sort())
  none(
    Object.entries(rooms).flatMap(([name, list]) =>
      list
        .filter((room) => !existsSync(join(root, 'packages', name, 'src', room)))
        .map((room) => `${name}: no room ${room}`),
    ),
  )
})

test('each exception from the bounds on functions is still needed', () => {
  none(findingsOfExceptions(root))
  none(
    sources
      .filter(({ text }) => /biome-ignore\S* lint\/complexity\/noExcessive/.test(text))
      .map(({ path }) => `${path}: excepts itself: split its function`),
  )
})

test('every fault that is sown has its one place in the code', () => {
  none(
    allFaults.flatMap((fault) =>
      patternsOf(fault).flatMap((edit) => {
        const path = `packages/${edit.file}`
        const text = sources.find((source) => source.path === path)?.text
        const places = text === undefined ? 0 : placesOf(edit, text)
        return places === 1
          ? []
          : [`${path}: ${places} places for the fault ${fault.id} in ${edit.inside} (test/power/faults)`]
      }),
    ),
  )
})

test('the core loses no assertion', () => {
  const text = "import { assert } from 'a'\n// assert(1)\nassert(b)\n  assert(() => c)\nnode.assert(d)"
  const made = (path: string): Source => readSource(path, text)
  const all = ['packages/protocol/src/a.ts', 'packages/protocol/src/a.test.ts', 'packages/sim/src/a.ts'].map(
    made,
  )
  assert.equal(countAssertions(all), 2)
  assert.deepEqual(
    [judgeAssertions(9, 10).length, judgeAssertions(10, 10).length, judgeAssertions(41, 10).length],
    [1, 0, 1],
  )
  none(judgeAssertions(countAssertions(sources)))
})

test('no dead files', () => none(deadFiles(sources, [...scripts, ...exported])))

test('every test file is run by some suite', () => {
  const run = new Set(Object.values(suites).flatMap((suite) => filesOf(suite, [], root)))
  none(sources.map((s) => s.path).filter((path) => path.endsWith('.test.ts') && !run.has(path)))
  const quick = suites['quick'] ?? assert.fail('there is no quick suite')
  assert.deepEqual(filesOf(quick, ['test/tidy.te'], root), ['test/tidy.test.ts'])
  assert.deepEqual(filesOf(quick, ['no such word'], root), [])
})
