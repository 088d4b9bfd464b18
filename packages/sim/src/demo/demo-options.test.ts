// What is typed after `npm start --` is understood, or answered by one clear line.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseOptions } from './demo-options.ts'

const wrong = (...argv: string[]): string => {
  const parsed = parseOptions(argv)
  assert.equal(parsed.kind, 'wrong')
  assert.ok(parsed.kind === 'wrong' && !parsed.text.includes('\n'))
  return parsed.kind === 'wrong' ? parsed.text : ''
}

test('defaults, and every option', () => {
  assert.deepEqual(parseOptions([]), {
    kind: 'run',
    options: { hosts: 16, seed: 1, faults: new Set(['agents', 'host']), durationS: 45, json: false },
  })
  assert.deepEqual(
    parseOptions(['--hosts', '64', '--seed=7', '--faults', 'cut,host', '--duration', '20', '--json']),
    {
      kind: 'run',
      options: { hosts: 64, seed: 7, faults: new Set(['cut', 'host']), durationS: 20, json: true },
    },
  )
  const off = parseOptions(['--faults', 'off'])
  assert.ok(off.kind === 'run' && off.options.faults.size === 0)
  const help = parseOptions(['--help', '--hosts', '64'])
  assert.match(help.kind === 'help' ? help.text : '', /--duration S/)
})

test('what is wrong is named', () => {
  assert.match(wrong('--hosts', '3'), /--hosts wants a whole number from 4 to 128, not '3'/)
  assert.match(wrong('--hosts', '1e2'), /not '1e2'/)
  assert.match(wrong('--seed', '-1'), /--seed/)
  assert.match(wrong('--duration', '99'), /10 to 75/)
  assert.match(wrong('--faults', 'agents,fire'), /not 'fire'/)
  assert.match(wrong('--colour'), /--colour/)
  assert.match(wrong('now'), /now/)
})
