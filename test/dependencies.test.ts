/**
 * The author of a dependency says on one page what it is for and what was rejected. A package without such a row, or
 * a line about one that is gone, fails here; so does a table that mixes the packages of one manifest with another's.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

const root = join(import.meta.dirname, '..')

/** Heading of the page → manifest. */
const manifests: Readonly<Record<string, string>> = {
  'The agent': 'packages/agent/package.json',
  Placement: 'packages/placement/package.json',
  'The core': 'packages/protocol/package.json',
  'The simulator': 'packages/sim/package.json',
  'The repository': 'package.json',
}

interface Row {
  readonly name: string
  readonly purpose: string
}

const rowsOf = (page: string): ReadonlyMap<string, readonly Row[]> =>
  new Map(
    page
      .split(/^## /m)
      .slice(1)
      .map((section) => {
        const [heading = ''] = section.split('\n', 1)
        const rows = [...section.matchAll(/^\| `([^`]+)` \| ([^|]*) \|/gm)]
        return [heading, rows.map(([, name = '', purpose = '']) => ({ name, purpose: purpose.trim() }))]
      }),
  )

const declared = (manifest: string): readonly string[] => {
  const found: Record<string, unknown> = JSON.parse(readFileSync(join(root, manifest), 'utf8'))
  const kinds = ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies']
  return kinds.flatMap((kind) => Object.keys(found[kind] ?? {})).sort()
}

const page = rowsOf(readFileSync(join(root, 'docs/dependencies.md'), 'utf8'))

test('the page has a section for every manifest, and no other', () => {
  assert.deepEqual([...page.keys()], Object.keys(manifests))
})

for (const [heading, manifest] of Object.entries(manifests))
  test(`docs/dependencies.md justifies what ${manifest} declares, and nothing else`, () => {
    const rows = page.get(heading) ?? []
    assert.deepEqual(rows.map(({ name }) => name).sort(), declared(manifest))
    assert.deepEqual(
      rows.filter(({ purpose }) => purpose === ''),
      [],
      'says what for',
    )
  })
