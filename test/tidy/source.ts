/**
 * A TypeScript file as the tidy rules see it: its code with comments, strings and regular expressions blanked out (so
 * that a word in prose is not code), and its string literals apart. A small lexer, because the rules must not need
 * more than Node to run; where it would be wrong, `tidy.test.ts` shows what it gets right.
 */

export interface Literal {
  readonly value: string
  readonly at: number
  /** The code before it, up to 40 characters: tells an import from a text. */
  readonly before: string
}

export interface Source {
  /** From the root of the repository, with `/`. */
  readonly path: string
  readonly text: string
  /** Same length and lines as `text`. */
  readonly code: string
  readonly literals: readonly Literal[]
}

/** After these, a `/` begins a regular expression, not a division. */
const beforeRegex =
  /(?:^|[=(,:;[!&|?{}~^+\-*%<>]|\b(?:return|typeof|case|in|of|do|else|void|delete|throw|yield|await))\s*$/

/** Where the regular expression that begins at `from` ends (behind its last `/`), or -1 when it is none. */
const regexEnd = (text: string, from: number): number => {
  let inClass = false
  for (let i = from + 1; i < text.length && text[i] !== '\n'; i++) {
    const c = text[i]
    if (c === '\\') i++
    else if (c === '[') inClass = true
    else if (c === ']') inClass = false
    else if (c === '/' && !inClass) return i + 1
  }
  return -1
}

/** Where the lexer is. */
interface Reading {
  readonly text: string
  readonly literals: Literal[]
  /** Depth of `{` inside each open `${`; a template goes on when its own is closed. */
  readonly templates: number[]
  /** What has been read; its length is `at`. */
  code: string
  at: number
}

const keep = (reading: Reading, to: number): void => {
  reading.code += reading.text.slice(reading.at, to)
  reading.at = to
}

const blank = (reading: Reading, to: number): void => {
  reading.code += reading.text.slice(reading.at, to).replace(/[^\n]/g, ' ')
  reading.at = to
}

/** To the end of a comment, or of the text: what is looked for may be missing. */
const blankComment = (reading: Reading, end: string): void => {
  const { text, at } = reading
  const found = text.indexOf(end, at + 2)
  blank(reading, found < 0 ? text.length : found + (end === '\n' ? 0 : end.length))
}

const readString = (reading: Reading, quote: string): void => {
  const { text, at } = reading
  let end = at + 1
  while (end < text.length && text[end] !== quote && text[end] !== '\n') end += text[end] === '\\' ? 2 : 1
  reading.literals.push({ value: text.slice(at + 1, end), at, before: reading.code.slice(-40) })
  keep(reading, at + 1)
  blank(reading, end)
  keep(reading, Math.min(text.length, end + 1))
}

/** From the opening quote, or the `}` of a `${…}`, to the closing one or the next `${`. */
const readTemplate = (reading: Reading): void => {
  const { text } = reading
  keep(reading, reading.at + 1)
  const from = reading.at
  let end = from
  while (end < text.length && text[end] !== '`' && !(text[end] === '$' && text[end + 1] === '{'))
    end += text[end] === '\\' ? 2 : 1
  if (text[end] === '`' && text[from - 1] === '`')
    reading.literals.push({ value: text.slice(from, end), at: from, before: reading.code.slice(-41, -1) })
  blank(reading, end)
  if (text[end] === '`') return keep(reading, end + 1)
  keep(reading, end + 2)
  reading.templates.push(0)
}

/** True when it was a regular expression, and has been read. */
const readRegex = (reading: Reading): boolean => {
  const { text, at, code } = reading
  const end = beforeRegex.test(code.slice(-40)) ? regexEnd(text, at) : -1
  if (end < 0) return false
  keep(reading, at + 1)
  blank(reading, end - 1)
  keep(reading, end)
  return true
}

/** True when the `}` closes a `${`. */
const closesTemplate = ({ templates }: Reading): boolean => {
  if (templates.at(-1) !== 0) return false
  templates.pop()
  return true
}

const readBrace = ({ templates }: Reading, step: number): void => {
  const depth = templates.pop()
  if (depth !== undefined) templates.push(depth + step)
}

const readNext = (reading: Reading): void => {
  const { text, at } = reading
  const c = text[at]
  const next = text[at + 1]
  if (c === '/' && next === '/') return blankComment(reading, '\n')
  if (c === '/' && next === '*') return blankComment(reading, '*/')
  if (c === "'" || c === '"') return readString(reading, c)
  if (c === '`' || (c === '}' && closesTemplate(reading))) return readTemplate(reading)
  if (c === '/' && readRegex(reading)) return
  if (c === '{') readBrace(reading, 1)
  if (c === '}') readBrace(reading, -1)
  keep(reading, at + 1)
}

export const readSource = (path: string, text: string): Source => {
  const reading: Reading = { text, literals: [], templates: [], code: '', at: 0 }
  while (reading.at < text.length) readNext(reading)
  return { path, text, code: reading.code, literals: reading.literals }
}

/** What a file imports or re-exports, by any form of import. */
export const importsOf = (source: Source): readonly Literal[] =>
  source.literals.filter((literal) => /(?:\bfrom|\bimport|\bimport\s*\()\s*$/.test(literal.before))

export const lineOf = (source: Source, at: number): number => source.text.slice(0, at).split('\n').length

export const isTest = (path: string): boolean => path.endsWith('.test.ts')

/** Helps tests, and is no part of the product: what a file of one of these names, or in `test/`, exports is for tests. */
export const isTestSupport = (path: string): boolean =>
  path.startsWith('test/') ||
  /(?:^|\/)(?:testing|arbitrary|compliance(?:-stage)?|fixtures|example|fake-[\w-]+)(?:\.ts$|\/)/.test(path)

/** `packages/<name>/…` → name; null elsewhere. */
export const packageOf = (path: string): string | null => /^packages\/([^/]+)\//.exec(path)?.[1] ?? null

export const findAll = (source: Source, pattern: RegExp): readonly string[] =>
  [...source.code.matchAll(new RegExp(pattern, 'g'))].map(
    (found) => `${lineOf(source, found.index)}: ${found[0].trim()}`,
  )
