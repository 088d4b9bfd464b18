// Tables are read as RFC 4180 has them, and a mistake in one is said with its place.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { readRecords, readTable } from './csv.ts'

const directory = mkdtempSync(join(tmpdir(), 'drover-csv-'))
after(() => rmSync(directory, { recursive: true }))

const fileOf = (content: string | Buffer): string => {
  const path = join(directory, 't.csv')
  writeFileSync(path, content)
  return path
}
const namesIn = (content: string | Buffer): readonly string[] => {
  const names: string[] = []
  readTable(fileOf(content), ['name', 'size'], (row) =>
    names.push(`${row.text('name')} ${row.number('size')}`),
  )
  return names
}

test('columns stand in any order; cells may be quoted; empty lines and blanks around cells say nothing', () => {
  assert.deepEqual(namesIn('size,other,name\n1,x,a\n\n 2 ,, b \r\n3,"x, ""y""\nz","c, d"\n'), [
    'a 1',
    'b 2',
    'c, d 3',
  ])
  assert.deepEqual(namesIn('\ufeffname,size\na,1'), ['a 1'])
  assert.deepEqual(namesIn(gzipSync('name,size\na,1\n')), ['a 1'])
})

test('a mistake in a table is reported with file, line and column, also after a cell of several lines', () => {
  const wrong = (content: string | Buffer, message: RegExp): void =>
    assert.throws(() => namesIn(content), { name: 'FileError', message })
  wrong('name,size\na,1\n\nb,two\n', /t\.csv: line 4, column size: two is not a number/)
  wrong('name,size\n"a\na",1\nb,-1\n', /t\.csv: line 4, column size: -1 is less than 0/)
  wrong('name,size\nb\n', /line 2, column size: is empty/)
  wrong('name,sum\na,1\n', /line 1: no column size; it has: name, sum/)
  wrong('', /line 1: no column name, size/)
  wrong('name,size\n"a,1\n', /t\.csv: .*Quote.*line/)
  wrong(gzipSync('name,size\na,1\n').subarray(0, 20), /t\.csv: not a whole gzip file/)
  assert.throws(() => readRecords(join(directory, 'absent.csv'), () => {}), {
    message: /absent\.csv: .*ENOENT/,
  })
})

test('a fault of the reader itself is not taken for one of the file', () => {
  assert.throws(
    () =>
      readRecords(fileOf('a\n'), () => {
        throw new TypeError('ours')
      }),
    { name: 'TypeError', message: 'ours' },
  )
})

test('numbers are decimal, and small enough to be counted with', () => {
  for (const cell of ['0x10', '1e999', 'NaN', '0b1'])
    assert.throws(() => namesIn(`name,size\na,${cell}\n`), {
      message: /line 2, column size: .* is not a number/,
    })
  assert.throws(() => namesIn('name,size\na,1e300\n'), { message: /line 2, column size: 1e300 is too large/ })
})

test('a device, a folder and a cell that a terminal would obey', () => {
  assert.throws(() => readRecords('/dev/zero', () => {}), { name: 'FileError', message: /is a device/ })
  assert.throws(() => readRecords(directory, () => {}), { name: 'FileError', message: /is a directory/ })
  assert.throws(() => namesIn('name,size\na,\u001b[31m\n'), { message: /^\P{Cc}*\\u001b/u })
})
