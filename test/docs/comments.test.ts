/** Comments and names of tests are read as pages are: a VM, a host, an agent or a rule is their subject, never *who*. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { find, root } from './paths.ts'

const comment = /^\s*(?:\/?\*\*?(?!\/)|\/\/)(.*)|[;,{})\]]\s+\/\/ (.*)$/
const testName = /\b(?:test|describe|story)\((['"`])(.*?)\1,/
const riddle = /\b(?:who|whoever|whom|nobody|everybody|everyone|somebody|someone|anybody)\b/i

/** Without code spans, quotations and what a template fills in. */
const prose = (text: string): string => text.replace(/`[^`]*`|"[^"]*"|\$\{[^}]*\}/g, '')

const riddlesIn = (text: string): readonly string[] =>
  text.split('\n').flatMap((line, i) => {
    const found = comment.exec(line)
    const said = found?.[1] ?? found?.[2] ?? testName.exec(line)?.[2] ?? ''
    return riddle.test(prose(said)) ? [`${i + 1}: ${line.trim()}`] : []
  })

test('no comment and no name of a test says who or nobody', () => {
  const sources = find([
    'packages/*/src/**/*.ts',
    'packages/*/bin/*',
    'test/**/*.ts',
    'bench/*.ts',
    'docs/**/*.ts',
  ])
  assert.ok(sources.length > 500)
  assert.deepEqual(
    sources
      .filter((path) => !path.startsWith('test/docs'))
      .flatMap((path) => riddlesIn(readFileSync(join(root, path), 'utf8')).map((what) => `${path}:${what}`)),
    [],
  )
})

test('the check finds comments and names, and leaves code, quotations and spans alone', () => {
  const text = [
    '/** Who moves. */',
    ' * Nobody moves.',
    'const who = 1 // it knows `who`',
    "  test('somebody moves', async () => {",
    'run() // everybody',
    '// it says "nobody"',
    "const name = 'nobody'",
  ]
  assert.deepEqual(
    riddlesIn(text.join('\n')).map((found) => found.split(':')[0]),
    ['1', '2', '4', '5'],
  )
})
