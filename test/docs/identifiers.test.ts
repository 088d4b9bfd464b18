/** Code is renamed, and pages are forgotten: every name of the code that a page mentions is looked up there. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { codeOf } from './markdown.ts'
import { find, root } from './paths.ts'

const read = (path: string): string => readFileSync(join(root, path), 'utf8')

/** Names of others' code, and one that stands for any kind of rule to come. */
const elsewhere: ReadonlySet<string> = new Set(['StrictSign', 'DvmsActor', 'diskCapacity'])

/** Words with a capital letter inside, in the code spans of a page. */
const namesOf = (page: string): readonly string[] =>
  codeOf(page).flatMap(({ language, text }) =>
    language === '' && !text.includes('\n') ? (text.match(/\b[A-Za-z]\w*[a-z][A-Z]\w*\b/g) ?? []) : [],
  )

test('every name of the code that a page mentions is in the code', () => {
  const words = new Set(
    find(['packages/*/src/**/*.{ts,js}', 'packages/*/bin/*', 'test/**/*.ts', 'bench/*.ts', '*.json'])
      .filter((path) => !path.startsWith('test/docs/'))
      .flatMap((path) => read(path).match(/[A-Za-z_]\w+/g) ?? []),
  )
  const pages = find(['*.md', 'docs/**/*.md', 'packages/*/*.md', 'test/**/*.md'])
  const named = pages.flatMap((path) => namesOf(read(path)).map((name) => ({ path, name })))
  assert.ok(named.length > 100)
  assert.deepEqual(
    named
      .filter(({ name }) => !words.has(name) && !elsewhere.has(name))
      .map(({ path, name }) => `${path}: ${name}`),
    [],
  )
  const used = new Set(named.map(({ name }) => name))
  assert.deepEqual(
    [...elsewhere].filter((name) => !used.has(name) || words.has(name)),
    [],
    'exceptions that are none',
  )
  assert.deepEqual(namesOf('`peer.stepOnce()` and `plain`, notHere'), ['stepOnce'])
})
