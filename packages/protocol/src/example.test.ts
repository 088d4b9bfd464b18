/** The README's example is what a newcomer copies: it runs as it stands there, and prints what the page says. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

test('the example of the README runs, and prints what the page says', () => {
  const page = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  const example = /```ts\n([\s\S]*?)```/.exec(page)?.[1] ?? ''
  const printed = /It prints `([^`]+)`/.exec(page)?.[1]
  const index = JSON.stringify(new URL('./index.ts', import.meta.url).href)
  const directory = mkdtempSync(join(tmpdir(), 'drover-example-'))
  try {
    const file = join(directory, 'example.ts')
    writeFileSync(file, example.replace("'@drover/protocol'", index))
    const options = { encoding: 'utf8', env: { ...process.env, NODE_OPTIONS: '' } } as const
    assert.equal(execFileSync(process.execPath, [file], options), `${printed}\n`)
  } finally {
    rmSync(directory, { recursive: true })
  }
})
