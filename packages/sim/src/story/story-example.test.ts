/** A newcomer copies the story of this package's page. It is run here as it stands there, and the index shows the same one. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

const index = new URL('./index.ts', import.meta.url)
const exampleIn = (url: URL): string => {
  const found = /```ts\n([\s\S]*?)```/.exec(readFileSync(url, 'utf8'))?.[1]
  assert.ok(found, 'there is an example')
  return found.replace(/^ \* ?/gm, '').trimEnd()
}
const onThePage = exampleIn(new URL('../../README.md', import.meta.url))

test('the story of the page runs', () => {
  const directory = mkdtempSync(join(tmpdir(), 'drover-story-'))
  try {
    const file = join(directory, 'story.ts')
    writeFileSync(file, onThePage.replace("'@drover/sim/story'", JSON.stringify(index.href)))
    assert.equal(execFileSync(process.execPath, [file], { encoding: 'utf8' }), '1 VM has moved\n')
  } finally {
    rmSync(directory, { recursive: true })
  }
})

test('the index shows the same story', () => {
  assert.equal(exampleIn(index), onThePage)
})
