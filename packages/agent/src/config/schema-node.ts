/** Reads a schema as a tree: which keys exist, of which type, with which default. */
import * as z from 'zod'
import type { About } from './fields.ts'
import { fileSchema } from './schema.ts'

/** The part of JSON Schema that zod writes for configurations and that we read. */
export interface SchemaNode extends Partial<About> {
  readonly type?: string
  readonly enum?: readonly string[]
  readonly default?: unknown
  readonly properties?: Readonly<Record<string, SchemaNode>>
  readonly items?: SchemaNode
  readonly oneOf?: readonly SchemaNode[]
  readonly anyOf?: readonly SchemaNode[]
  readonly const?: string
}

/** The keys of one kind of configuration file. */
export interface SchemaReader {
  readonly root: SchemaNode
  /** The node at a path of keys (numbers are places in arrays), or null when there is no such key. */
  at(path: readonly PropertyKey[]): SchemaNode | null
  /** The keys that may follow a path. */
  keysAt(path: readonly PropertyKey[]): readonly string[]
  /** What may stand at a path whose value chooses among tables, e.g. `rules[0].kind`. */
  choicesAt(path: readonly PropertyKey[]): readonly string[]
  /** Every dotted key, outside of arrays. */
  readonly allKeys: readonly string[]
}

const variantsOf = (node: SchemaNode): readonly SchemaNode[] => node.oneOf ?? node.anyOf ?? [node]

const keysBelow = (node: SchemaNode, prefix: string): readonly string[] =>
  variantsOf(node).flatMap((variant) =>
    Object.entries(variant.properties ?? {}).flatMap(([key, child]) => [
      prefix + key,
      ...keysBelow(child, `${prefix}${key}.`),
    ]),
  )

/** Of the schema itself: no schema has a key `constructor`, though every object does. */
const propertyOf = ({ properties = {} }: SchemaNode, key: string): SchemaNode | undefined =>
  Object.hasOwn(properties, key) ? properties[key] : undefined

export const schemaReaderOf = (schema: z.ZodType): SchemaReader => {
  const root = z.toJSONSchema(schema, { io: 'input' }) as SchemaNode
  const nodesAt = (path: readonly PropertyKey[]): readonly SchemaNode[] => {
    let nodes: readonly SchemaNode[] = [root]
    for (const key of path)
      nodes = nodes.flatMap(variantsOf).flatMap((node) => {
        const next = typeof key === 'number' ? node.items : propertyOf(node, String(key))
        return next === undefined ? [] : [next]
      })
    return nodes
  }
  return {
    root,
    at: (path) => nodesAt(path)[0] ?? null,
    keysAt: (path) => [
      ...new Set(
        nodesAt(path)
          .flatMap(variantsOf)
          .flatMap((node) => Object.keys(node.properties ?? {})),
      ),
    ],
    choicesAt: (path) => nodesAt(path).flatMap((node) => (node.const === undefined ? [] : [node.const])),
    allKeys: [...new Set(keysBelow(root, ''))],
  }
}

/** Of the agent's own files. */
export const configReader: SchemaReader = schemaReaderOf(fileSchema)
