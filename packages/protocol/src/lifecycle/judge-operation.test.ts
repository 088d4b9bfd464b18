/** How a start, stop, suspend or resume has ended, by what the hypervisor shows of the VM. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from '../data/config.ts'
import type { LifecycleKind } from '../data/io.ts'
import type { Presence } from '../data/message.ts'
import { judgeOperation, type Looked } from './judge-operation.ts'

const kinds = ['start', 'stop', 'suspend', 'resume'] as const
const presences = ['running', 'paused', 'outgoing', 'incoming', 'shut', 'saved', 'absent'] as const

const verdict = (
  kind: LifecycleKind,
  seen: Presence,
  answer: Looked['answer'] = 'done',
  steadyMs = 0,
  waitedMs = steadyMs,
): string => {
  const judged = judgeOperation(kind, { seen, steadyMs, answer, waitedMs })
  if (judged.kind === 'wait') return 'wait'
  const where = judged.active ? 'here' : 'gone'
  return judged.kind === 'done' ? `done, ${where}` : `refused ${judged.code ?? 'as it said'}, ${where}`
}
const { settlePollMs, lateStartMs, shutdownMs } = limits

test('an operation whose result is seen is done, whatever the call returned', () => {
  for (const answer of ['done', 'refused', null] as const) {
    for (const kind of ['start', 'resume'] as const) {
      assert.equal(verdict(kind, 'running', answer), 'done, here')
      assert.equal(verdict(kind, 'outgoing', answer), 'done, here', 'it moves on already')
    }
    for (const seen of ['shut', 'absent'] as const) assert.equal(verdict('stop', seen, answer), 'done, gone')
    assert.equal(verdict('suspend', 'saved', answer), 'done, gone')
  }
})

test('a refusal of the hypervisor counts when the VM is as it was', () => {
  for (const kind of ['start', 'resume'] as const)
    for (const seen of ['shut', 'saved', 'absent'] as const)
      assert.equal(verdict(kind, seen, 'refused'), 'refused as it said, gone')
  for (const kind of ['stop', 'suspend'] as const)
    assert.equal(verdict(kind, 'running', 'refused'), 'refused as it said, here')
})

test('a call whose answer is not known may lie unread: the VM has to stay as it is for 34 s', () => {
  for (const [kind, seen, end] of [
    ['start', 'shut', 'gone'],
    ['resume', 'saved', 'gone'],
    ['suspend', 'running', 'here'],
  ] as const) {
    assert.equal(verdict(kind, seen, null, lateStartMs - 1), 'wait')
    assert.equal(verdict(kind, seen, null, lateStartMs), `refused as it said, ${end}`)
  }
})

test('a hypervisor that says it has done so, and shows it twice otherwise, has not', () => {
  for (const [kind, seen, found] of [
    ['start', 'shut', 'vm.stopped, gone'],
    ['resume', 'absent', 'vm.stopped, gone'],
    ['suspend', 'running', 'vm.still_here, here'],
  ] as const) {
    assert.equal(verdict(kind, seen, 'done'), 'wait')
    assert.equal(verdict(kind, seen, 'done', settlePollMs), `refused ${found}`)
  }
})

test('a guest gets two minutes to shut down, also when it is unknown whether it was asked', () => {
  for (const answer of ['done', null] as const)
    for (const seen of ['running', 'paused'] as const) {
      assert.equal(verdict('stop', seen, answer, shutdownMs - 1), 'wait')
      assert.equal(verdict('stop', seen, answer, shutdownMs), 'refused vm.shutdown_ignored, here')
    }
})

test('a VM that went another way than it was asked to is gone all the same', () => {
  assert.equal(verdict('suspend', 'shut'), 'refused vm.stopped, gone')
  assert.equal(verdict('suspend', 'absent', null), 'refused vm.stopped, gone')
  assert.equal(verdict('stop', 'saved', null), 'refused vm.saved, gone')
})

test('a VM is paused while it is written or read: that says nothing until it lasts', () => {
  assert.equal(
    verdict('suspend', 'paused', null, 10 * lateStartMs),
    'wait',
    'a big one is still being written',
  )
  assert.equal(verdict('suspend', 'paused', 'refused', lateStartMs - 1), 'wait')
  assert.equal(verdict('suspend', 'paused', 'refused', lateStartMs), 'refused vm.paused_by_suspend, here')
  assert.equal(verdict('resume', 'paused', null, lateStartMs - 1), 'wait')
  assert.equal(verdict('resume', 'paused', 'done'), 'wait')
  assert.equal(verdict('resume', 'paused', 'done', settlePollMs), 'done, here', 'its owner paused it')
})

test('no operation waits for ever while the hypervisor answers, unless a job works on the VM', () => {
  for (const kind of kinds)
    for (const seen of presences)
      for (const answer of ['done', 'refused', null] as const) {
        const ends = verdict(kind, seen, answer, 10 * shutdownMs) !== 'wait'
        const works =
          seen === 'incoming' ||
          (seen === 'outgoing' && (kind === 'stop' || kind === 'suspend')) ||
          (kind === 'suspend' && seen === 'paused' && answer === null)
        assert.equal(ends, !works, `${kind}: ${seen}, ${answer}`)
      }
})
