/**
 * Pages in plain English: the subject of a sentence is a VM, a host, a rule or an agent. *Who* and *nobody* for things make
 * riddles of sentences. People do without these words, too: operators, owners, administrators have names.
 */
import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { codeOf, prose } from './markdown.ts'

const root = join(import.meta.dirname, '../..')
const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const find = (patterns: readonly string[]): readonly string[] =>
  globSync([...patterns], { cwd: root, exclude: ['**/node_modules/**'] })
    .map((path) => path.replaceAll('\\', '/'))
    .sort()
const pages = find(['*.md', 'docs/**/*.md', 'packages/*/*.md', 'test/**/*.md'])

/** `line: word` for each such word outside of code and quotations. */
const riddlesIn = (page: string): readonly string[] =>
  prose(page)
    .split('\n')
    .flatMap((line, i) =>
      [
        ...line
          .replace(/"[^"]*"|“[^”]*”/g, '')
          .matchAll(/\b(?:who|whoever|whom|nobody|everybody|somebody|anybody)\b/gi),
      ].map(([word]) => `${i + 1}: ${word}`),
    )

const files = find(['*', 'docs/**/*', 'examples/*', 'packages/**/*', 'packaging/*', 'test/**/*', 'bench/*'])
const folders = new Set(
  files.flatMap((file) => file.split('/').flatMap((_, i, parts) => parts.slice(0, i).join('/'))),
)
/** `protocol/data/io.ts` is short for the file in that package's `src`. */
const shortOf = (path: string): string => path.replace(/^packages\/([^/]+)\/src(?=\/|$)/, '$1')
const stands = (all: Iterable<string>, path: string): boolean =>
  [...all].some((one) => one === path || one.endsWith(`/${path}`) || shortOf(one) === path)

/** Files and folders that a page names in code spans, and that are nowhere. */
const lostPaths = (page: string): readonly string[] =>
  codeOf(page).flatMap(({ language, text, line }) => {
    if (language !== '' || text.startsWith('../')) return []
    const isFile = /^[\w./-]+\.(?:ts|js|md)$/.test(text) && !stands(files, text)
    const isFolder =
      /^(?:docs|examples|packages|test|bench)\/[\w./-]*[\w/]$/.test(text) &&
      !/\.\w+$/.test(text) &&
      !stands(folders, text.replace(/\/$/, ''))
    return isFile || isFolder ? [`${line}: ${text}`] : []
  })

/** Tells where files were before they were moved. */
const oldNames = 'docs/adr/016-rooms-and-names.md'

const everywhere = (judge: (page: string) => readonly string[], except?: string): void =>
  assert.deepEqual(
    pages.flatMap((path) => (path === except ? [] : judge(read(path)).map((what) => `${path}:${what}`))),
    [],
  )

test('no page says who or nobody', () => everywhere(riddlesIn))

test('every file and folder that a page names exists', () => everywhere(lostPaths, oldNames))

test('both checks can fail, and leave quotations and code alone', () => {
  assert.deepEqual(riddlesIn('The VM that\nNobody moves, "who" and `whom`.\n```\nwho\n```'), ['2: Nobody'])
  assert.deepEqual(lostPaths('`docs/glossary.md` `nothing.ts` `protocol/data/io.ts` `test/nowhere/`'), [
    '1: nothing.ts',
    '1: test/nowhere/',
  ])
  assert.ok(existsSync(join(root, oldNames)))
})
