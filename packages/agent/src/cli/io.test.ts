/** `drover history | head`: the reader closes the pipe, and drover ends quietly instead of with a stack trace. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'

const drover = new URL('../../bin/drover.js', import.meta.url).pathname

test('a reader that has had enough is no fault', async () => {
  const child = spawn(process.execPath, [drover, '--help'])
  // Closed long before anything is written.
  child.stdout.destroy()
  let said = ''
  child.stderr.on('data', (chunk) => {
    said += chunk
  })
  const [code] = await once(child, 'close')
  assert.equal(said, '')
  assert.equal(code, 0)
})
