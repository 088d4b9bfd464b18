/**
 * Pages in plain English: the subject of a sentence is a VM, a host, a rule or an agent. *Who* and *nobody* for things make
 * riddles of sentences. People do without these words, too: operators, owners, administrators have names.
 */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { codeOf, prose } from './markdown.ts'
import { find, root, stands } from './paths.ts'

const read = (path: string): string => readFileSync(join(root, path), 'utf8')
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

/** Files and folders that a page names in code spans, and that are nowhere. */
const lostPaths = (page: string): readonly string[] =>
  codeOf(page).flatMap(({ language, text, line }) => {
    if (language !== '' || text.startsWith('../')) return []
    const isFile = /^[\w./-]+\.(?:ts|js|md)$/.test(text) && !stands(text)
    const isFolder =
      /^(?:docs|examples|packages|test|bench)\/[\w./-]*[\w/]$/.test(text) &&
      !/\.\w+$/.test(text) &&
      !stands(text)
    return isFile || isFolder ? [`${line}: ${text}`] : []
  })

/** Tells where files were before they were moved. */
const oldNames = 'docs/adr/016-rooms-and-names.md'

const everywhere = (judge: (page: string) => readonly string[], except?: string): void =>
  assert.deepEqual(
    pages.flatMap((path) => (path === except ? [] : judge(read(path)).map((what) => `${path}:${what}`))),
    [],
  )

test('no page, example or story says who or nobody', () => {
  everywhere(riddlesIn)
  assert.deepEqual(
    find(['examples/*', 'packaging/*', 'test/scenario/*.txt']).flatMap((path) =>
      riddlesIn(read(path)).map((what) => `${path}:${what}`),
    ),
    [],
  )
})

test('every file and folder that a page names exists', () => everywhere(lostPaths, oldNames))

test('both checks can fail, and leave quotations and code alone', () => {
  assert.deepEqual(riddlesIn('The VM that\nNobody moves, "who" and `whom`.\n```\nwho\n```'), ['2: Nobody'])
  assert.deepEqual(lostPaths('`docs/glossary.md` `nothing.ts` `protocol/data/io.ts` `test/nowhere/`'), [
    '1: nothing.ts',
    '1: test/nowhere/',
  ])
  assert.ok(existsSync(join(root, oldNames)))
})
