/** One migration from its destination's side: what is confirmed to which host, and what becomes of a copy without a record. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createClosedActions } from '../actions/closed-actions.ts'
import { limits, policyOf } from '../data/config.ts'
import { actionIdOf, asHostId, asVmId, partitionIdOf } from '../data/ids.ts'
import type { Cancelled, HandOver, Presence } from '../data/message.ts'
import { createStepContext } from '../step-context.ts'
import { createIncoming } from './incoming.ts'

const [self, source, other] = [asHostId('self'), asHostId('source'), asHostId('other')]
const partition = partitionIdOf(source, 1, 1)
const action = actionIdOf(partition, 0)
const vm = asVmId('web')
const demand = { cpuMilli: 500, memoryMiB: 256 }
const about = { incarnation: 1, partition, epoch: 9, action, vm }
const handOver = (changes: Partial<HandOver> = {}): HandOver => ({
  kind: 'hand-over',
  ...about,
  round: 0,
  demand,
  autostart: false,
  ...changes,
})
const cancelled: Cancelled = { kind: 'cancelled', ...about }

const setUp = () => {
  const context = createStepContext(self, 1, 1, policyOf('balanced'))
  const incoming = createIncoming(context, createClosedActions([]), {
    owesAutostart() {},
    elsewhere: () => 'nowhere',
    arrived: () => {},
    ended: () => {},
    asked: () => {},
    reach: () => null,
  })
  const happened = (): readonly string[] =>
    context.takeEffects().map((effect) => {
      if (effect.kind === 'send') return `send ${effect.message.kind}`
      if (effect.kind === 'persist') return `persist ${effect.record.kind}`
      return effect.kind === 'warn' ? `warn ${effect.code}` : effect.kind
    })
  const later = (ms: number) => {
    context.setTime(context.now() + ms)
    incoming.tick()
  }
  const round = () => incoming.all.get(action)?.rounds.number ?? 0
  /** Every question about the VM here gets this answer, for so long. */
  const answering = (here: Presence, ms: number) => {
    for (let passed = 0; passed < ms; passed += 500) {
      later(500)
      incoming.inspected(action, round(), 'here', here)
    }
  }
  /** As it is restored after a restart of the agent. */
  const restored = () =>
    incoming.restore({
      kind: 'arrival',
      action,
      partition,
      epoch: 9,
      peerEpoch: 0,
      vm,
      name: 'web',
      peer: source,
      peerUri: '',
      demand,
      paused: true,
    })
  return { incoming, happened, later, round, answering, restored, written: context.written }
}

test('a copy without a record runs only when its source answers our own question: an old message may be repeated', () => {
  const { incoming, happened, later, round, written } = setUp()
  assert.equal(incoming.handOver(source, handOver()), false, 'not known here')
  incoming.adopt(source, handOver(), { name: 'web' })
  later(0)
  assert.deepEqual(happened(), ['persist opened', 'inspect', 'send where-is'])
  incoming.inspected(action, round(), 'here', 'paused')
  incoming.handOver(source, handOver())
  incoming.handOver(source, handOver({ round: round() - 1 }))
  incoming.handOver(source, handOver({ round: round(), demand: null }))
  incoming.handOver(other, handOver({ round: round() }))
  incoming.whereabouts(action, source, round(), 'absent')
  assert.deepEqual(happened(), [])
  incoming.handOver(source, handOver({ round: round() }))
  assert.deepEqual(happened(), ['inspect'])
  incoming.inspected(action, round(), 'here', 'paused')
  assert.deepEqual(happened(), ['resume'])
  incoming.resumed(action, 'here', true, '')
  assert.deepEqual(happened(), ['persist closed', 'send took-over'])
  written()
  assert.equal(incoming.handOver(source, handOver()), true)
  assert.deepEqual(happened(), ['send took-over'], 'and it is confirmed as often as it is asked')
})

test('a copy without a record whose source does not know it is left to the alarm', () => {
  const { incoming, answering } = setUp()
  incoming.adopt(source, handOver(), { name: 'web' })
  answering('paused', limits.lateStartMs + 2 * limits.settleRoundMsMax)
  assert.equal(incoming.all.size, 0)
})

test('a copy without a record is not let go while neither its source nor its own hypervisor says where it is (S12)', () => {
  const { incoming, answering, later } = setUp()
  incoming.adopt(source, handOver(), { name: 'web' })
  answering('paused', 10_000)
  for (let passed = 0; passed < 2 * limits.lateStartMs; passed += 500) later(500)
  assert.equal(incoming.all.size, 1)
  answering('paused', 2 * limits.settleRoundMsMax)
  assert.equal(incoming.all.size, 0)
})

test('a promise that is called off is confirmed, known or not', () => {
  const { incoming, happened, restored } = setUp()
  incoming.cancelled(source, cancelled)
  assert.deepEqual(happened(), ['send forgotten'])
  restored()
  incoming.cancelled(other, cancelled)
  assert.deepEqual(happened(), [], 'by no other host')
  incoming.cancelled(source, cancelled)
  assert.deepEqual(happened(), ['persist closed', 'send forgotten'])
})

test('a VM that went down with this host after its hand-over holds no host for ever, and its source is told', () => {
  const { incoming, happened, answering, restored } = setUp()
  restored()
  incoming.handOver(source, handOver())
  incoming.resumed(action, 'here', false, 'the domain is not running')
  answering('shut', 10_000)
  assert.ok(!happened().includes('send forgotten'), 'it may still be on its way')
  answering('shut', limits.lateStartMs)
  assert.equal(incoming.all.size, 0)
  assert.deepEqual(
    happened().filter((one) => ['warn vm.lost', 'persist closed', 'send forgotten'].includes(one)),
    ['warn vm.lost', 'persist closed', 'send forgotten'],
  )
})

test('a VM that its owner has paused meanwhile is not let run by a hand-over that is said again', () => {
  const { incoming, happened, restored, round } = setUp()
  restored()
  incoming.handOver(source, handOver())
  assert.deepEqual(happened(), ['inspect'], 'its source need not be asked')
  incoming.inspected(action, round(), 'here', 'held')
  assert.deepEqual(happened(), ['persist closed', 'send took-over'])
})

test('a resume that failed is tried again as long as the copy waits', () => {
  const { incoming, happened, answering, restored } = setUp()
  restored()
  incoming.handOver(source, handOver())
  incoming.resumed(action, 'here', false, 'the daemon is busy')
  happened()
  answering('paused', 2_000)
  assert.ok(happened().includes('resume'))
})

test('a second resume is not sent while the first is unanswered; that the copy runs is seen all the same', () => {
  const { incoming, happened, answering, later, restored, round } = setUp()
  restored()
  incoming.handOver(source, handOver())
  answering('paused', 30_000)
  assert.deepEqual(
    happened().filter((one) => one === 'resume'),
    ['resume'],
  )
  incoming.cancelled(source, cancelled)
  assert.deepEqual(happened(), [], 'it is being let run')
  later(10_000)
  incoming.inspected(action, round(), 'here', 'running')
  assert.deepEqual(happened(), ['inspect', 'persist closed', 'send took-over'])
})
