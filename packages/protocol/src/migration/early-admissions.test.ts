// An admission that is asked for before its plan has come waits for the plan: it is answered then, once, or when the lease is another's.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits, policyOf } from '../data/config.ts'
import { type ActionId, actionIdOf, asHostId, partitionIdOf } from '../data/ids.ts'
import type { Lease } from '../data/lease.ts'
import type { Admit } from '../data/message.ts'
import { createStepContext } from '../step-context.ts'
import { createEarlyAdmissions } from './early-admissions.ts'

const partition = partitionIdOf(asHostId('leader'), 1, 1)
const source = asHostId('source')
const admit = (i: number, epoch = 4) =>
  ({ kind: 'admit', partition, epoch, action: actionIdOf(partition, i) }) as Admit

const told = () => {
  const context = createStepContext(asHostId('self'), 1, 1, policyOf('balanced'))
  const bound = { partition, epoch: 4, assigned: null } as Lease
  const world: { lease: Lease | null } = { lease: bound }
  const answered: ActionId[] = []
  const early = createEarlyAdmissions(context, {
    lease: () => world.lease,
    admit: (_, { action }) => void answered.push(action),
  })
  const after = (ms: number): readonly ActionId[] => {
    context.setTime(context.now() + ms)
    early.tick()
    return answered.splice(0)
  }
  return { context, world, bound, early, after, planned: { ...bound, assigned: {} } as Lease }
}
const first = admit(0)

test('with the plan at hand, or under another lease, it is answered at once', () => {
  const { world, early, planned } = told()
  assert.equal(early.keep(source, first), true)
  assert.equal(early.keep(source, admit(1, 3)), false)
  world.lease = planned
  assert.equal(early.keep(source, admit(1)), false)
  world.lease = null
  assert.equal(early.keep(source, admit(1)), false)
})

test('it is answered once when the plan comes, however often it was asked for', () => {
  const { world, early, after, planned } = told()
  for (let i = 0; i < 3; i++) early.keep(source, first)
  assert.deepEqual(after(1), [])
  world.lease = planned
  assert.deepEqual(after(1), [first.action])
  assert.deepEqual([after(1), early.nextAt()], [[], null])
})

test('it is answered when the lease is over: its source is told why it may not come', () => {
  const { world, early, after } = told()
  early.keep(source, first)
  world.lease = null
  assert.deepEqual(after(1), [first.action])
})

test('it is forgotten when its source waits no more, or says so itself', () => {
  const { world, early, after, planned } = told()
  early.keep(source, first)
  early.keep(source, admit(1))
  early.cancelled(asHostId('stranger'), first.action)
  early.cancelled(source, admit(1).action)
  assert.deepEqual([after(limits.admitMs - 1), early.nextAt()], [[], limits.admitMs])
  assert.deepEqual([after(1), early.nextAt()], [[], null])
  world.lease = planned
  assert.deepEqual(after(1), [])
})

test('what another host says of the action displaces nothing', () => {
  const { world, early, after, planned } = told()
  early.keep(asHostId('stranger'), first)
  early.keep(source, first)
  world.lease = planned
  assert.deepEqual(after(1), [first.action, first.action])
})

test('a peer cannot make this host keep more than so many', () => {
  const { world, early, after, planned } = told()
  for (let i = 0; i <= limits.unclaimedMax; i++) early.keep(source, admit(i))
  world.lease = planned
  const answered = after(1)
  assert.equal(answered.length, limits.unclaimedMax)
  assert.equal(answered.includes(first.action), false)
})
