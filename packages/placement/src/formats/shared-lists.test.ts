/** Thousands of rules may name the same groups of hosts: the document is read as if it named them once. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readDocument } from './read.ts'

const hosts = ['a', 'b', 'c', 'd'].map((id) => ({ id, limit: [8, 8] }))
const vms = ['x', 'y'].map((id) => ({ id, host: 'a', demand: [1, 1] }))
const among = (parts: readonly (readonly unknown[])[]) => ({ kind: 'among', vms: ['x', 'y'], parts })

test('Equal groups of hosts are one list to all rules; others are not', () => {
  const groups = () => [
    ['a', 'b'],
    ['c', 'd'],
  ]
  const read = readDocument({ hosts, vms, rules: [among(groups()), among(groups()), among([['a'], ['c']])] })
  assert.ok(read.kind === 'problem')
  const lists = read.problem.rules.map((rule) => (rule.kind === 'among' ? rule.parts : null))
  assert.deepEqual(lists[1], groups())
  assert.equal(lists[0], lists[1])
  assert.deepEqual(lists[2], [['a'], ['c']])
})

test('A fault in a shared list is named where the list comes first', () => {
  const bad = (parts: readonly (readonly unknown[])[]) => {
    const read = readDocument({ hosts, vms, rules: [among([['a', 'b']]), among(parts), among(parts)] })
    return read.kind === 'bad' ? read.path : null
  }
  assert.equal(bad([['a', 'nobody']]), 'rules[1].parts[0][1]')
  assert.equal(bad([['a'], ['a']]), 'rules[1].parts[1][0]')
  assert.equal(bad([['a', 3]]), 'rules[1].parts[0][1]')
  assert.equal(bad([[]]), null)
})
