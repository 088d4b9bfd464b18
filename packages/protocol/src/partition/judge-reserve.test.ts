/** Which partition gets a host: one lease at a time, graver partitions first, and never one that an action still touches. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { asHostId, type PartitionId, partitionIdOf } from '../data/ids.ts'
import type { Lease } from '../data/lease.ts'
import { compareRank, type Rank } from '../data/rank.ts'
import { emptySnapshot } from '../testing/empty-snapshot.ts'
import { judgeReserve } from './judge-reserve.ts'

const rank = (severity: number, ageMs = 0, counter = 1): Rank => ({
  severity,
  ageMs,
  partition: partitionIdOf(asHostId('a'), 1, counter),
})
const leased = (held: Rank, changes: Partial<Lease> = {}): Lease => ({
  partition: held.partition,
  epoch: 1,
  leader: asHostId('a'),
  leaderIncarnation: 1,
  reason: 'operator' as const,
  rank: held,
  expiresAt: 5_000,
  grantedAt: 0,
  endsAt: 60_000,
  used: false,
  snapshot: emptySnapshot(asHostId('self')),
  incarnations: new Map(),
  assigned: null,
  executing: false,
  ...changes,
})

test('a free host is granted; a repeated question gets the same lease again', () => {
  assert.equal(judgeReserve(null, rank(1), 0, false).kind, 'grant')
  assert.equal(judgeReserve(leased(rank(1)), rank(1), 0, false).kind, 'again')
})

test('a graver partition wounds one that has not begun to execute; a lighter one waits outside', () => {
  assert.equal(judgeReserve(leased(rank(10)), rank(20, 0, 2), 0, false).kind, 'wound')
  assert.equal(judgeReserve(leased(rank(10)), rank(11, 0, 2), 0, false).kind, 'wound', 'by however little')
  assert.equal(judgeReserve(leased(rank(10)), rank(10, 1, 2), 0, false).kind, 'wound', 'an older need')
  assert.equal(judgeReserve(leased(rank(10)), rank(5, 0, 2), 0, false).kind, 'busy')
  assert.equal(judgeReserve(leased(rank(10), { executing: true }), rank(20, 0, 2), 0, false).kind, 'busy')
})

test('an expired lease is free, but not while an action touches the host (S5)', () => {
  assert.equal(judgeReserve(leased(rank(10)), rank(1, 0, 2), 6_000, false).kind, 'grant')
  assert.equal(judgeReserve(leased(rank(10)), rank(99, 0, 2), 6_000, true).kind, 'busy')
})

test('ranks are a total order: of two partitions exactly one goes first, on every host', () => {
  const someRank = fc.record({
    severity: fc.nat(3),
    ageMs: fc.nat(3),
    partition: fc.constantFrom('a.1.1', 'b.1.1', 'a.2.1', 'a.1.10').map((text) => text as PartitionId),
  })
  fc.assert(
    fc.property(someRank, someRank, someRank, (a, b, c) => {
      assert.equal(Math.sign(compareRank(a, b)), -Math.sign(compareRank(b, a)) || 0)
      if (compareRank(a, b) === 0) assert.equal(a.partition, b.partition)
      if (compareRank(a, b) > 0 && compareRank(b, c) > 0) assert.ok(compareRank(a, c) > 0)
    }),
  )
})
