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
  const world = { busy: false }
  const member = createMemberSide(context, 7, {
    unable: () => null,
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

test('a lease is not renewed for ever: for an hour after the last action that ran here', () => {
  const { context, world, member, reserve, said } = setUp()
  const renewed = (): string => {
    context.setTime(context.now() + 1_000)
    member.renew(a, { kind: 'renew', incarnation: 1, partition: partitionIdOf(a, 1, 1), epoch: 8 })
    return said()
      .map((message) => ('code' in message ? message.code : message.kind))
      .join()
  }
  const until = (at: number): void => {
    while (context.now() < at - 1_000) assert.equal(renewed(), '')
  }
  member.reserve(a, reserve(1, 1))
  said()
  until(600_000)
  world.busy = true
  assert.equal(renewed(), '', 'an action runs here')
  world.busy = false
  until(600_000 + limits.leaseIdleMsMax)
  assert.equal(member.lease?.partition, partitionIdOf(a, 1, 1))
  assert.equal(renewed(), 'lapsed')
  assert.equal(member.lease, null)
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
