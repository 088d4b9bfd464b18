// What a person names is read whole or refused in one line, whatever stands there.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { decimalOf, wholeOf } from './decimal.ts'
import { readGivenJson } from './json.ts'
import { printable, printableLines } from './printable.ts'
import { givenBytes, readGiven, readGivenText } from './read-given.ts'

const directory = mkdtempSync(join(tmpdir(), 'drover-given-'))
after(() => rmSync(directory, { recursive: true }))

const fileOf = (name: string, content: string | Buffer = ''): string => {
  const path = join(directory, name)
  writeFileSync(path, content)
  return path
}
const refused = (what: () => unknown, message: RegExp): void =>
  assert.throws(what, { name: 'GivenError', message })

test('a device, a directory, a pipe that no program writes into and a socket are refused at once', async () => {
  refused(() => readGiven('/dev/zero'), /^\/dev\/zero: is a device, not a file$/)
  refused(() => readGiven(directory), /: is a directory \(EISDIR\)$/)
  refused(() => readGiven(join(directory, 'absent')), /absent: no such file \(ENOENT\)$/)
  refused(() => readGiven(join(fileOf('plain'), 'in')), /no such file: a part of its path/)
  refused(() => readGiven('a\u0000b'), /^a\\u0000b: a name that no file can have$/)
  const pipe = join(directory, 'pipe')
  execFileSync('mkfifo', [pipe])
  assert.equal(readGiven(pipe).length, 0)
  refused(() => readGivenJson(pipe), /pipe: is empty$/)
  const socket = join(directory, 'socket')
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(socket, resolve))
  refused(() => readGiven(socket), /is a socket or a device, not a file \(ENXIO\)$/)
  server.close()
  assert.equal(readGiven('/dev/null').length, 0)
  assert.match(readGivenText('/proc/self/status'), /^Name:/)
})

test('more bytes than fit are refused, packed or not, before they are read', () => {
  const sparse = fileOf('sparse')
  truncateSync(sparse, 2 ** 30)
  refused(() => readGiven(sparse), /sparse: is larger than 256 MiB/)
  const bomb = fileOf('bomb.gz', gzipSync(Buffer.alloc(2 * givenBytes.settings)))
  refused(() => readGiven(bomb, { unzip: true, bytesMax: givenBytes.settings }), /is larger than 1 MiB/)
  refused(() => readGiven(fileOf('cut.gz', Buffer.from([0x1f, 0x8b])), { unzip: true }), /not a whole gzip/)
})

test('text is UTF-8, with or without a byte order mark', () => {
  assert.equal(readGivenText(fileOf('mark', '\ufeffa\r\n')), 'a\r\n')
  refused(() => readGivenText(fileOf('wide', Buffer.from('\ufeffa', 'utf16le'))), /is UTF-16; save it as/)
  refused(() => readGivenText(fileOf('latin', Buffer.from('ü', 'latin1'))), /is not text in UTF-8/)
})

test('JSON that cannot be taken at its word is refused with the place', () => {
  const json = (content: string | Buffer) => readGivenJson(fileOf('t.json', content), { unzip: true })
  assert.deepEqual(json('\ufeff{"a": [1, {"a": "}\\""}]}'), { a: [1, { a: '}"' }] })
  assert.deepEqual(json(gzipSync('{"a":1}')), { a: 1 })
  assert.ok(Object.hasOwn(json('{"__proto__": 1}') as object, '__proto__'))
  refused(
    () => json('{"a": 1,\n "b": {"c": 1, "\\u0063": 2}}'),
    /the key "c" is there twice, at line 2, column 16$/,
  )
  refused(() => json('['.repeat(500_000)), /nested deeper than 100 levels, at line 1, column 101$/)
  refused(
    () => json(`[${'{},'.repeat(20_000_000)}{}]`),
    /says more than fits into memory \(40000002 values\)/,
  )
  refused(() => json(' \n'), /is empty$/)
  refused(() => json('{"\u001b[31m":}'), /^[^\p{Cc}]*is not JSON: [^\p{Cc}]*$/u)
  refused(() => json(Buffer.from('{"ü":1}', 'latin1')), /is not text in UTF-8/)
  refused(() => json('{"a": NaN}'), /is not JSON/)
})

test('numbers are decimal', () => {
  for (const [text, value] of [
    ['12', 12],
    ['-0.5', -0.5],
    ['.5', 0.5],
    ['1e3', 1000],
  ] as const)
    assert.equal(decimalOf(text), value)
  for (const text of ['', ' ', '0x10', '0b1', '1_000', 'NaN', 'Infinity', '1e999', '1,5', '١', '1 ', '--1'])
    assert.equal(decimalOf(text), null, text)
  assert.equal(wholeOf('99', 0, 100), 99)
  for (const text of ['0x50', '101', '-1', '1.5', '', '1e1']) assert.equal(wholeOf(text, 0, 100), null, text)
})

test('what a terminal would obey is shown', () => {
  assert.equal(printable('a\u001b[31mb\nc\u009b\u202ed'), 'a\\u001b[31mb\\u000ac\\u009b\\u202ed')
  assert.equal(printableLines('a\n\u0007'), 'a\n\\u0007')
  assert.equal(printable('drüben → 東'), 'drüben → 東')
})
