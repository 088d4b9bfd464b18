/** One migration from its source's side, message by message: what is durable when, when the VM is credited, which end is asked. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ActionResult } from '@drover/placement'
import { limits } from '../data/config.ts'
import { asVmId } from '../data/ids.ts'
import type { OpenMigration } from '../data/io.ts'
import {
  action,
  admitted,
  migrationInDoubt,
  outgoingMigration,
  self,
  there,
  tookOver,
  vm,
} from '../testing/outgoing-migration.ts'

test('an admission counts from when it was asked for: one that is used too late begins nothing', () => {
  const short = { ...admitted, validMs: 1_000 }
  const begins = (ms: number): boolean => {
    const { outgoing, happened, later } = outgoingMigration()
    later(ms)
    outgoing.admitted(there, short)
    return happened().includes('perform')
  }
  assert.deepEqual([begins(999), begins(1_000)], [true, false], 'then its destination no longer counts on it')
})

test('the VM is credited when it is gone, not when it begins to leave (S9); all is durable before it is done', () => {
  const { outgoing, happened } = outgoingMigration()
  assert.deepEqual(happened(), ['send admit'])
  outgoing.admitted(there, admitted)
  assert.deepEqual(happened(), ['persist opened', 'perform', 'started'])
  outgoing.finished(action, { kind: 'done' })
  assert.deepEqual(happened(), ['send hand-over', 'gone'])
  outgoing.tookOver(there, tookOver)
  assert.deepEqual(happened(), ['persist closed', 'send closed', 'ended done'])
})

test('a destination that is silent, or answers too late, counts as a refusal: nothing has begun', () => {
  const silent = outgoingMigration()
  silent.happened()
  silent.later(limits.admitMs)
  assert.deepEqual(silent.happened(), ['send cancelled', 'ended refused host.unreachable'])
  silent.outgoing.admitted(there, admitted)
  assert.deepEqual(silent.happened(), [], 'the late answer begins nothing')
})

test('a refusal by the hypervisor ends the action at both ends', () => {
  const { outgoing, happened } = outgoingMigration()
  outgoing.admitted(there, admitted)
  happened()
  outgoing.finished(action, { kind: 'refused', code: 'hypervisor.refused' })
  assert.deepEqual(happened(), ['send cancelled', 'persist closed', 'ended refused hypervisor.refused'])
})

test('an unknown end is resolved by asking both ends, and the migration is never tried again (S12)', () => {
  const { outgoing, happened, later, round } = outgoingMigration()
  outgoing.admitted(there, admitted)
  happened()
  outgoing.finished(action, { kind: 'unknown', code: 'hypervisor.unreachable' })
  assert.deepEqual(happened(), ['warn', 'inspect here', 'send where-is'])
  later(limits.settlePollMs)
  assert.deepEqual(
    happened(),
    ['inspect here', 'send where-is', 'inspect sim://there'],
    'its hypervisor too, when its agent is silent',
  )
  outgoing.inspected(action, round(), 'here', 'absent')
  assert.deepEqual(happened(), [], 'one end is not enough')
  outgoing.inspected(action, round(), 'there', 'paused')
  assert.deepEqual(happened(), ['send hand-over', 'gone'])
})

test('a brake or a change during the wait for admission holds: the migration does not begin, and its promise is given back', () => {
  const { outgoing, happened, said } = outgoingMigration()
  happened()
  said.hindrance = 'vm.ignored'
  outgoing.admitted(there, admitted)
  assert.deepEqual(happened(), ['send cancelled', 'ended refused vm.ignored'])
})

test('a migration that its leader withdraws does not begin; one that has begun goes on, and no other host may withdraw it', () => {
  const { outgoing, happened } = outgoingMigration()
  happened()
  outgoing.withdraw(action, there)
  assert.deepEqual(happened(), [])
  outgoing.withdraw(action, self)
  assert.deepEqual(happened(), ['send cancelled', 'ended refused operator.called_off'])
  outgoing.admitted(there, admitted)
  assert.deepEqual(happened(), [], 'the admission comes too late')

  const other = outgoingMigration()
  other.outgoing.admitted(there, admitted)
  other.happened()
  other.outgoing.withdraw(action, self)
  assert.deepEqual(other.happened(), [])
})

test('an answer to an earlier question is dropped', () => {
  const { outgoing, happened, later, round } = migrationInDoubt()
  const old = round()
  outgoing.inspected(action, old, 'here', 'absent')
  later(limits.settlePollMs)
  happened()
  outgoing.whereabouts(action, there, old, 'paused')
  outgoing.inspected(action, old, 'there', 'paused')
  assert.deepEqual(happened(), [], 'late')
  outgoing.whereabouts(action, there, round(), 'paused')
  assert.deepEqual(happened(), [], 'what our own hypervisor said in the last round is old, too')
  outgoing.inspected(action, old, 'here', 'absent')
  assert.deepEqual(happened(), [], 'however late it comes')
  outgoing.inspected(action, round(), 'here', 'absent')
  assert.deepEqual(happened(), ['send hand-over', 'gone'])
})

test('with both copies paused the source gives its own up only after the destination said so in three rounds, the last included', () => {
  const { outgoing, happened, later, round } = migrationInDoubt()
  const both = () => {
    outgoing.inspected(action, round(), 'here', 'paused')
    outgoing.whereabouts(action, there, round(), 'paused')
  }
  for (const _ of [1, 2]) {
    both()
    later(limits.settlePollMs)
  }
  outgoing.inspected(action, round(), 'here', 'paused')
  later(limits.settleRoundMsMax)
  assert.ok(!happened().includes('send hand-over'), 'it has fallen silent: nothing is concluded')
  for (const _ of [1, 2, 3]) {
    both()
    later(limits.settlePollMs)
  }
  assert.ok(happened().includes('send hand-over'))
})

test('a hypervisor that is slow to answer is heard: a round waits longer after one that missed an answer', () => {
  const { outgoing, happened, later, round } = migrationInDoubt()
  // Each answer takes three seconds; a round lasts one at first.
  for (let questions = 0; questions < 10; questions++) {
    const asked = round()
    later(1_000)
    later(1_000)
    later(1_000)
    outgoing.inspected(action, asked, 'here', 'absent')
    outgoing.whereabouts(action, there, asked, 'paused')
  }
  assert.ok(happened().includes('send hand-over'))
})

test('a VM counts as stayed after 34 s of the same answer of its source, whether the destination answers or not', () => {
  const { outgoing, happened, later, round } = migrationInDoubt()
  for (let asked = 0; outgoing.all.size > 0; later(100)) {
    if (round() === asked) continue
    asked = round()
    outgoing.inspected(action, asked, 'here', 'running')
  }
  assert.ok(happened().includes('ended refused migration.failed'))
})

test('the hypervisor is asked again and again to stop a migration that takes too long; its end is observed', () => {
  const over = (ends: ActionResult) => {
    const { outgoing, happened, later } = outgoingMigration()
    outgoing.admitted(there, admitted)
    happened()
    later(limits.migrationMsMin / 2)
    assert.deepEqual(happened(), ['warn'], 'slow')
    later(limits.migrationMsMin / 2)
    assert.deepEqual(happened(), ['warn', 'abort'])
    later(limits.stopAgainMs - 1)
    assert.deepEqual(happened(), [])
    later(1)
    assert.deepEqual(happened(), ['abort'])
    outgoing.finished(action, ends)
    return happened()
  }
  assert.deepEqual(over({ kind: 'refused', code: 'hypervisor.refused' }), [
    'send cancelled',
    'persist closed',
    'ended refused migration.timeout',
  ])
  assert.deepEqual(over({ kind: 'done' }), ['send hand-over', 'gone'], 'too late: it has left')
  assert.deepEqual(over({ kind: 'unknown', code: 'hypervisor.unreachable' }).slice(0, 2), [
    'warn',
    'inspect here',
  ])
})

test('a migration that an agent finds after its start has no more time than when it was begun', () => {
  const first = outgoingMigration()
  first.outgoing.admitted(there, admitted)
  const [open] = first.effects().flatMap((effect): readonly OpenMigration[] => {
    if (effect.kind !== 'persist' || effect.record.kind !== 'opened') return []
    return effect.record.open.kind === 'departure' ? [effect.record.open] : []
  })
  assert.ok(open !== undefined)
  assert.equal(open.dirtyMiBps, vm.dirtyMiBps)
  const brokenOffAfterMs = (ageMs: number): number => {
    const { outgoing, happened, later, round } = outgoingMigration(false)
    outgoing.restore({ ...open, ageMs })
    for (let ms = 0; ms <= 10 * limits.migrationMsMin; ms += 500) {
      later(500)
      outgoing.inspected(action, round(), 'here', 'outgoing')
      outgoing.whereabouts(action, there, round(), 'incoming')
      if (happened().includes('abort')) return ms
    }
    return Number.POSITIVE_INFINITY
  }
  const wholeMs = brokenOffAfterMs(0)
  assert.ok(Math.abs(wholeMs - limits.migrationMsMin) <= 2_000, `${wholeMs} ms`)
  assert.ok(Math.abs(brokenOffAfterMs(40_000) - (limits.migrationMsMin - 40_000)) <= 2_000)
  assert.ok(brokenOffAfterMs(1_000_000) <= 2_000)
})

test('a migration that sends nothing for half a minute, by its hypervisor, is broken off', () => {
  const { outgoing, happened, later, told } = outgoingMigration()
  outgoing.admitted(there, admitted)
  happened()
  for (const sentMiB of [10, 20]) {
    later(1_000)
    told([{ vm: vm.vm, sentMiB }])
  }
  later(limits.migrationStallMs - 1)
  told([{ vm: vm.vm, sentMiB: 20 }])
  assert.deepEqual(
    happened().filter((one) => one !== 'warn'),
    [],
  )
  later(1)
  told([{ vm: asVmId('other'), sentMiB: 20 }])
  assert.deepEqual(
    happened().filter((one) => one !== 'warn'),
    [],
    'of another VM',
  )
  told([{ vm: vm.vm, sentMiB: 20 }])
  assert.deepEqual(
    happened().filter((one) => one !== 'warn'),
    ['abort'],
  )
})
