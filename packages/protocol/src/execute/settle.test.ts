/** R1 and R2 as a table: what two hypervisors answer about one VM, and the only thing that may be done about it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judgeDestination, judgeSource, type Seen } from './settle.ts'

const all: readonly Seen[] = ['running', 'paused', 'outgoing', 'incoming', 'shut', 'absent', null]

test('the source resumes its paused copy only when the other end is positively rid of it (R1)', () => {
  for (const there of all) {
    const resumes = judgeSource('paused', there, 9).kind === 'resume-here'
    assert.equal(resumes, there === 'absent' || there === 'shut', String(there))
  }
})

test('the source hands over only what is positively not running here, and never while a job runs', () => {
  for (const here of all)
    for (const there of all)
      if (judgeSource(here, there, 9).kind === 'hand-over') {
        assert.ok(here === 'absent' || here === 'shut', `${here}`)
        assert.ok(there === 'paused' || there === null, `${there}`)
      }
  assert.equal(judgeSource('paused', 'paused', 0).kind, 'wait', 'not at the first look')
  assert.equal(judgeSource('paused', 'paused', 2).kind, 'give-up')
})

test('no answer is no answer: the source waits', () => {
  assert.equal(judgeSource(null, 'running', 9).kind, 'wait')
  assert.equal(judgeSource('paused', null, 9).kind, 'wait')
  assert.equal(judgeSource('absent', null, 0).kind, 'wait')
})

test('a VM that two hypervisors call running is reported, and nothing is touched', () => {
  assert.deepEqual(judgeSource('running', 'running', 9), { kind: 'wait', warning: 'vm.double' })
  assert.deepEqual(judgeDestination('running', 'running', true), { kind: 'wait', warning: 'vm.double' })
})

test('the destination lets its copy run only when the source is positively rid of it (R2)', () => {
  for (const here of all)
    for (const source of all)
      for (const expired of [false, true])
        if (judgeDestination(here, source, expired).kind === 'take-over') {
          assert.ok(source === 'absent' || source === 'shut', `source ${source}`)
          assert.ok(here === 'paused' || here === 'running', `here ${here}`)
        }
})

test('a promise is forgotten only when nothing is here to be lost, or the VM runs at its source', () => {
  for (const here of all)
    for (const source of all)
      for (const expired of [false, true])
        if (judgeDestination(here, source, expired).kind === 'forget')
          assert.ok(
            source === 'running' || ((here === 'absent' || here === 'shut') && expired),
            `${here} ${source}`,
          )
})

test('a VM that its owner stopped in the middle does not hold the hosts for ever', () => {
  assert.equal(judgeSource('absent', 'absent', 0).kind, 'wait', 'it may be between the two for a moment')
  assert.equal(judgeSource('absent', 'absent', 3).kind, 'gone')
  assert.equal(judgeSource('shut', 'absent', 3).kind, 'gone')
  assert.equal(judgeDestination('absent', 'absent', true).kind, 'forget')
})
