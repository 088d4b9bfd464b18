/** The member's side of a lease, message by message: what ends it, what does not, and what is durable before it is said. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits, policyOf } from '../data/config.ts'
import { asHostId, partitionIdOf } from '../data/ids.ts'
import type { Effect } from '../data/io.ts'
import type { Message, Release, Reserve } from '../data/message.ts'
import { createStepContext } from '../step-context.ts'
import { emptySnapshot } from '../testing/empty-snapshot.ts'
import { createMemberSide } from './member.ts'

const self = asHostId('self')
const a = asHostId('a')
const b = asHostId('b')
const snapshot = emptySnapshot(self)
const setUp = () => {
  const context = createStepContext(self, 1, 1, policyOf('balanced'))
  const world = { busy: false, severity: 1_000 }
  const member = createMemberSide(context, 7, {
    unable: () => null,
    severity: () => world.severity,
    busy: () => world.busy,
    snapshot: () => snapshot,
    report() {},
  })
  const reserve = (counter: number, severity: number, leader = a): Reserve => {
    const partition = partitionIdOf(leader, 1, counter)
    return {
      kind: 'reserve',
      incarnation: 1,
      partition,
      epoch: 0,
      rank: { severity, ageMs: 0, partition },
      reason: 'drain',
      intent: 'lease',
    }
  }
  const release = (counter: number, epoch: number): Release => ({
    kind: 'release',
    incarnation: 1,
    partition: partitionIdOf(a, 1, counter),
    epoch,
  })
  const said = (): readonly Message[] =>
    context.takeEffects().flatMap((effect: Effect) => (effect.kind === 'send' ? [effect.message] : []))
  return { context, world, member, reserve, release, said }
}

test('a grant carries a new epoch, and the epoch is durable before the grant leaves (S6)', () => {
  const { context, member, reserve } = setUp()
  member.reserve(a, reserve(1, 1))
  const effects = context.takeEffects()
  assert.deepEqual(
    effects.map((effect) => (effect.kind === 'send' ? effect.message.kind : effect.kind)),
    ['persist', 'granted'],
  )
  assert.equal(member.lease?.epoch, 8)
})

test('a late release of an old partition does not free the host from the new one', () => {
  const { member, reserve, release } = setUp()
  member.reserve(a, reserve(1, 1))
  member.release(a, release(1, 8))
  member.reserve(a, reserve(2, 1))
  member.release(a, release(1, 8))
  member.release(a, release(1, 0))
  member.release(a, release(2, 8))
  member.release(b, release(2, 9))
  assert.equal(
    member.lease?.partition,
    partitionIdOf(a, 1, 2),
    'wrong partition, wrong epoch, wrong leader: all ignored',
  )
  member.release(a, release(2, 9))
  assert.equal(member.lease, null)
})

test('a release that overtakes its grant is matched by its partition alone', () => {
  const { member, reserve, release } = setUp()
  member.reserve(a, reserve(1, 1))
  member.release(a, release(1, 0))
  assert.equal(member.lease, null)
})

test('while an action runs here, neither release nor time nor a restarted leader ends the lease (S5)', () => {
  const { context, world, member, reserve, release } = setUp()
  member.reserve(a, reserve(1, 1))
  world.busy = true
  member.release(a, release(1, 8))
  context.setTime(10 * limits.leaseMs)
  member.tick()
  member.leaderRestarted(a, 2)
  assert.notEqual(member.lease, null)
  world.busy = false
  member.tick()
  assert.equal(member.lease, null, 'and then it ends by itself')
})

test('a leader that lost a lease is told at once, and again when it renews that lease', () => {
  const { member, reserve, said } = setUp()
  member.reserve(a, reserve(1, 1))
  said()
  member.reserve(b, reserve(2, 5, b))
  assert.deepEqual(
    said().map((message) => [message.kind, 'partition' in message && message.partition]),
    [
      ['revoked', partitionIdOf(a, 1, 1)],
      ['granted', partitionIdOf(b, 1, 2)],
    ],
  )
  member.renew(a, { kind: 'renew', incarnation: 1, partition: partitionIdOf(a, 1, 1), epoch: 8 })
  assert.deepEqual(
    said().map((message) => message.kind),
    ['revoked'],
  )
})

test('without a plan a lease is renewed for a minute, and a leader that kept it so long waits for the next one', () => {
  const { context, member, reserve, said } = setUp()
  const asks = (counter: number): string => {
    member.reserve(a, reserve(counter, 1))
    return said()
      .map((message) => ('code' in message ? message.code : message.kind))
      .join()
  }
  /** The share of an hour for which a leader that always asks again has this host, permille. */
  let heldMs = 0
  let counter = 1
  assert.equal(asks(counter), 'granted')
  for (let at = 1_000; at <= 3_600_000; at += 1_000) {
    context.setTime(at)
    const { lease } = member
    if (lease !== null) {
      heldMs += 1_000
      assert.ok(at - lease.grantedAt <= limits.leasePlanlessMsMax)
      member.renew(a, { kind: 'renew', incarnation: 1, partition: lease.partition, epoch: lease.epoch })
      said()
    } else if (asks(counter + 1) === 'granted') counter += 1
    member.tick()
    context.takeEffects()
  }
  assert.ok(heldMs <= 60_000 + 360_000 + 60_000, `${heldMs} ms of an hour`)
  member.reserve(b, {
    ...reserve(1, 1),
    partition: partitionIdOf(b, 1, 1),
    rank: { severity: 1, ageMs: 0, partition: partitionIdOf(b, 1, 1) },
  })
  if (member.lease?.leader !== a) assert.equal(said()[0]?.kind, 'granted', 'another leader need not wait')
})

