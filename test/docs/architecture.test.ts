/** The map is the house: its rooms are those that tidy enforces, and its table of promises is complete and true. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { rooms } from '../tidy/directions.ts'
import { find } from './paths.ts'
import { promisesOf } from './references.ts'

const read = (path: string): string => readFileSync(join(import.meta.dirname, '../..', path), 'utf8')
const page = read('docs/architecture.md')

test('docs/architecture.md names the folders of each package in the order of test/tidy/directions.ts', () => {
  for (const [name, all] of Object.entries(rooms)) {
    const row = page.split('\n').find((line) => line.startsWith(`| ${name} | \``)) ?? ''
    const named = (row.split('|')[2] ?? '').split('·').map((cell) => /`([^`]+)`/.exec(cell)?.[1])
    assert.deepEqual(
      named,
      all.filter((room) => !room.endsWith('.ts')),
      name,
    )
  }
})

test('the table of promises has all of them', () => {
  const upTo = (letter: string, last: number): readonly string[] =>
    Array.from({ length: last }, (_, i) => `${letter}${i + 1}`)
  const known = promisesOf(page)
  assert.deepEqual(
    [...upTo('S', 15), ...upTo('L', 6), ...upTo('R', 2), ...upTo('Q', 4)].filter((code) => !known.has(code)),
    [],
  )
})

test('a promise is said to be shown by the checker exactly when the checker looks for its breach', () => {
  const said = [...page.matchAll(/^\| ([A-Z]\d+) \|[^|]*\| checker/gm)].map((row) => row[1])
  const source = read('packages/sim/src/invariants/findings.ts')
  const checked = /export type Invariant =((?:\s+\|[^\n]+)+)/.exec(source)?.[1]?.match(/[A-Z]\d+/g) ?? []
  assert.ok(checked.length > 0)
  assert.deepEqual(said, [...checked])
})

test('the decision about rooms and names leads from each old file to one that exists', () => {
  const record = read('docs/adr/016-rooms-and-names.md')
  const targets = [...record.matchAll(/^\*\*(\w+):\*\*(.*)$/gm)].flatMap(([, name, list = '']) =>
    [...list.matchAll(/→ `([^`]+)`/g)].map((to) => `packages/${name}/src/${to[1]}`),
  )
  assert.ok(targets.length > 80)
  assert.deepEqual(
    targets.filter((path) => !existsSync(join(import.meta.dirname, '../..', path))),
    [],
  )
})

test('decision records are numbered from 1, each number once, as their titles say', () => {
  const records = find(['docs/adr/*.md'])
  const numbers = records.map((path) => Number(/\/(\d{3})-/.exec(path)?.[1]))
  assert.deepEqual(
    numbers,
    numbers.map((_, i) => i + 1),
    'two records with one number, or none',
  )
  for (const [i, path] of records.entries()) assert.match(read(path), new RegExp(`^# ${i + 1}\\. `), path)
})
