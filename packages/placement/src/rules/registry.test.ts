/**
 * A kind of rule is one file and one line of the registry: no file is forgotten there, each bears the name of its kind, and
 * whatever may be asked of a rule is answered from its file.
 */
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { asHostId, asVmId } from '../problem/ids.ts'
import { allRules, exchangedRules } from './registry.ts'
import {
  concerns,
  isContinuous,
  type PlacementRule,
  reduced,
  ruleName,
  ruleReference,
  vmsOf,
} from './rule.ts'

const a = asVmId('a')
const b = asVmId('b')
const c = asVmId('c')
const x = asHostId('x')
const y = asHostId('y')

const fileNameOf = (kind: string): string => `${kind.replace(/[A-Z]/g, (big) => `-${big.toLowerCase()}`)}.ts`

test('every file that defines a kind of rule is registered, under the name of the file', async () => {
  const found: string[] = []
  for (const file of readdirSync(import.meta.dirname)) {
    if (!file.endsWith('.ts') || file.endsWith('.test.ts') || file === 'registry.ts') continue
    const exported: Record<string, unknown> = await import(
      pathToFileURL(join(import.meta.dirname, file)).href
    )
    for (const one of Object.values(exported))
      if (typeof one === 'object' && one !== null && 'kind' in one && 'constraint' in one)
        found.push(`${file} ${String(one.kind)}`)
  }
  const registered = Object.entries(allRules).map(([key, { kind }]) => {
    assert.equal(key, kind)
    return `${fileNameOf(kind)} ${kind}`
  })
  assert.deepEqual(found.sort(), registered.sort())
  for (const key of Object.keys(exchangedRules)) assert.ok(key in allRules)
})

test('a kind that is not registered, or data that a kind does not have, is a compile error', () => {
  // @ts-expect-error: no such kind
  const unknown: PlacementRule = { kind: 'nowhere', vms: [a] }
  // @ts-expect-error: a spread has no hosts
  const strange: PlacementRule = { kind: 'spread', vms: [a], hosts: [x] }
  // @ts-expect-error: a ban without hosts
  const short: PlacementRule = { kind: 'ban', vms: [a] }
  assert.ok([unknown, strange, short].every((rule) => typeof rule === 'object'))
})

test('a rule is reduced to the VMs that are known, and is nothing where too few are left', () => {
  const known = new Set<string>([a, b])
  assert.deepEqual(reduced({ kind: 'spread', vms: [a, b, c] }, known), { kind: 'spread', vms: [a, b] })
  assert.equal(reduced({ kind: 'spread', vms: [a, c] }, known), null)
  const fence: PlacementRule = { kind: 'fence', name: 'n', vms: [a, c], hosts: [x], weight: 2 }
  assert.deepEqual(reduced(fence, known), { ...fence, vms: [a] })
  assert.equal(reduced({ kind: 'ban', vms: [c], hosts: [x] }, known), null)
  const split: PlacementRule = { kind: 'split', parts: [[a, c], [b]] }
  assert.deepEqual(reduced(split, known), { kind: 'split', parts: [[a], [b]] })
  const cap: PlacementRule = { kind: 'runningCapacity', hosts: [x], amount: 1 }
  assert.deepEqual(reduced(cap, known), cap)
})

test('the VMs that a rule names, and those that it concerns, are read from its fields', () => {
  const splitAmong: PlacementRule = { kind: 'splitAmong', parts: [[a], [b]], among: [[x], [y]] }
  assert.deepEqual(vmsOf(splitAmong), [a, b])
  assert.deepEqual(vmsOf({ kind: 'gather', vms: [] }), [])
  assert.equal(vmsOf({ kind: 'quarantine', hosts: [x] }), null)
  const ban: PlacementRule = { kind: 'ban', vms: [a], hosts: [x] }
  assert.ok(concerns(ban, new Set([a]), new Set()))
  assert.ok(!concerns(ban, new Set([b]), new Set([x])))
  const closed: PlacementRule = { kind: 'quarantine', hosts: [x] }
  assert.ok(concerns(closed, new Set(), new Set([x])))
  assert.ok(!concerns(closed, new Set([a]), new Set([y])))
})

test('a rule is called by its name or its content, and is continuous unless it or its kind says no', () => {
  const gather: PlacementRule = { kind: 'gather', vms: [a, b], readAt: 'rules[3]' }
  assert.equal(ruleName(gather), 'gather(a, b) at rules[3]')
  assert.equal(ruleReference(gather), 'gather at rules[3]')
  assert.equal(ruleName({ ...gather, name: 'pair' }), 'pair at rules[3]')
  assert.equal(isContinuous(gather), false)
  assert.equal(isContinuous({ ...gather, continuous: true }), true)
  assert.equal(isContinuous({ kind: 'spread', vms: [a, b] }), true)
  assert.equal(isContinuous({ kind: 'spread', vms: [a, b], continuous: false }), false)
})
