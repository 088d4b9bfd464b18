/** One source of settings (a file, the environment, the flags), and how several become one: later wins. */
import { decimalOf } from '../given/decimal.ts'
import type { Origin } from './origin.ts'
import { type Path, pathKey } from './path.ts'
import { keyText, type Problem, suggestKey } from './problem.ts'
import { configReader, type SchemaNode, type SchemaReader } from './schema-node.ts'
import { readToml, TomlError, type Tree } from './toml.ts'

export interface Layer {
  readonly tree: Readonly<Tree>
  readonly originOf: (path: Path) => Origin
}

const isTable = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)

/** Only what was written into the tree itself: `constructor` and `__proto__` are names like any other in a file. */
const read = (tree: Tree, key: string): unknown => (Object.hasOwn(tree, key) ? tree[key] : undefined)

const write = (tree: Tree, key: string, value: unknown): void =>
  void Object.defineProperty(tree, key, { value, writable: true, enumerable: true, configurable: true })

/** A TOML text as a layer, or why it is none. */
export const fileLayer = (file: string, text: string): Layer | Problem => {
  try {
    const { tree, lines } = readToml(text)
    const originOf = (path: Path): Origin => {
      for (let length = path.length; length > 0; length--) {
        const line = lines.get(pathKey(path.slice(0, length)))
        if (line !== undefined) return { kind: 'file', file, line }
      }
      return { kind: 'file', file, line: null }
    }
    return { tree, originOf }
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    return {
      code: 'syntax',
      key: '',
      text: `not TOML: ${error.message}`,
      suggestion: null,
      origin: { kind: 'file', file, line: error.line },
    }
  }
}

/** Text from the environment or a flag, as the type that the schema wants; what does not fit stays text. */
const coerce = (node: SchemaNode | null | undefined, text: string): unknown => {
  switch (node?.type) {
    case 'integer':
    case 'number':
      return decimalOf(text) ?? text
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : text
    case 'array':
      if (text.trimStart().startsWith('['))
        try {
          return readToml(`value = ${text}`).tree['value']
        } catch {
          return text
        }
      return text
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== '')
        .map((part) => coerce(node.items, part))
    default:
      return text
  }
}

const place = (tree: Tree, path: readonly string[], value: unknown): void => {
  let table = tree
  for (const key of path.slice(0, -1)) {
    const next = read(table, key)
    if (isTable(next)) table = next
    else {
      const fresh: Tree = {}
      write(table, key, fresh)
      table = fresh
    }
  }
  write(table, path.at(-1) ?? '', value)
}

/** Of the value there, or of the nearest table around it. */
const nearestOrigin = (origins: ReadonlyMap<string, Origin>, path: Path): Origin => {
  for (let length = path.length; length > 0; length--) {
    const origin = origins.get(pathKey(path.slice(0, length)))
    if (origin !== undefined) return origin
  }
  return { kind: 'default' }
}

const pairsLayer = (
  pairs: readonly { readonly path: readonly string[]; readonly text: string; readonly origin: Origin }[],
  schema: SchemaReader,
): Layer => {
  const tree: Tree = {}
  const origins = new Map<string, Origin>()
  for (const { path, text, origin } of pairs) {
    place(tree, path, coerce(schema.at(path), text))
    for (let length = 1; length <= path.length; length++) origins.set(pathKey(path.slice(0, length)), origin)
  }
  return { tree, originOf: (path) => nearestOrigin(origins, path) }
}

/**
 * `DROVER_POLICY__COOLDOWN_MS=1000` is `policy.cooldown_ms`. A name that is no key is a problem when it has a double
 * underscore or nearly is one; others (`DROVER_PORT` and the like, which container systems set unasked) are left alone.
 */
export const envLayer = (
  env: Readonly<Record<string, string | undefined>>,
): { readonly layer: Layer; readonly problems: readonly Problem[] } => {
  const problems: Problem[] = []
  const pairs = []
  for (const name of Object.keys(env).sort()) {
    const text = env[name]
    if (!name.startsWith('DROVER_') || text === undefined) continue
    const path = name.slice('DROVER_'.length).toLowerCase().split('__')
    const origin: Origin = { kind: 'env', name }
    const node = configReader.at(path)
    if (node !== null && node.properties === undefined) pairs.push({ path, text, origin })
    else {
      const key = path.at(-1) ?? ''
      const suggestion = node === null ? suggestKey(configReader, path.slice(0, -1), key) : null
      if (path.length > 1 || (suggestion !== null && !suggestion.includes('.')))
        problems.push({
          code: 'unknown_key',
          key: keyText(path),
          text: node === null ? 'unknown key' : 'is a section; name one of its keys',
          suggestion: suggestion === null ? null : `DROVER_${suggestion.replaceAll('.', '__').toUpperCase()}`,
          origin,
        })
    }
  }
  return { layer: pairsLayer(pairs, configReader), problems }
}

export interface Flag {
  readonly flag: string
  /** Dotted. */
  readonly key: string
  readonly text: string
}

/** Flags as `key=value`; unknown keys are found by the schema, as in a file. */
export const flagLayer = (flags: readonly Flag[], schema: SchemaReader): Layer =>
  pairsLayer(
    flags.map(({ flag, key, text }) => ({ path: key.split('.'), text, origin: { kind: 'flag', flag } })),
    schema,
  )

/** Tables are joined key by key, `rules` of all sources add up, anything else is replaced by the later source. */
export const mergeLayers = (layers: readonly Layer[]): Layer => {
  const tree: Tree = {}
  const origins = new Map<string, Origin>()
  const noteAll = (path: Path, value: unknown, layer: Layer, from: Path): void => {
    origins.set(pathKey(path), layer.originOf(from))
    if (Array.isArray(value))
      for (const [index, item] of value.entries()) noteAll([...path, index], item, layer, [...from, index])
    else if (isTable(value))
      for (const [key, item] of Object.entries(value)) noteAll([...path, key], item, layer, [...from, key])
  }
  const forget = (path: Path): void => {
    const key = pathKey(path)
    for (const other of [...origins.keys()])
      if (other === key || other.startsWith(`${key}\u0000`)) origins.delete(other)
  }
  const join = (into: Tree, from: Tree, path: Path, layer: Layer): void => {
    for (const [key, value] of Object.entries(from)) {
      const here = [...path, key]
      const before = read(into, key)
      if (isTable(value) && (before === undefined || isTable(before))) {
        const table: Tree = isTable(before) ? before : {}
        write(into, key, table)
        if (!origins.has(pathKey(here))) origins.set(pathKey(here), layer.originOf(here))
        join(table, value, here, layer)
      } else if (path.length === 0 && key === 'rules' && Array.isArray(value) && Array.isArray(before)) {
        write(into, key, [...before, ...value])
        for (const [index, item] of value.entries())
          noteAll([...here, before.length + index], item, layer, [...here, index])
      } else {
        // Nothing is known of a key that is new: to look would make a large file cost its square.
        if (before !== undefined) forget(here)
        write(into, key, value)
        noteAll(here, value, layer, here)
      }
    }
  }
  for (const layer of layers) join(tree, layer.tree, [], layer)
  return { tree, originOf: (path) => nearestOrigin(origins, path) }
}
