/** A TOML 1.0 text as a tree of plain values, with the line of every key: an error without a line is half an error. */
import { type AST, ParseError, parseTOML } from 'toml-eslint-parser'
import { type Path, pathKey } from './path.ts'
import { tooMuchToml } from './toml-bounds.ts'

export type Tree = { [key: string]: unknown }

export interface Toml {
  readonly tree: Tree
  /** The line (1-based) of every key, table and array element, by `pathKey`. */
  readonly lines: ReadonlyMap<string, number>
}

export class TomlError extends Error {
  readonly line: number
  constructor(message: string, line: number) {
    super(message)
    this.name = 'TomlError'
    this.line = line
  }
}

/** A name such as `__proto__` is a key like any other: never what all objects inherit. */
const write = (tree: Tree, key: string, value: unknown): void =>
  void Object.defineProperty(tree, key, { value, writable: true, enumerable: true, configurable: true })

const partsOf = (key: AST.TOMLKey): readonly { readonly name: string; readonly line: number }[] =>
  key.keys.map((part) => ({
    name: part.type === 'TOMLBare' ? part.name : part.value,
    line: part.loc.start.line,
  }))

interface Reading extends Toml {
  readonly lines: Map<string, number>
}
/** A table of the tree, and where it stands. */
interface Place {
  readonly table: Tree
  readonly path: Path
}

const note = ({ lines }: Reading, path: Path, line: number): void => {
  if (!lines.has(pathKey(path))) lines.set(pathKey(path), line)
}

/** The table of that name, made if need be; the last one of an array of tables. */
const within = ({ table, path }: Place, name: string): Place => {
  const here = [...path, name]
  const found = Object.hasOwn(table, name) ? table[name] : undefined
  if (Array.isArray(found)) return { table: found.at(-1) as Tree, path: [...here, found.length - 1] }
  if (found !== undefined) return { table: found as Tree, path: here }
  const fresh: Tree = {}
  write(table, name, fresh)
  return { table: fresh, path: here }
}

const assign = (reading: Reading, node: AST.TOMLKeyValue, place: Place): void => {
  let at = place
  const parts = partsOf(node.key)
  for (const [i, { name, line }] of parts.entries()) {
    note(reading, [...at.path, name], line)
    if (i < parts.length - 1) at = within(at, name)
    else write(at.table, name, plainOf(reading, node.value, [...at.path, name]))
  }
}

const readTable = (reading: Reading, node: AST.TOMLTable): void => {
  let at: Place = { table: reading.tree, path: [] }
  const parts = partsOf(node.key)
  for (const [i, { name, line }] of parts.entries()) {
    note(reading, [...at.path, name], line)
    if (node.kind === 'array' && i === parts.length - 1) {
      const tables = Object.hasOwn(at.table, name) ? (at.table[name] as Tree[]) : []
      const fresh: Tree = {}
      tables.push(fresh)
      write(at.table, name, tables)
      at = { table: fresh, path: [...at.path, name, tables.length - 1] }
      note(reading, at.path, line)
    } else at = within(at, name)
  }
  for (const one of node.body) assign(reading, one, at)
}

const plainOf = (reading: Reading, node: AST.TOMLContentNode, path: Path): unknown => {
  switch (node.type) {
    case 'TOMLArray':
      return node.elements.map((element, index) => {
        note(reading, [...path, index], element.loc.start.line)
        return plainOf(reading, element, [...path, index])
      })
    case 'TOMLInlineTable': {
      const table: Tree = {}
      for (const one of node.body) assign(reading, one, { table, path })
      return table
    }
    case 'TOMLValue':
      if (node.kind === 'integer' && !Number.isSafeInteger(node.value))
        throw new TomlError(`the integer ${node.number} is too large to be kept exactly`, node.loc.start.line)
      return node.value
    default:
      return node satisfies never
  }
}

/** Throws TomlError. */
export const readToml = (text: string): Toml => {
  const tooMuch = tooMuchToml(text)
  if (tooMuch !== null) throw new TomlError(tooMuch.text, tooMuch.line)
  const reading: Reading = { tree: {}, lines: new Map() }
  try {
    for (const node of parseTOML(text, { tomlVersion: '1.0' }).body[0].body)
      if (node.type === 'TOMLTable') readTable(reading, node)
      else assign(reading, node, { table: reading.tree, path: [] })
  } catch (error) {
    if (error instanceof ParseError) throw new TomlError(error.message, error.lineNumber)
    throw error
  }
  return reading
}
