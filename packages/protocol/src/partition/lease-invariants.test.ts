/** A lease that would change in a way that makes no sense stops the agent: each kind of it is shown to be noticed. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from '../data/config.ts'
import { asHostId, partitionIdOf } from '../data/ids.ts'
import type { Lease } from '../data/lease.ts'
import type { Assign } from '../data/message.ts'
import { emptySnapshot } from '../testing/empty-snapshot.ts'
import { checkLeaseChange } from './lease-invariants.ts'

const leader = asHostId('a')
const partition = partitionIdOf(leader, 1, 1)
const other = partitionIdOf(asHostId('b'), 1, 1)
const now = 100_000
const around = { now, busy: false, epoch: 8 }

const rankOf = (severity: number, of = partition) => ({ severity, ageMs: 0, partition: of })
/** Given before; a newer one has epoch 8. */
const held: Lease = {
  partition,
  epoch: 7,
  leader,
  leaderIncarnation: 3,
  rank: rankOf(5),
  reason: 'operator',
  expiresAt: now + 1_000,
  grantedAt: 0,
  endsAt: 60_000,
  used: false,
  snapshot: emptySnapshot(asHostId('self')),
  incarnations: new Map(),
  assigned: null,
  executing: false,
}
const fresh: Lease = {
  ...held,
  partition: other,
  leader: asHostId('b'),
  rank: rankOf(9, other),
  epoch: 8,
  expiresAt: now + limits.leaseMs,
}
const planOf = (of: Lease) => ({
  assign: { partition: of.partition, epoch: of.epoch } as Assign,
  unsound: null,
})
const executing: Lease = { ...held, executing: true, assigned: planOf(held) }

const sound: readonly (readonly [what: string, before: Lease | null, next: Lease | null, busy: boolean])[] = [
  ['no lease stays no lease', null, null, true],
  ['a lease is given', null, fresh, false],
  ['it is renewed', held, { ...held, expiresAt: now + limits.leaseMs }, false],
  ['its plan comes', held, executing, false],
  ['it is over, and held by what runs', executing, { ...executing, expiresAt: now }, true],
  ['it ends', executing, null, false],
  ['a graver partition takes it', held, fresh, false],
  [
    'after its end any partition takes it',
    { ...executing, expiresAt: now },
    { ...fresh, rank: rankOf(1, other) },
    false,
  ],
]

for (const [what, before, next, busy] of sound)
  test(`a lease may change so: ${what}`, () => checkLeaseChange(before, next, { ...around, busy }))

const broken: readonly (readonly [before: Lease | null, next: Lease | null, busy: boolean, fact: string])[] =
  [
    [null, { ...fresh, epoch: 0 }, false, 'one of the epochs that were given, 1 to 8, and not 0'],
    [null, { ...fresh, epoch: 9 }, false, '1 to 8, and not 9'],
    [null, { ...fresh, expiresAt: now + limits.leaseMs + 1 }, false, 'lasts at most'],
    [null, { ...fresh, rank: rankOf(9) }, false, 'has its rank, not that of a.1.1'],
    [held, { ...executing, assigned: planOf(fresh) }, false, 'is not one of b.1.1, epoch 8'],
    [held, { ...executing, executing: false }, false, 'cannot be taken away any more'],
    [null, { ...fresh, epoch: 7 }, false, 'newest epoch, 8, and that of b.1.1 has 7'],
    [null, fresh, true, 'no lease is given while an action runs here'],
    [null, { ...fresh, executing: true }, false, 'a new lease has no plan yet'],
    [null, { ...fresh, expiresAt: now }, false, 'a new lease lasts for a while'],
    [held, { ...held, partition: other, rank: rankOf(5, other) }, false, 'epoch 7 is that of a.1.1 only'],
    [held, { ...held, leader: asHostId('b') }, false, 'stays with a, 3: b, 3'],
    [held, { ...held, leaderIncarnation: 4 }, false, 'stays with a, 3: a, 4'],
    [held, { ...held, rank: rankOf(6) }, false, 'rank of a.1.1 is fixed'],
    [held, { ...held, incarnations: new Map() }, false, 'bound to the VMs'],
    [executing, { ...held }, false, 'has begun to execute'],
    [executing, { ...executing, assigned: planOf(held) }, false, 'one plan is carried out'],
    [executing, null, true, 'held while an action runs here'],
    [held, { ...fresh, partition, rank: rankOf(9) }, false, 'one lease of a host, and a.1.1 would have two'],
    [executing, fresh, false, 'not taken from a.1.1, which executes, by b.1.1'],
    [held, { ...fresh, rank: rankOf(5, other) }, false, 'taken by a higher rank only'],
  ]

const saying =
  (fact: string) =>
  (error: Error): boolean =>
    error.message.includes(fact)

for (const [before, next, busy, fact] of broken)
  test(`a lease may not change so that this fails: ${fact}`, () =>
    assert.throws(() => checkLeaseChange(before, next, { ...around, busy }), saying(fact)))