test('a leader that finds nothing, again and again, as its own pauses let it, is never kept waiting', () => {
  const { context, member, reserve, release, said } = setUp()
  for (let counter = 1; counter <= 500; counter++) {
    member.reserve(a, reserve(counter, 1))
    const [answer] = said()
    assert.ok(answer?.kind === 'granted', `try ${counter}`)
    context.setTime(context.now() + 400)
    member.release(a, release(counter, answer.epoch))
    context.setTime(context.now() + limits.idleBackOffMsMin)
  }
})

test('an invented overload takes no host from another leader, and one above all others is none', () => {
  const { world, member, reserve, said } = setUp()
  const other = (severity: number): Reserve => {
    const partition = partitionIdOf(b, 1, 1)
    return { ...reserve(1, severity), partition, rank: { severity, ageMs: 0, partition } }
  }
  member.reserve(a, reserve(1, 10))
  said()
  world.severity = 0
  member.reserve(b, other(1_000))
  assert.equal(said()[0]?.kind, 'busy')
  member.reserve(b, other(Number.MAX_SAFE_INTEGER))
  assert.equal(said()[0]?.kind, 'declined')
  world.severity = 500
  member.reserve(b, other(1_000))
  assert.deepEqual(
    said().map(({ kind }) => kind),
    ['revoked', 'granted'],
  )
})

test('after a restart an unsettled action holds the host although no lease does', () => {
  const { world, member, reserve, said } = setUp()
  world.busy = true
  member.reserve(a, reserve(1, 1))
  assert.deepEqual(
    said().map((message) => message.kind),
    ['declined'],
  )
  assert.equal(member.lease, null)
})

// Both would be a mere oddity; but a lease whose rank is another's could be taken by the wrong partition.
test('a reserve with the rank of another partition is declined', () => {
  const { member, reserve, said } = setUp()
  const { rank } = reserve(2, 9)
  member.reserve(a, { ...reserve(1, 1), rank })
  const [answer] = said()
  assert.ok(answer?.kind === 'declined' && answer.code === 'wire.garbage')
  assert.equal(member.lease, null)
})

test('a reserve with intent observe takes no lease', () => {
  const { member, reserve, said } = setUp()
  member.reserve(a, { ...reserve(1, 1), intent: 'observe' })
  const [granted] = said()
  assert.ok(granted?.kind === 'granted' && granted.epoch === 0)
  assert.equal(member.lease, null)
})
