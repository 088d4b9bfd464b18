/** A fault is found in a syntax tree and sown there; each of the list has its one place in the code. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { allFaults } from './all-faults.ts'
import { placesOf, sow, sowAll } from './pattern.ts'
import { editsOf, type PatternEdit, promises } from './sown-fault.ts'

const root = join(import.meta.dirname, '../..')
const read = (file: string): string => readFileSync(join(root, 'packages', file), 'utf8')

const edit = (pattern: PatternEdit['pattern'], replacement: string, inside = 'judge'): PatternEdit => ({
  file: 'somewhere',
  inside,
  pattern,
  replacement,
})

const code = `
// für den Fall: a character of more than one byte
const judge = (a: number, b: number) => {
  if (a > 0 &&
      b > 0) return   stop( a, /* of */ b )
  return go(a)
}
const other = () => { if (a > 0 && b > 0) return stop(a, b); return { judge: 1, kept: (x) => go(x) } }
`

test('a place is found in its function, whatever its white space and comments', () => {
  assert.equal(placesOf(edit('if (a > 0 && $B) return $C', ''), code), 1)
  assert.equal(placesOf(edit('stop($$$ALL)', ''), code), 1)
  assert.equal(placesOf(edit('stop($$$ALL)', '', 'other'), code), 1)
  assert.equal(placesOf(edit('stop($$$ALL)', '', 'nothing'), code), 0)
  assert.equal(placesOf(edit('$F(a)', ''), code), 1)
  assert.equal(placesOf(edit('go(x)', '', 'kept'), code), 1)
})

test('what a pattern found under a name stands in the replacement', () => {
  assert.match(sow(edit('$A && b > 0', '$A'), code), /if \(a > 0\) return {3}stop\(/)
  assert.match(sow(edit('stop($$$ALL)', 'halt(1, $$$ALL)'), code), /halt\(1, a, \/\* of \*\/ b\)/)
  assert.match(sow(edit('go($X)', 'gone($X, $Y)'), code), /return gone\(a, \$Y\)/)
  assert.match(
    sow(edit({ code: '({ judge: 1 })', kind: 'pair' }, 'judge: 2', 'other'), code),
    /\{ judge: 2, kept/,
  )
  const deleted = sow(edit('if ($A) return stop($$$ALL)', ''), code)
  assert.equal(deleted.split('stop').length, 2)
  assert.match(deleted, /=> \{\s+return go\(a\)/)
})

test('a fault that has no place, or two, is not sown', () => {
  assert.throws(() => sow(edit('stop(b)', ''), code), /0 places in somewhere, judge: one was expected/)
  assert.throws(() => sow(edit('$F($$$ALL)', ''), code), /[23] places in somewhere/)
  assert.throws(() => sowAll([edit('go(a)', 'went'), edit('go(a)', 'went')], code), /0 places/)
})

test('each fault changes the code, has a name of its own, and no promise is without one', () => {
  const sameText = allFaults.filter((fault) =>
    editsOf(fault).some((one) => sow(one, read(one.file)) === read(one.file)),
  )
  assert.deepEqual(
    sameText.map(({ id }) => id),
    [],
  )
  assert.equal(new Set(allFaults.map(({ id }) => id)).size, allFaults.length)
  assert.equal(new Set(allFaults.map(({ name }) => name)).size, allFaults.length)
  const broken = new Set(allFaults.flatMap(({ breaks }) => breaks))
  assert.deepEqual(
    promises.filter((code) => !broken.has(code)),
    [],
  )
})
