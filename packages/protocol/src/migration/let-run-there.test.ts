/** A source whose destination's agent is silent: when it lets the copy run there itself, when it does not, and what it says of that. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from '../data/config.ts'
import type { Presence } from '../data/message.ts'
import {
  action,
  admitted,
  departure,
  outgoingMigration,
  there,
  tookOver,
  vm,
} from '../testing/outgoing-migration.ts'

test('the source resumes the copy itself when the agent there stays silent, since it knows that the VM has left', () => {
  const { outgoing, happened, later, round } = outgoingMigration()
  outgoing.admitted(there, admitted)
  outgoing.finished(action, { kind: 'done' })
  happened()
  later(limits.handOverMs)
  assert.deepEqual(happened(), ['send hand-over', 'inspect sim://there'])
  outgoing.inspected(action, round() - 1, 'there', 'paused')
  assert.deepEqual(happened(), [], 'an old answer says nothing about now')
  outgoing.inspected(action, round(), 'there', 'paused')
  assert.deepEqual(happened(), ['resume sim://there'])
  outgoing.resumed(action, 'there', true)
  outgoing.inspected(action, 0, 'there', 'running')
  assert.deepEqual(happened(), ['inspect sim://there', 'persist closed', 'ended done'])
})

test('the source lets the copy run there only shortly after its own hypervisor has shown the VM (S1)', () => {
  const resumesAt = (seenMs: number, askedMs: number): boolean => {
    const { outgoing, happened, later, round } = outgoingMigration()
    outgoing.admitted(there, admitted)
    const job = { vm: vm.vm, sentMiB: 1 }
    later(seenMs)
    // The process stood still until the answer was read: the VM was there when it was asked for.
    later(askedMs)
    outgoing.told([job], seenMs)
    outgoing.finished(action, { kind: 'done' })
    later(limits.handOverMs)
    outgoing.inspected(action, round(), 'there', 'paused')
    return happened().includes('resume sim://there')
  }
  const last = limits.letRunThereMs - limits.handOverMs - 1
  assert.deepEqual([resumesAt(50_000, last), resumesAt(50_000, last + 1)], [true, false])
})

test('after a restart the source lets no copy run there, unless it has seen the VM here again', () => {
  const resumes = (before: Presence): boolean => {
    const { outgoing, happened, later, round } = outgoingMigration(false)
    outgoing.restore(departure)
    for (const here of [before, 'absent'] as const) {
      later(limits.settlePollMs)
      outgoing.inspected(action, round(), 'there', 'paused')
      outgoing.inspected(action, round(), 'here', here)
    }
    later(limits.handOverMs)
    outgoing.inspected(action, round(), 'there', 'paused')
    return happened().includes('resume sim://there')
  }
  assert.deepEqual([resumes('absent'), resumes('outgoing')], [false, true])
})

test('a destination that has taken over hears whether a request from here may be unread there', () => {
  const closes = (answer: boolean | null): boolean => {
    const { outgoing, happened, later, round } = outgoingMigration()
    outgoing.admitted(there, admitted)
    outgoing.finished(action, { kind: 'done' })
    later(limits.handOverMs)
    outgoing.inspected(action, round(), 'there', 'paused')
    if (answer !== null) outgoing.resumed(action, 'there', answer)
    happened()
    outgoing.tookOver(there, tookOver)
    return happened().includes('send closed')
  }
  assert.deepEqual([closes(true), closes(false), closes(null)], [true, false, false])
})

test('a word that is said again gets the same answer; what is not known here gets none', () => {
  const { outgoing, happened } = outgoingMigration()
  outgoing.admitted(there, admitted)
  outgoing.finished(action, { kind: 'done' })
  outgoing.tookOver(there, tookOver)
  happened()
  outgoing.tookOver(there, tookOver)
  assert.deepEqual(happened(), ['send closed'])
  const other = outgoingMigration(false)
  other.outgoing.tookOver(there, tookOver)
  assert.deepEqual(other.happened(), [])
})

test('the source sends no second resume there while the first is unanswered, and another one when that has failed', () => {
  const { outgoing, happened, later, round } = outgoingMigration()
  outgoing.admitted(there, admitted)
  outgoing.finished(action, { kind: 'done' })
  const resumes = (): number => {
    later(limits.settlePollMs)
    outgoing.inspected(action, round(), 'there', 'paused')
    return happened().filter((one) => one === 'resume sim://there').length
  }
  assert.deepEqual([1, 2, 3].map(resumes), [1, 0, 0])
  outgoing.resumed(action, 'there', false)
  assert.deepEqual([1, 2].map(resumes), [1, 0])
})

test('the source leaves a VM alone that its owner has paused at the silent destination: it has arrived', () => {
  const { outgoing, happened, later, round } = outgoingMigration()
  outgoing.admitted(there, admitted)
  outgoing.finished(action, { kind: 'done' })
  later(limits.handOverMs)
  happened()
  outgoing.inspected(action, round(), 'there', 'held')
  assert.deepEqual(happened(), ['persist closed', 'ended done'])
})
