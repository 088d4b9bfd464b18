/** Processes are started, watched and killed by number; a number that was given anew since is another process's. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { test } from 'node:test'
import { ended, identify, isAlive, onlyChild, run, signal, until, within } from './process.ts'

test('a process is identified by its pid and its start, so that a later process with that pid is never killed', async () => {
  const child = spawn('sleep', ['100'])
  const over = ended(child)
  const who = identify(child.pid!)!
  assert.ok(isAlive(who))
  assert.equal(signal({ ...who, startTime: '1' }, 'SIGKILL'), false)
  assert.ok(isAlive(who))
  assert.equal(signal(who, 'SIGKILL'), true)
  assert.deepEqual(await over, { code: null, signal: 'SIGKILL' })
  assert.equal(isAlive(who), false)
  assert.equal(signal(who, 'SIGKILL'), false)
})

test('the child of a process is found', async () => {
  const parent = spawn('sh', ['-c', 'sleep 100 & wait'])
  const over = ended(parent)
  const child = await until('child', 5000, () => onlyChild(parent.pid!), 5)
  assert.equal(onlyChild(child.pid), null)
  signal(child, 'SIGKILL')
  await over
})

test('a command gives its output, its error, or a time-out, and never hangs', async () => {
  assert.equal(await run(['cat'], 5000, 'hello'), 'hello')
  await assert.rejects(run(['sh', '-c', 'echo why >&2; exit 3'], 5000), {
    code: 'testbed.failed',
    message: /why/,
  })
  await assert.rejects(run(['no-such-command'], 5000), { code: 'testbed.failed' })
  // The grandchild holds the pipes open.
  await assert.rejects(run(['sh', '-c', 'sleep 3 & wait'], 100), { code: 'testbed.timeout' })
})

test('waiting ends with its result, or with an error when the time is up', async () => {
  assert.equal(await within('quick', 1000, Promise.resolve(7)), 7)
  await assert.rejects(within('slow', 10, new Promise(() => {})), {
    code: 'testbed.timeout',
    message: /slow/,
  })
  await assert.rejects(
    until('never', 20, () => null, 5),
    { code: 'testbed.timeout', message: /never/ },
  )
})
