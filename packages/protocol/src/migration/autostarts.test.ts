// A VM that has come here is to start with this host, as it did where it comes from: that is tried until it is so.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits, policyOf } from '../data/config.ts'
import { actionIdOf, asHostId, asVmId, partitionIdOf } from '../data/ids.ts'
import type { AnyCode } from '../data/reasons.ts'
import { codeFrom } from '../data/reasons.ts'
import { createStepContext } from '../step-context.ts'
import { createAutostarts } from './autostarts.ts'

const [action, later] = [0, 1].map((i) => actionIdOf(partitionIdOf(asHostId('source'), 1, 1), i)) as [
  ReturnType<typeof actionIdOf>,
  ReturnType<typeof actionIdOf>,
]
const vm = asVmId('web')

const told = () => {
  const context = createStepContext(asHostId('self'), 1, 1, policyOf('balanced'))
  const world = { inMotion: false, here: true, connected: true }
  const autostarts = createAutostarts(context, {
    inMotion: () => world.inMotion,
    isHere: () => world.here,
    isConnected: () => world.connected,
  })
  /** What was asked for and written since the last look. */
  const happened = (): readonly string[] =>
    context.takeEffects().map((one) => (one.kind === 'persist' ? one.record.kind : one.kind))
  const after = (ms: number): readonly string[] => {
    context.setTime(context.now() + ms)
    autostarts.tick()
    return happened()
  }
  const answer = (code: AnyCode | null, of = action): readonly string[] => {
    autostarts.answered({ kind: 'autostart-set', action: of, vm, code, detail: '' })
    return happened()
  }
  return { context, world, autostarts, happened, after, answer }
}
const busy = codeFrom('hypervisor.timeout')

test('it is on record before it is asked for, and off when it is done', () => {
  const { autostarts, happened, after, answer } = told()
  autostarts.take(action, vm)
  assert.deepEqual(happened(), ['autostart-owed', 'set-autostart'])
  assert.deepEqual([autostarts.has(vm), autostarts.waiting()], [true, [vm]])
  assert.deepEqual(answer(null), ['autostart-set'])
  assert.deepEqual([autostarts.none(), autostarts.nextAt()], [true, null])
  assert.deepEqual(after(limits.autostartAgainMsMax), [])
})

test('what was set a moment ago counts, whatever an older look shows', () => {
  const { autostarts, answer } = told()
  autostarts.take(action, vm)
  answer(null)
  for (let look = 1; look < limits.samplesInFlight; look++) autostarts.sampled()
  assert.equal(autostarts.has(vm), true)
  autostarts.sampled()
  assert.equal(autostarts.has(vm), false)
})

test('a hypervisor that does not take it is asked again, less and less often, and for as long as it takes', () => {
  const { autostarts, happened, after, answer } = told()
  autostarts.take(action, vm)
  happened()
  for (let pauseMs = limits.autostartAgainMsMin; pauseMs < limits.autostartAgainMsMax; pauseMs *= 2) {
    assert.deepEqual(answer(busy), [])
    assert.deepEqual(after(pauseMs - 1), [], 'not sooner')
    assert.deepEqual(after(1), ['set-autostart'])
  }
  for (let hour = 0; hour < 60; hour++) {
    answer(busy)
    assert.deepEqual(after(limits.autostartAgainMsMax), ['set-autostart'])
  }
  // An answer that never comes is not waited for either.
  assert.deepEqual(after(limits.autostartAgainMsMax), ['set-autostart'])
})

test('a hypervisor that comes back is asked at once, and not while it is away', () => {
  const { world, autostarts, happened, after, answer } = told()
  autostarts.take(action, vm)
  answer(busy)
  happened()
  world.connected = false
  assert.deepEqual(after(limits.autostartAgainMsMax), [])
  world.connected = true
  autostarts.connected()
  assert.deepEqual(after(0), ['set-autostart'])
})

test('the next life of the agent goes on with it', () => {
  const { autostarts, after, answer } = told()
  autostarts.restore([{ action, vm }])
  assert.equal(autostarts.has(vm), true)
  assert.deepEqual(after(0), ['set-autostart'])
  assert.deepEqual(answer(null), ['autostart-set'])
})

test('a VM that is not here any more is not asked about: neither one that has left, nor one that is gone', () => {
  const { world, autostarts, happened, after, answer } = told()
  autostarts.take(action, vm)
  autostarts.left(vm)
  assert.deepEqual(happened(), ['autostart-owed', 'set-autostart', 'autostart-set'])
  assert.equal(autostarts.has(vm), false)
  assert.deepEqual(answer(busy), [])

  autostarts.take(later, vm)
  happened()
  // What its hypervisor says of a VM that the last look shows is not believed.
  assert.deepEqual(answer('vm.absent', later), [])
  assert.deepEqual(after(limits.autostartAgainMsMax), ['set-autostart'])
  world.here = false
  assert.deepEqual(answer('vm.absent', later), ['autostart-set'])
  assert.deepEqual(after(limits.autostartAgainMsMax), [])
})

test('a VM that moves is left alone until it is known where it is', () => {
  const { world, autostarts, happened, after, answer } = told()
  autostarts.take(action, vm)
  answer(busy)
  happened()
  world.inMotion = true
  assert.deepEqual(after(limits.autostartAgainMsMax), [])
  assert.equal(autostarts.has(vm), true, 'its next host is told')
  world.inMotion = false
  assert.deepEqual(after(limits.autostartAgainMsMin), ['set-autostart'])
})

test('a VM that has come again has one request, the newest: an answer to the old request says nothing of it', () => {
  const { autostarts, answer } = told()
  autostarts.take(action, vm)
  autostarts.take(later, vm)
  assert.deepEqual(autostarts.waiting(), [vm])
  answer(null)
  assert.deepEqual(autostarts.waiting(), [vm])
  answer(null, later)
  assert.equal(autostarts.none(), true)
})

test('not more are kept than words are: the oldest goes, and an operator hears of it', () => {
  const { context, autostarts, happened } = told()
  for (let i = 0; i <= limits.dutiesMax; i++) autostarts.take(action, asVmId(`vm-${i}`))
  assert.equal(autostarts.waiting().length, limits.dutiesMax)
  assert.equal(context.warnings()[0]?.code, 'vm.autostart_unset')
  assert.deepEqual(happened().slice(-2), ['warn', 'autostart-set'])
})
