/** Reads the schema as a tree: which keys exist, of which type, with which default. */
import * as z from 'zod'
import type { About } from './fields.ts'
import { fileSchema } from './schema.ts'

/** The part of JSON Schema that zod writes for the schema above and that we read. */
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

export const jsonSchema = z.toJSONSchema(fileSchema, { io: 'input' }) as SchemaNode

/** The node at a path of keys (numbers are places in arrays), or null when there is no such key. */
export const schemaAt = (path: readonly PropertyKey[]): SchemaNode | null => {
  let nodes: readonly SchemaNode[] = [jsonSchema]
  for (const key of path)
    nodes = nodes.flatMap((node) => {
      if (typeof key === 'number') {
        const items = node.items
        return items === undefined ? [] : (items.oneOf ?? items.anyOf ?? [items])
      }
      const next = node.properties?.[String(key)]
      return next === undefined ? [] : [next]
    })
  return nodes[0] ?? null
}

/** The keys that may follow a path. */
export const keysAt = (path: readonly PropertyKey[]): readonly string[] => {
  const last = path.at(-1)
  if (typeof last !== 'number') return Object.keys(schemaAt(path)?.properties ?? {})
  const items = schemaAt(path.slice(0, -1))?.items
  const variants = items?.oneOf ?? items?.anyOf ?? (items === undefined ? [] : [items])
  return [...new Set(variants.flatMap((variant) => Object.keys(variant.properties ?? {})))]
}

/** Every dotted key of the schema, outside of arrays. */
export const allKeys = (node: SchemaNode = jsonSchema, prefix = ''): readonly string[] =>
  Object.entries(node.properties ?? {}).flatMap(([key, child]) => [
    prefix + key,
    ...allKeys(child, `${prefix}${key}.`),
  ])
