/** The page about the configuration is written by the schema, so that it cannot say anything else than the check does. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { configurationPage } from './document.ts'
import { configReader, type SchemaNode } from './schema-node.ts'

test('the page about the configuration is current', () => {
  // The story: a developer changes the schema and forgets the page. The message is the line that mends it.
  const page = readFileSync(new URL('../../../../docs/configuration.md', import.meta.url), 'utf8')
  assert.equal(
    page,
    configurationPage(),
    'stale; run: node packages/agent/src/config/document.ts > docs/configuration.md',
  )
})

test('every key says what it is and which failure it prevents', () => {
  // The story: a key without a reason is a key that no operator dares to change.
  const keys: string[] = []
  const walk = (node: SchemaNode, name: string): void => {
    const children = Object.entries(node.properties ?? {})
    const variants = node.items?.oneOf ?? []
    for (const [key, child] of children) walk(child, `${name}.${key}`)
    for (const variant of variants) walk(variant, `${name}[]`)
    if (children.length > 0 || variants.length > 0) return
    keys.push(name)
    assert.ok((node.description ?? '') !== '' && (node.prevents ?? '') !== '', name)
    if (/_ms$/.test(name)) assert.equal(node.unit, 'ms', name)
    if (/_mib$/.test(name)) assert.equal(node.unit, 'MiB', name)
  }
  walk(configReader.root, '')
  assert.ok(keys.includes('.policy.cooldown_ms') && keys.includes('.rules[].hosts'))
})
