/** A glossary helps while it is short and true: every word of it is used where it is said to live. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { test } from 'node:test'
import { readSource } from '../tidy/source.ts'

const root = join(import.meta.dirname, '../..')
const read = (path: string): string => readFileSync(join(root, path), 'utf8')

const wordsMax = 30

interface Entry {
  readonly word: string
  /** From the root. */
  readonly file: string
}

const entriesOf = (page: string): readonly Entry[] =>
  [...page.matchAll(/^\| ([a-z -]+) \|.*\]\(\.\.\/([^)]+)\) \|$/gm)].map((row) => ({
    word: row[1] ?? '',
    file: row[2] ?? '',
  }))

/** `CrashPoint` and `'crash-point'` are the words `crash point`. */
const plain = (text: string): string =>
  text
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/[^A-Za-z]+/g, ' ')
    .toLowerCase()

/** Is the word in a file's code, strings or name, alone or as a part of one? Comments do not count. */
const isUsed = (word: string, path: string, text: string): boolean => {
  const { code, literals } = readSource(path, text)
  const all = plain(`${basename(path)} ${code} ${literals.map(({ value }) => value).join(' ')}`)
  return new RegExp(`\\b${plain(word)}(?:s|ed)?\\b`).test(all)
}

const wrongEntries = (
  entries: readonly Entry[],
  textOf: (file: string) => string | null,
): readonly string[] => [
  ...(entries.length > wordsMax ? [`${entries.length} words: at most ${wordsMax}`] : []),
  ...entries.flatMap(({ word, file }, i) => {
    const text = textOf(file)
    const before = entries[i - 1]?.word
    return [
      ...(before !== undefined && before >= word ? [`${word} stands after ${before}`] : []),
      ...(text === null ? [`${word}: no file ${file}`] : []),
      ...(text !== null && !isUsed(word, file, text) ? [`${word}: not used in ${file}`] : []),
    ]
  }),
]

test('the glossary has at most thirty words, in order, each in use in the file that it names', () => {
  const page = read('docs/glossary.md')
  const entries = entriesOf(page)
  assert.ok(entries.length > 20)
  assert.equal(entries.length, page.split('\n').filter((line) => line.startsWith('| ')).length - 1)
  assert.deepEqual(
    wrongEntries(entries, (file) => (existsSync(join(root, file)) ? read(file) : null)),
    [],
  )
})

test('the glossary test finds words that are unused, lost, out of order or too many', () => {
  const text = "// wound\nexport interface CrashPoint {}\nconst kind = 'hand-over'"
  const wrong = (...words: readonly string[]): readonly string[] =>
    wrongEntries(
      words.map((word) => ({ word, file: word === 'world' ? 'lost.ts' : 'a.ts' })),
      (file) => (file === 'a.ts' ? text : null),
    )
  assert.deepEqual(wrong('crash point', 'hand-over'), [])
  assert.deepEqual(wrong('wound'), ['wound: not used in a.ts'])
  assert.deepEqual(wrong('world'), ['world: no file lost.ts'])
  assert.deepEqual(wrong('hand-over', 'crash point'), ['crash point stands after hand-over'])
  assert.ok(wrong(...Array<string>(31).fill('kind')).includes('31 words: at most 30'))
})

test('pages for newcomers lead to the glossary', () => {
  for (const page of ['README.md', 'CONTRIBUTING.md', 'docs/architecture.md'])
    assert.match(read(page), /\]\((?:docs\/)?glossary\.md\)/, page)
})
