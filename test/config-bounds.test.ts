/** A number or a list of a configuration that has no upper bound is one that a slip of the pen makes endless. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configReader, schemaReaderOf } from '../packages/agent/src/config/schema-node.ts'
import { experimentSchema } from '../packages/sim/src/experiment/config/schema.ts'

/** Bounds as JSON Schema has them. zod gives whole numbers one of its own, which is none here. */
const isBounded = (part: Readonly<Record<string, unknown>>): boolean => {
  const { minimum, maximum } = part
  const isNumber = part['type'] === 'integer' || part['type'] === 'number'
  if (isNumber) return typeof minimum === 'number' && Number(maximum ?? Infinity) < Number.MAX_SAFE_INTEGER
  return part['type'] !== 'array' || 'maxItems' in part
}

/** The places without a bound; how many were looked at. */
const unboundedIn = (root: object): { readonly unbounded: string[]; readonly seen: number } => {
  const unbounded: string[] = []
  let seen = 0
  const walk = (part: object, at: string): void => {
    seen++
    if (!isBounded({ ...part })) unbounded.push(at)
    for (const [key, child] of Object.entries(part))
      if (typeof child === 'object' && child !== null) walk(child, `${at}/${key}`)
  }
  walk(root, '')
  return { unbounded, seen }
}

test('each number and each list of a configuration ends somewhere', () => {
  const endless = { type: 'object', properties: { a: { type: 'array' }, b: { type: 'number', minimum: 1 } } }
  assert.deepEqual(unboundedIn(endless).unbounded, ['/properties/a', '/properties/b'], 'it can fail')
  for (const { root } of [configReader, schemaReaderOf(experimentSchema)]) {
    const { unbounded, seen } = unboundedIn(root)
    assert.ok(seen > 100)
    assert.deepEqual(unbounded, [])
  }
})
