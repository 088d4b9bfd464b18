/** What the journal may not hold yet is not said from memory either: after a crash this host would know nothing of it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createClosedActions } from '../actions/closed-actions.ts'
import { limits, policyOf } from '../data/config.ts'
import { actionIdOf, asHostId, asVmId, type PeerUri, partitionIdOf } from '../data/ids.ts'
import type { ClosedAction, Duty } from '../data/io.ts'
import { createStepContext } from '../step-context.ts'
import { createDuties } from './duties.ts'
import { createIncoming } from './incoming.ts'
import { createOutgoing } from './outgoing.ts'
import { createPresenceAnswers } from './presence.ts'

const [self, peer] = [asHostId('self'), asHostId('peer')]
const partition = partitionIdOf(self, 1, 1)
const action = actionIdOf(partition, 0)
const vm = asVmId('web')
const demand = { cpuMilli: 500, memoryMiB: 256 }
const about = { incarnation: 1, partition, epoch: 9, action, vm }

const setUp = (end: 'departure' | 'arrival', duty: Duty | null) => {
  const context = createStepContext(self, 1, 1, policyOf('balanced'))
  const closed = createClosedActions([])
  const duties = createDuties(context)
  const reach = (_: unknown, uri: string) => uri as PeerUri
  const outgoing = createOutgoing(context, closed, duties, {
    hindrance: () => null,
    started: () => {},
    asked: () => {},
    gone: () => {},
    ended: () => {},
    reach,
  })
  const incoming = createIncoming(context, closed, {
    asked: () => {},
    owesAutostart() {},
    elsewhere: () => 'nowhere',
    arrived: () => {},
    ended: () => {},
    reach,
  })
  const presence = createPresenceAnswers(context, () => true, outgoing, closed, duties)
  const record: ClosedAction = { action, vm, end, result: { kind: 'done' } }
  closed.remember(record)
  context.emit({ kind: 'persist', record: { kind: 'closed', ...record, duty } })
  if (duty !== null) duties.take(duty)
  const said = (): readonly string[] =>
    context.takeEffects().flatMap((one) => (one.kind === 'send' ? [one.message.kind] : []))
  /** After each of these the other host asks again. */
  const asked = () => {
    presence.asked(peer, { kind: 'where-is', ...about, round: 1 })
    incoming.handOver(peer, { kind: 'hand-over', ...about, round: 0, demand, autostart: false })
    context.setTime(context.now() + limits.dutyMsMax)
    duties.tick()
    return said()
  }
  return { context, asked }
}

test('the hand-over of a migration whose end may not be written waits, asked for or not', () => {
  const duty: Duty = { action, partition, epoch: 9, vm, peer, word: 'hand-over', demand }
  const { context, asked } = setUp('departure', duty)
  assert.deepEqual(asked(), [])
  assert.deepEqual(asked(), [], 'however often it is asked for')
  context.written()
  assert.deepEqual(asked(), ['hand-over', 'hand-over'], 'the answer, and the word that is owed')
})

test('that a VM runs here is confirmed from memory when it is written', () => {
  const { context, asked } = setUp('arrival', null)
  assert.deepEqual(asked(), [])
  context.written()
  assert.deepEqual(asked(), ['took-over', 'took-over'])
})
