/** One address that opens connections without end takes room from itself only. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createPendingProofs, sourceOf } from './pending-proofs.ts'

test('a source is a host, whatever port it comes from', () => {
  assert.equal(sourceOf('/ip4/10.0.0.7/tcp/4711'), '/ip4/10.0.0.7')
  assert.equal(sourceOf('/ip6/fe80::1/tcp/1'), '/ip6/fe80::1')
})

test('the oldest connection of a source makes room for its newest; other sources lose nothing', () => {
  const dropped: number[] = []
  const pending = createPendingProofs<number>(3, (one) => void dropped.push(one))
  const proven = pending.begin('a', 1)
  pending.begin('b', 100)
  for (const one of [2, 3, 4, 5]) pending.begin('a', one)
  assert.deepEqual(dropped, [1, 2])
  proven()
  pending.begin('a', 6)
  assert.deepEqual(dropped, [1, 2, 3])
})

test('what has been proven leaves its place', () => {
  const dropped: number[] = []
  const pending = createPendingProofs<number>(2, (one) => void dropped.push(one))
  for (let one = 0; one < 100; one++) pending.begin('a', one)()
  assert.deepEqual(dropped, [])
})
