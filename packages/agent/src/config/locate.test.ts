/** A mistake in a TOML file is told with its line, however its author chose to write the key. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parse, stringify } from 'smol-toml'
import { locateKeys, pathKey } from './locate.ts'

const lineOf = (text: string, ...path: (string | number)[]) => locateKeys(text).get(pathKey(path))

test('every way to write a key has a line', () => {
  // The story: an operator uses all of TOML, with comments and strings that look like keys. Each key is still found.
  const text = [
    '# [host]', // 1
    'mode = "auto" # mode = "x"', // 2
    'host.name = "a = b"', // 3
    '"quoted key" = \'[x]\'', // 4
    '[policy]', // 5
    'note = """', // 6
    '[network]', // 7
    'x = 1 \\""" not yet""""', // 8
    'cooldown_ms = 1_000', // 9
    '[[rules]]', // 10
    'kind = "spread"', // 11
    'vms = [', // 12
    '  "a", # first', // 13
    '  "b",', // 14
    ']', // 15
    '[[ rules ]]', // 16
    "kind = '''", // 17
    "ban'''", // 18
    '[rules.extra.deep]', // 19
    'x = { y = { z = 1 }, w = [1, {v = 2}] }', // 20
    '[api]', // 21
    'socket = "s"', // 22
  ].join('\n')
  assert.deepEqual(Object.keys(parse(text)).sort(), ['api', 'host', 'mode', 'policy', 'quoted key', 'rules'])
  const expected: readonly [number, ...(string | number)[]][] = [
    [2, 'mode'],
    [3, 'host'],
    [3, 'host', 'name'],
    [4, 'quoted key'],
    [5, 'policy'],
    [6, 'policy', 'note'],
    [9, 'policy', 'cooldown_ms'],
    [10, 'rules'],
    [10, 'rules', 0],
    [11, 'rules', 0, 'kind'],
    [12, 'rules', 0, 'vms'],
    [13, 'rules', 0, 'vms', 0],
    [14, 'rules', 0, 'vms', 1],
    [16, 'rules', 1],
    [17, 'rules', 1, 'kind'],
    [19, 'rules', 1, 'extra', 'deep'],
    [20, 'rules', 1, 'extra', 'deep', 'x', 'y', 'z'],
    [20, 'rules', 1, 'extra', 'deep', 'x', 'w', 1, 'v'],
    [21, 'api'],
    [22, 'api', 'socket'],
  ]
  for (const [line, ...path] of expected) assert.equal(lineOf(text, ...path), line, path.join('.'))
  assert.equal(lineOf(text, 'network'), undefined, 'a table inside a string is none')
})

test('whatever the TOML writer writes, every leaf is found on a line that holds its key', () => {
  // The story: the locator walks texts that nobody thought of, and never loses its place.
  const key = fc.string({ minLength: 1, maxLength: 6 })
  const leaf = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.array(fc.string(), { maxLength: 3 }))
  const table = fc.dictionary(key, fc.oneof(leaf, fc.dictionary(key, leaf)), { noNullPrototype: true })
  fc.assert(
    fc.property(table, (tree) => {
      const text = stringify(tree)
      const lines = locateKeys(text)
      for (const [name, value] of Object.entries(tree)) {
        assert.ok(lines.has(pathKey([name])), `${JSON.stringify(name)} in ${JSON.stringify(text)}`)
        if (typeof value === 'object' && !Array.isArray(value))
          for (const inner of Object.keys(value)) assert.ok(lines.has(pathKey([name, inner])))
      }
      for (const line of lines.values()) assert.ok(line >= 1 && line <= text.split('\n').length)
    }),
    { numRuns: 300 },
  )
})
