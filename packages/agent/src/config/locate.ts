/**
 * On which line does a key stand? The TOML parser does not say, and an error without a line is half an error.
 * This scanner reads a text that the parser has already accepted, so it need not judge, only walk.
 */

export type Path = readonly (string | number)[]

/** Paths as map keys; no TOML key can hold the separator unescaped. */
export const pathKey = (path: Path): string => path.join('\u0000')

/** The line (1-based) of every key, table and array element of a valid TOML text. */
export const locateKeys = (text: string): ReadonlyMap<string, number> => {
  const lines = new Map<string, number>()
  /** How many tables each `[[array]]` has so far. */
  const counts = new Map<string, number>()
  let at = 0
  let line = 1

  const peek = (length = 1): string => text.slice(at, at + length)
  const advance = (length = 1): void => {
    for (const end = Math.min(text.length, at + length); at < end; at++) if (text[at] === '\n') line++
  }
  const note = (path: Path): void => {
    if (!lines.has(pathKey(path))) lines.set(pathKey(path), line)
  }
  const blank = (): void => {
    while (at < text.length) {
      if (/\s/.test(peek())) advance()
      else if (peek() === '#') while (at < text.length && peek() !== '\n') advance()
      else return
    }
  }
  /** A quoted string; returns what stands between the quotes, with escapes undone where JSON knows them. */
  const quoted = (): string => {
    const quote = peek()
    const close = peek(3) === quote.repeat(3) ? quote.repeat(3) : quote
    advance(close.length)
    const start = at
    while (at < text.length && peek(close.length) !== close) advance(peek() === '\\' && quote === '"' ? 2 : 1)
    const inner = text.slice(start, at)
    // A closing """ may be preceded by one or two quotes that belong to the text.
    do advance(close.length === 3 && peek(4) === `${close}${quote}` ? 1 : close.length)
    while (close.length === 3 && peek(3) === close)
    if (quote === "'") return inner
    try {
      return JSON.parse(`"${inner}"`) as string
    } catch {
      return inner
    }
  }
  const key = (): string[] => {
    const parts: string[] = []
    for (;;) {
      while (/[ \t]/.test(peek())) advance()
      if (peek() === '"' || peek() === "'") parts.push(quoted())
      else {
        const start = at
        while (/[A-Za-z0-9_-]/.test(peek())) advance()
        parts.push(text.slice(start, at))
      }
      while (/[ \t]/.test(peek())) advance()
      if (peek() !== '.') return parts
      advance()
    }
  }
  /** Puts the number of the last table behind each `[[array]]` that a path goes through. */
  const resolve = (parts: readonly string[]): Path => {
    const path: (string | number)[] = []
    for (const part of parts) {
      path.push(part)
      const count = counts.get(pathKey(path))
      if (count !== undefined) path.push(count - 1)
    }
    return path
  }
  const noteAll = (base: Path, rest: readonly string[]): Path => {
    let path = base
    for (const part of rest) {
      path = [...path, part]
      note(path)
    }
    return path
  }
  const value = (path: Path): void => {
    const first = peek()
    if (first === '"' || first === "'") quoted()
    else if (first === '[') {
      advance()
      for (let index = 0; ; index++) {
        blank()
        if (at >= text.length || peek() === ']') break
        note([...path, index])
        value([...path, index])
        blank()
        if (peek() === ',') advance()
      }
      advance()
    } else if (first === '{') {
      advance()
      for (;;) {
        blank()
        if (at >= text.length || peek() === '}') break
        statement(path)
        blank()
        if (peek() === ',') advance()
      }
      advance()
    } else while (at < text.length && !/[,\]}\n#]/.test(peek())) advance()
  }
  const statement = (base: Path): void => {
    const before = at
    const path = noteAll(base, key())
    if (peek() === '=') advance()
    while (/[ \t]/.test(peek())) advance()
    value(path)
    if (at === before) advance()
  }

  let table: Path = []
  for (blank(); at < text.length; blank()) {
    if (peek() !== '[') {
      statement(table)
      continue
    }
    const isArray = peek(2) === '[['
    advance(isArray ? 2 : 1)
    const parts = key()
    const parent = resolve(parts.slice(0, -1))
    const own = [...parent, parts.at(-1) ?? '']
    for (let length = 1; length <= own.length; length++) note(own.slice(0, length))
    if (isArray) {
      const count = counts.get(pathKey(own)) ?? 0
      counts.set(pathKey(own), count + 1)
      table = [...own, count]
      note(table)
    } else table = own
    advance(isArray ? 2 : 1)
  }
  return lines
}
