// A VM that has come here is to start with this host, as it did where it comes from: that is tried until it is so.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits, policyOf } from '../data/config.ts'
import { actionIdOf, asHostId, asVmId, partitionIdOf } from '../data/ids.ts'
import type { AnyCode } from '../data/reasons.ts'
import { codeFrom } from '../data/reasons.ts'
import { createStepContext } from '../step-context.ts'
import { createMarks } from './marks.ts'

const [action, later] = [0, 1].map((i) => actionIdOf(partitionIdOf(asHostId('source'), 1, 1), i)) as [
  ReturnType<typeof actionIdOf>,
  ReturnType<typeof actionIdOf>,
]
const vm = asVmId('web')

const told = () => {
  const context = createStepContext(asHostId('self'), 1, 1, policyOf('balanced'))
  const world = { inMotion: false, here: true, connected: true }
  const marks = createMarks(context, {
    inMotion: () => world.inMotion,
    isHere: () => world.here,
    isConnected: () => world.connected,
  })
  /** What was asked for and written since the last look. */
  const happened = (): readonly string[] =>
    context.takeEffects().map((one) => (one.kind === 'persist' ? one.record.kind : one.kind))
  const after = (ms: number): readonly string[] => {
    context.setTime(context.now() + ms)
    marks.tick()
    return happened()
  }
  const answer = (code: AnyCode | null, of = action): readonly string[] => {
    marks.marked({ kind: 'marked', action: of, vm, code, detail: '' })
    return happened()
  }
  return { context, world, marks, happened, after, answer }
}
const busy = codeFrom('hypervisor.timeout')

test('it is on record before it is asked for, and off when it is done', () => {
  const { marks, happened, after, answer } = told()
  marks.take(action, vm)
  assert.deepEqual(happened(), ['to-mark', 'mark'])
  assert.deepEqual([marks.has(vm), marks.waiting()], [true, [vm]])
  assert.deepEqual(answer(null), ['marked'])
  assert.deepEqual([marks.none(), marks.nextAt()], [true, null])
  assert.deepEqual(after(limits.markAgainMsMax), [])
})

test('what was set a moment ago counts, whatever an older look shows', () => {
  const { marks, answer } = told()
  marks.take(action, vm)
  answer(null)
  for (let look = 1; look < limits.samplesInFlight; look++) marks.sampled()
  assert.equal(marks.has(vm), true)
  marks.sampled()
  assert.equal(marks.has(vm), false)
})

test('a hypervisor that does not take it is asked again, less and less often, and for as long as it takes', () => {
  const { marks, happened, after, answer } = told()
  marks.take(action, vm)
  happened()
  for (let pauseMs = limits.markAgainMsMin; pauseMs < limits.markAgainMsMax; pauseMs *= 2) {
    assert.deepEqual(answer(busy), [])
    assert.deepEqual(after(pauseMs - 1), [], 'not sooner')
    assert.deepEqual(after(1), ['mark'])
  }
  for (let hour = 0; hour < 60; hour++) {
    answer(busy)
    assert.deepEqual(after(limits.markAgainMsMax), ['mark'])
  }
  // An answer that never comes is not waited for either.
  assert.deepEqual(after(limits.markAgainMsMax), ['mark'])
})

test('a hypervisor that comes back is asked at once, and not while it is away', () => {
  const { world, marks, happened, after, answer } = told()
  marks.take(action, vm)
  answer(busy)
  happened()
  world.connected = false
  assert.deepEqual(after(limits.markAgainMsMax), [])
  world.connected = true
  marks.connected()
  assert.deepEqual(after(0), ['mark'])
})

test('the next life of the agent goes on with it', () => {
  const { marks, after, answer } = told()
  marks.restore([{ action, vm }])
  assert.equal(marks.has(vm), true)
  assert.deepEqual(after(0), ['mark'])
  assert.deepEqual(answer(null), ['marked'])
})

test('a VM that is not here any more is not marked: neither one that has left, nor one that is gone', () => {
  const { world, marks, happened, after, answer } = told()
  marks.take(action, vm)
  marks.left(vm)
  assert.deepEqual(happened(), ['to-mark', 'mark', 'marked'])
  assert.equal(marks.has(vm), false)
  assert.deepEqual(answer(busy), [])

  marks.take(later, vm)
  happened()
  // What its hypervisor says of a VM that the last look shows is not believed.
  assert.deepEqual(answer('vm.absent', later), [])
  assert.deepEqual(after(limits.markAgainMsMax), ['mark'])
  world.here = false
  assert.deepEqual(answer('vm.absent', later), ['marked'])
  assert.deepEqual(after(limits.markAgainMsMax), [])
})

test('a VM that moves is left alone until it is known where it is', () => {
  const { world, marks, happened, after, answer } = told()
  marks.take(action, vm)
  answer(busy)
  happened()
  world.inMotion = true
  assert.deepEqual(after(limits.markAgainMsMax), [])
  assert.equal(marks.has(vm), true, 'its next host is told')
  world.inMotion = false
  assert.deepEqual(after(limits.markAgainMsMin), ['mark'])
})

test('a VM that has come again has one mark, the newest: an answer to the old request says nothing of it', () => {
  const { marks, answer } = told()
  marks.take(action, vm)
  marks.take(later, vm)
  assert.deepEqual(marks.waiting(), [vm])
  answer(null)
  assert.deepEqual(marks.waiting(), [vm])
  answer(null, later)
  assert.equal(marks.none(), true)
})

test('not more are kept than words are: the oldest goes, and an operator hears of it', () => {
  const { context, marks, happened } = told()
  for (let i = 0; i <= limits.dutiesMax; i++) marks.take(action, asVmId(`vm-${i}`))
  assert.equal(marks.waiting().length, limits.dutiesMax)
  assert.equal(context.warnings()[0]?.code, 'vm.unmarked')
  assert.deepEqual(happened().slice(-2), ['warn', 'marked'])
})
