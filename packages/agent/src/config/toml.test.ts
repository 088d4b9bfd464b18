/** A mistake in a TOML file is told with its line, however its author chose to write the key. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { pathKey } from './path.ts'
import { readToml, TomlError } from './toml.ts'

const lineOf = (text: string, ...path: (string | number)[]) => readToml(text).lines.get(pathKey(path))

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
  assert.deepEqual(Object.keys(readToml(text).tree).sort(), [
    'api',
    'host',
    'mode',
    'policy',
    'quoted key',
    'rules',
  ])
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

/** For names and texts of printable ASCII, JSON's quotes are TOML's. */
const write = (tree: object): string => {
  const lines = { plain: [] as string[], tables: [] as string[] }
  for (const [name, value] of Object.entries(tree))
    if (typeof value === 'object' && !Array.isArray(value))
      lines.tables.push(`[${JSON.stringify(name)}]`, write(value as object))
    else lines.plain.push(`${JSON.stringify(name)} = ${JSON.stringify(value)}`)
  return [...lines.plain, ...lines.tables].join('\n')
}

test('every written document is read again, and every leaf is on a line that holds its key', () => {
  // The story: the reader walks texts that no author thought of, and never loses its place.
  const key = fc.string({ minLength: 1, maxLength: 6 })
  const leaf = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.array(fc.string(), { maxLength: 3 }))
  const table = fc.dictionary(key, fc.oneof(leaf, fc.dictionary(key, leaf)), { noNullPrototype: true })
  fc.assert(
    fc.property(table, (tree) => {
      const text = write(tree)
      const { tree: again, lines } = readToml(text)
      assert.deepEqual(structuredClone(again), structuredClone(tree))
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

test('a key that every object inherits is a key like any other', () => {
  const { tree, lines } = readToml('[a.__proto__]\nx = 1\n[toString]\ny = 2\n')
  assert.deepEqual(Object.keys(tree), ['a', 'toString'])
  assert.equal(lines.get(pathKey(['a', '__proto__', 'x'])), 2)
  assert.equal('x' in {}, false)
})

test('a fault against TOML 1.0, or a number that cannot be kept exactly, has a line', () => {
  const bad: readonly [string, number][] = [
    ['a = 1\na = 2', 2],
    ['[a]\nb = 1\n[a]\nc = 1', 3],
    ['a = 1\nb =', 2],
    ['a = [1,\n 2', 2],
    ['a = "x', 1],
    ['a = 1\nb = 9007199254740993', 2],
    ['a = 1979-13-45', 1],
    ['a = {b = 1}\n[a.c]', 2],
  ]
  for (const [text, line] of bad)
    assert.throws(
      () => readToml(text),
      (error) => error instanceof TomlError && error.line === line,
      text,
    )
})
