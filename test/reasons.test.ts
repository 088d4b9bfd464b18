/** Reason codes are an interface, and a promise: one that nothing ever says sends operators looking for nothing. */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { reasons } from '../packages/protocol/src/index.ts'
import { isTest, isTestSupport, readSource } from './tidy/source.ts'

const root = join(import.meta.dirname, '..')

/** The texts of all product code but the list of codes itself. */
const literalsOf = (path: string): readonly string[] =>
  readSource(path, readFileSync(join(root, path), 'utf8')).literals.map(({ value }) => value)
const said: ReadonlySet<string> = new Set(
  globSync('packages/*/src/**/*.ts', { cwd: root, exclude: ['**/node_modules/**'] })
    .filter((path) => !isTest(path) && !isTestSupport(path) && !/\/reasons?\.ts$/.test(path))
    .flatMap(literalsOf),
)

const unsaid = (codes: readonly string[]): readonly string[] => codes.filter((code) => !said.has(code))

test('every reason code is said somewhere', () => {
  assert.ok(Object.keys(reasons).length > 80)
  assert.deepEqual(unsaid(Object.keys(reasons)), [])
  assert.deepEqual(unsaid(['host.draining', 'numa.no_fit']), ['numa.no_fit'], 'the test can fail')
})

/** Fields and parameters of the protocol that take any text for a code; the home of codes itself must. */
const untyped = (path: string, text: string): readonly string[] =>
  [...readSource(path, text).code.matchAll(/^.*\bcode\??: string\b.*$/gm)].map(
    ([line]) => `${path}: ${line.trim()}`,
  )

test('a code that the protocol says is typed, so that a mistyped one does not compile', () => {
  const paths = globSync('packages/protocol/src/**/*.ts', { cwd: root }).filter(
    (path) => !isTest(path) && !isTestSupport(path) && !path.endsWith('data/reasons.ts'),
  )
  assert.ok(paths.length > 80)
  assert.deepEqual(
    paths.flatMap((path) => untyped(path, readFileSync(join(root, path), 'utf8'))),
    [],
  )
  assert.equal(
    untyped('snippet', 'const refuse = (code: string, text: string) => 1\n// of code: string').length,
    1,
  )
})
