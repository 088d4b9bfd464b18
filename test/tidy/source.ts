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

export const readSource = (path: string, text: string): Source => {
  const literals: Literal[] = []
  let code = ''
  let at = 0
  /** Depth of `{` inside each open `${`; a template goes on when its own is closed. */
  const templates: number[] = []

  const keep = (to: number): void => {
    code += text.slice(at, to)
    at = to
  }
  const blank = (to: number): void => {
    code += text.slice(at, to).replace(/[^\n]/g, ' ')
    at = to
  }
  /** From behind the opening quote (or the `}` of a `${…}`) to the closing one or the next `${`. */
  const template = (): void => {
    const from = at
    let end = at
    while (end < text.length && text[end] !== '`' && !(text[end] === '$' && text[end + 1] === '{'))
      end += text[end] === '\\' ? 2 : 1
    if (text[end] === '`' && text[from - 1] === '`')
      literals.push({ value: text.slice(from, end), at: from, before: code.slice(-41, -1) })
    blank(end)
    if (text[end] === '`') keep(end + 1)
    else {
      keep(end + 2)
      templates.push(0)
    }
  }

  while (at < text.length) {
    const c = text[at]!
    const next = text[at + 1]
    if (c === '/' && next === '/') {
      const end = text.indexOf('\n', at)
      blank(end < 0 ? text.length : end)
    } else if (c === '/' && next === '*') {
      const end = text.indexOf('*/', at + 2)
      blank(end < 0 ? text.length : end + 2)
    } else if (c === "'" || c === '"') {
      let end = at + 1
      while (end < text.length && text[end] !== c && text[end] !== '\n') end += text[end] === '\\' ? 2 : 1
      literals.push({ value: text.slice(at + 1, end), at, before: code.slice(-40) })
      keep(at + 1)
      blank(end)
      keep(Math.min(text.length, end + 1))
    } else if (c === '`') {
      keep(at + 1)
      template()
    } else if (c === '/' && beforeRegex.test(code.slice(-40)) && regexEnd(text, at) > 0) {
      const end = regexEnd(text, at)
      keep(at + 1)
      blank(end - 1)
      keep(end)
    } else if (c === '}' && templates.at(-1) === 0) {
      templates.pop()
      keep(at + 1)
      template()
    } else {
      if (templates.length > 0 && c === '{') templates.push(templates.pop()! + 1)
      if (templates.length > 0 && c === '}') templates.push(templates.pop()! - 1)
      keep(at + 1)
    }
  }
  return { path, text, code, literals }
}

/** What a file imports or re-exports, by any form of import. */
export const importsOf = (source: Source): readonly Literal[] =>
  source.literals.filter((literal) => /(?:\bfrom|\bimport|\bimport\s*\()\s*$/.test(literal.before))

export const lineOf = (source: Source, at: number): number => source.text.slice(0, at).split('\n').length

export const isTest = (path: string): boolean => path.endsWith('.test.ts')

/** Helps tests, and is no part of the product: what a file of one of these names, or in `test/`, exports is for tests. */
export const isTestSupport = (path: string): boolean =>
  path.startsWith('test/') ||
  /(?:^|\/)(?:testing|arbitrary|compliance|fixtures|example|fake-[\w-]+)(?:\.ts$|\/)/.test(path)

/** `packages/<name>/…` → name; null elsewhere. */
export const packageOf = (path: string): string | null => /^packages\/([^/]+)\//.exec(path)?.[1] ?? null

export const findAll = (source: Source, pattern: RegExp): readonly string[] =>
  [...source.code.matchAll(new RegExp(pattern, 'g'))].map(
    (found) => `${lineOf(source, found.index)}: ${found[0].trim()}`,
  )
