/** A host without its journal speaks as no start until another host has answered, and never as one that is known already. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits, policyOf } from '../data/config.ts'
import { asHostId } from '../data/ids.ts'
import { createStepContext } from '../step-context.ts'
import { nothingRestored } from '../testing/peer-init.ts'
import { createOwnLife } from './own-life.ts'

const counted = 100

const setUp = (journalIntact: boolean, hasOthers = () => true, epoch = 0, seed = 1) => {
  const context = createStepContext(asHostId('self'), counted, seed, policyOf('balanced'))
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
  const told = (known: number, from = asHostId('other')) => {
    life.outdated(from, { kind: 'outdated', incarnation: 1, known })
    return context.incarnation
  }
  const happened = () =>
    context.takeEffects().map((one) => (one.kind === 'persist' ? one.record.kind : one.kind))
  return { life, lives, wait, told, happened }
}

/** Past all lives that the host which told it can have missed: no number that can be foretold. */
const assertPasses = (number: number, least: number): void => {
  assert.ok(number >= least && number < least + limits.missedStartsMax, `${number} is not after ${least}`)
}

test('with its journal a host counts on, and goes past a number that others know', () => {
  const { life, lives, wait, told, happened } = setUp(true)
  assert.equal(wait(0), counted)
  assert.ok(life.isSettled())
  assert.equal(told(counted), counted, 'that is this life')
  const next = told(counted + 5)
  assertPasses(next, counted + 6)
  assert.deepEqual(happened(), ['warn', 'renumbered'])
  assert.deepEqual(lives, [next])
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
  assertPasses(told(counted + 1), counted + 2)
})

test('the number by which it is known makes it a life at once, and a lease of before is waited for all the same', () => {
  const { life, wait, told, happened } = setUp(false)
  const next = told(7)
  assertPasses(next, counted)
  assert.deepEqual(happened(), ['renumbered'])
  assert.equal(told(7), next, 'that was said of an earlier life')
  assert.equal(life.isSettled(), false)
  assert.equal(life.nextAt(), limits.lateStartMs)
  assert.equal(wait(limits.lateStartMs - 1), next)
  assert.equal(life.isSettled(), false, 'a request of before may be unread')
  assert.deepEqual(happened(), ['lacking'])
  assert.ok(life.mayLack())
  assert.equal(wait(1), next)
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

test('two lives that are told the same number never go by one', () => {
  const lives = Array.from({ length: 20 }, (_, seed) => setUp(false, () => true, 0, seed).told(counted))
  assert.equal(new Set(lives).size, lives.length)
})

test('no number is believed that no later start could pass', () => {
  const { told } = setUp(true)
  const tooGreat = limits.startCountMax - limits.missedStartsMax + 1
  for (const known of [0, tooGreat, limits.startCountMax, Number.MAX_SAFE_INTEGER])
    assert.equal(told(known), counted)
})

test('a host that is new lacks no records, once another one has answered; one with an intact journal never does', () => {
  const { life, wait, happened } = setUp(false)
  assert.ok(life.mayLack())
  life.answered()
  assert.equal(life.mayLack(), false)
  wait(limits.lateStartMs)
  assert.equal(life.mayLack(), false)
  assert.deepEqual(happened(), ['settled'])
  const old = setUp(true)
  old.told(counted + 1)
  assert.equal(old.life.mayLack(), false, 'and no word of a peer makes it so')
})

test('one peer has a host go on as a later start once, and again much later each time; another peer may, too', () => {
  const { wait, told } = setUp(true)
  const [liar, other] = [asHostId('liar'), asHostId('other')]
  const first = told(counted + 1, liar)
  assertPasses(first, counted + 1)
  assert.equal(told(first + 1, liar), first)
  const second = told(first + 1, other)
  assertPasses(second, first + 1)
  wait(limits.outdatedBelievedMsMin)
  const third = told(second + 1, liar)
  assertPasses(third, second + 1)
  wait(limits.outdatedBelievedMsMin)
  assert.equal(told(third + 1, liar), third, 'twice as long')
})

test('a host goes on as no start that leaves too little room for later ones', () => {
  const { told } = setUp(true)
  assert.equal(told(limits.toldStartMax + 1), counted)
  const next = told(limits.toldStartMax)
  assertPasses(next, limits.toldStartMax)
  assert.ok(next < limits.startCountMax / 2)
})
