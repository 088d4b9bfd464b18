/** An action that would be performed twice, or judged before its call has ended, stops the agent: each kind of it is shown to be noticed. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { actionIdOf, asHostId, asVmId, partitionIdOf } from '../data/ids.ts'
import {
  answered,
  asked,
  type LifecycleAction,
  lookingAction,
  openOf,
  performed,
  restoredAction,
  returned,
  verdictOf,
} from './lifecycle-action.ts'

const leader = asHostId('leader')
const partition = partitionIdOf(leader, 1, 1)
const recorded = {
  kind: 'suspend',
  action: actionIdOf(partition, 0),
  partition,
  epoch: 3,
  vm: asVmId('web'),
  name: 'web-1',
  demand: { cpuMilli: 1, memoryMiB: 1 },
} as const
const known = { ...recorded, incarnation: 'boot-1' }

const looking = asked(lookingAction(known, leader, 0), 1, 0)
const seen = answered(looking, 'running', 5)
const performing = performed(seen, 5)
const settling = returned(performing, { kind: 'done' }, 10)

test('it goes one way: looked at, performed, returned, looked at', () => {
  const phases = [looking, seen, performing, settling].map((one: LifecycleAction) => one.phase)
  assert.deepEqual(phases, ['looking', 'looking', 'performing', 'settling'])
  assert.deepEqual(verdictOf(answered(asked(settling, 2, 10), 'saved', 12), 12), {
    kind: 'done',
    active: false,
  })
  assert.equal(verdictOf(settling, 10).kind, 'wait', 'it was not looked at since')
  assert.deepEqual(openOf(settling), recorded, 'as the journal keeps it')
  assert.equal(
    restoredAction(openOf(performing), 20).phase,
    'settling',
    'the next life begins behind the call',
  )
})

test('it is performed once, after a look, and nothing is asked while its call runs', () => {
  assert.throws(() => performed(performing, 6), /performed from performing: it would be done twice/)
  assert.throws(() => performed(settling, 11), /performed from settling: it would be done twice/)
  assert.throws(() => performed(restoredAction(openOf(seen), 20), 20), /it would be done twice/)
  assert.throws(() => performed(looking, 1), /is performed before the hypervisor was looked at/)
  assert.throws(() => asked(performing, 2, 6), /is asked about while its call runs/)
  assert.throws(() => asked(looking, 1, 1), /question 1 follows 1/)
})

test('its call returns once, and is judged afterwards', () => {
  assert.throws(() => returned(settling, { kind: 'done' }, 11), /has returned in settling/)
  assert.throws(
    () => returned({ ...performing, round: 2 }, { kind: 'done' }, 11),
    /was looked at while its call ran/,
  )
  assert.throws(() => verdictOf(seen, 5), /is judged in looking/)
  assert.throws(() => verdictOf(performing, 5), /is judged in performing/)
})
