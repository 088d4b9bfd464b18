/** A host without its journal speaks as no start until another host has answered, and never as one that is known already. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits, policyOf } from '../data/config.ts'
import { asHostId } from '../data/ids.ts'
import { createStepContext } from '../step-context.ts'
import { nothingRestored } from '../testing/peer-init.ts'
import { createOwnLife } from './own-life.ts'

const counted = 100

const setUp = (journalIntact: boolean, hasOthers = () => true, epoch = 0) => {
  const context = createStepContext(asHostId('self'), counted, 1, policyOf('balanced'))
  const restored = { ...nothingRestored, epoch, journalIntact }
  const lives: number[] = []
  const life = createOwnLife(
    context,
    { incarnation: counted, restored },
    { hasOthers, begun: (incarnation) => lives.push(incarnation) },
  )
  const wait = (ms: number) => {
    context.setTime(context.now() + ms)
    life.tick()
    return context.incarnation
  }
  wait(0)
  const told = (known: number) => {
    life.outdated({ kind: 'outdated', incarnation: 1, known })
    return context.incarnation
  }
  const happened = () =>
    context.takeEffects().map((one) => (one.kind === 'persist' ? one.record.kind : one.kind))
  return { life, lives, wait, told, happened }
}

test('with its journal a host counts on, and goes past a number that others know', () => {
  const { life, lives, wait, told, happened } = setUp(true)
  assert.equal(wait(0), counted)
  assert.ok(life.isSettled())
  assert.equal(told(counted), counted, 'that is this life')
  assert.equal(told(counted + 5), counted + 6)
  assert.deepEqual(happened(), ['warn', 'renumbered'])
  assert.deepEqual(lives, [counted + 6])
})

test('without it, it waits for the longest lease and for an answer', () => {
  const { life, lives, wait, happened } = setUp(false)
  assert.equal(wait(10 * limits.leaseMs), 0)
  assert.equal(life.isSettled(), false, 'no other host has answered')
  life.answered()
  assert.equal(wait(0), counted)
  assert.deepEqual(lives, [counted])
  assert.deepEqual(happened(), ['settled'], 'its journal has that number')
  wait(limits.leaseMs)
  assert.deepEqual(happened(), [])
})

test('alone it waits for the longest lease only, and again for the first answer of one that comes', () => {
  let others = false
  const { life, wait, told } = setUp(false, () => others)
  assert.equal(wait(limits.leaseMs - 1), 0)
  assert.equal(life.nextAt(), limits.leaseMs)
  assert.equal(wait(1), counted)
  assert.ok(life.isSettled())
  others = true
  assert.equal(life.isSettled(), false)
  assert.equal(told(counted + 1), counted + 2)
})

test('the number by which it is known makes it a life at once, and a lease of before is waited for all the same', () => {
  const { life, wait, told, happened } = setUp(false)
  assert.equal(told(7), counted, 'its own count is later')
  assert.deepEqual(happened(), [])
  assert.equal(life.isSettled(), false)
  assert.equal(life.nextAt(), limits.lateStartMs)
  assert.equal(wait(limits.lateStartMs - 1), counted)
  assert.equal(life.isSettled(), false, 'a request of before may be unread')
  assert.deepEqual(happened(), [])
  assert.equal(wait(1), counted)
  assert.ok(life.isSettled())
  assert.deepEqual(happened(), ['settled'])
})

test('what is left of a torn journal tells of an earlier life, although another host answers', () => {
  const { life, wait } = setUp(false, () => true, 7_001)
  life.answered()
  assert.equal(wait(limits.lateStartMs - 1), 0)
  assert.equal(life.isSettled(), false)
  assert.equal(wait(1), counted)
  assert.ok(life.isSettled())
})

test('one that took its own start count alone cannot learn any more whether it was known', () => {
  let others = false
  const { life, wait } = setUp(false, () => others)
  assert.equal(wait(limits.leaseMs), counted)
  others = true
  life.answered()
  assert.equal(life.isSettled(), false)
  wait(limits.lateStartMs - limits.leaseMs)
  assert.ok(life.isSettled())
})

test('no number is believed that no later start could pass', () => {
  const { told } = setUp(true)
  for (const known of [0, limits.startCountMax, Number.MAX_SAFE_INTEGER]) assert.equal(told(known), counted)
})
