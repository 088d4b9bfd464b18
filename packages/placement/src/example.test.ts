/**
 * A newcomer to this package copies the example of its page. It is run here as it stands there, and the README shows the
 * same one.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

const index = new URL('./index.ts', import.meta.url)
const exampleOf = (text: string): string => {
  const found = /```ts\n([\s\S]*?)```/.exec(text)?.[1]
  assert.ok(found, 'there is an example')
  return found.replace(/^ \* ?/gm, '')
}

test('the example of the page runs, and moves what it should', () => {
  const example = exampleOf(readFileSync(index, 'utf8'))
  const directory = mkdtempSync(join(tmpdir(), 'drover-example-'))
  try {
    const file = join(directory, 'example.ts')
    writeFileSync(file, example.replace("'@drover/placement'", JSON.stringify(index.href)))
    const said = execFileSync(process.execPath, [file], { encoding: 'utf8' })
    assert.match(said, /^plan true\n/)
    assert.match(said, /kind: 'migrate',\s+from: 'a',\s+to: 'c'/)
    assert.match(said, /violations: 0\n$/)
  } finally {
    rmSync(directory, { recursive: true })
  }
})

test('the README shows the same example', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  assert.equal(exampleOf(readme), exampleOf(readFileSync(index, 'utf8')).trimEnd().concat('\n'))
})
