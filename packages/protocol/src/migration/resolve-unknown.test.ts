/** R1 and R2 as a table: what two hypervisors answer about one VM in one round, and the only thing that may be done about it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from '../data/config.ts'
import type { Seen } from './question-rounds.ts'
import { judgeDestination, judgeSource } from './resolve-unknown.ts'

const all: readonly Seen[] = ['running', 'paused', 'held', 'outgoing', 'incoming', 'shut', 'absent', null]
const long: number = limits.lateStartMs
const source = (here: Seen, there: Seen, stable: number, steadyMs = long) =>
  judgeSource({ here, there, stable, byAgent: true, steadyMs })
const destination = (here: Seen, there: Seen, expired: boolean, stable = 9, byAgent = true) =>
  judgeDestination({ here, there, stable, byAgent, steadyMs: long }, expired)

test('the source resumes its paused copy only when the other hypervisor says that it has none (R1)', () => {
  for (const there of all) {
    const resumes = source('paused', there, 9).kind === 'resume-here'
    assert.equal(resumes, there === 'absent' || there === 'shut', String(there))
  }
  assert.equal(source('paused', 'absent', 0).kind, 'wait', 'a copy could have come after the first "absent"')
})

test('a VM that runs at its source has stayed only when no request can lie unread any more', () => {
  for (const there of all.filter((one) => one !== 'running')) {
    assert.equal(source('running', there, 9, 0).kind, 'wait', `${there}`)
    assert.equal(source('running', there, 30, long - 1).kind, 'wait', `${there}`)
    assert.equal(
      source('running', there, 0).kind,
      'stayed',
      `${there}: a silent destination holds no host for ever`,
    )
  }
})

test('the source hands over only a VM that certainly does not run here, and never while a job runs', () => {
  for (const here of all)
    for (const there of all)
      if (source(here, there, 9).kind === 'hand-over') {
        assert.ok(here === 'absent' || here === 'shut', `${here}`)
        assert.ok(there === 'paused' || there === null, `${there}`)
      }
  assert.equal(source('paused', 'paused', 0).kind, 'wait', 'not at the first look')
  assert.equal(source('paused', 'paused', 2).kind, 'give-up')
})

test('a VM that its owner has paused is never let run: at its source it has stayed, at its destination it has arrived', () => {
  for (const there of all) assert.notEqual(source('held', there, 9).kind, 'resume-here', `${there}`)
  assert.equal(source('held', 'absent', 9, long - 1).kind, 'wait', 'a busy daemon may still move it')
  assert.equal(source('held', 'absent', 0).kind, 'stayed')
  assert.deepEqual(source('absent', 'held', 0), { kind: 'arrived', staleCopy: false })
  assert.deepEqual(source('paused', 'held', 0), { kind: 'arrived', staleCopy: true })
})

test('without an answer the source waits', () => {
  assert.equal(source(null, 'running', 9).kind, 'wait')
  assert.equal(source('paused', null, 9).kind, 'wait')
  assert.equal(source('absent', null, 0).kind, 'wait')
})

test('a VM that two hypervisors call running is reported, and no copy is touched', () => {
  assert.deepEqual(source('running', 'running', 9), { kind: 'wait', warning: 'vm.double' })
  assert.deepEqual(destination('running', 'running', true), { kind: 'wait', warning: 'vm.double' })
})

test('the destination resumes its copy only when the source certainly has none (R2)', () => {
  for (const here of all)
    for (const there of all)
      for (const expired of [false, true])
        if (destination(here, there, expired).kind === 'take-over') {
          assert.ok(there === 'absent' || there === 'shut', `source ${there}`)
          assert.ok(here === 'paused' || here === 'held' || here === 'running', `here ${here}`)
        }
})

test('a promise ends only when no copy is here, or the VM runs at its source', () => {
  for (const here of all)
    for (const there of all)
      for (const expired of [false, true])
        if (destination(here, there, expired).kind === 'forget')
          assert.ok(
            there === 'running' || ((here === 'absent' || here === 'shut') && expired),
            `${here} ${there}`,
          )
})

test('one silent round does not end a promise, nor does one answer that the VM still runs at its source', () => {
  assert.equal(destination('absent', null, true, 0).kind, 'wait')
  assert.equal(destination('absent', null, true, 1).kind, 'forget')
  assert.equal(destination('paused', 'running', false, 0).kind, 'wait', 'it may have left since')
  assert.equal(destination('paused', 'running', false, 1).kind, 'forget')
  for (const there of ['outgoing', 'incoming'] as const)
    assert.equal(destination('absent', there, true).kind, 'wait', 'it is on its way')
})

test('a VM that its owner stopped in the middle does not hold the hosts for ever', () => {
  assert.equal(source('absent', 'absent', 0).kind, 'wait', 'it may be between the two for a moment')
  assert.equal(source('absent', 'absent', 3).kind, 'gone')
  assert.equal(source('shut', 'absent', 3).kind, 'gone')
  assert.equal(destination('absent', 'absent', true).kind, 'forget')
})

test('a VM that its destination moves on already is not lost', () => {
  assert.deepEqual(source('absent', 'outgoing', 9), { kind: 'arrived', staleCopy: false })
})

test('with both copies paused the destination waits for its source to decide, unless its agent knows nothing of it', () => {
  const forgets = (source: Seen, expired = true, stable: number = limits.givenUpRounds, byAgent = true) =>
    destination('paused', source, expired, stable, byAgent).kind === 'forget'
  assert.deepEqual([forgets('paused'), forgets('held')], [true, true])
  assert.equal(forgets('paused', false), false, 'its migration may still begin')
  assert.equal(
    forgets('paused', true, limits.givenUpRounds - 1),
    false,
    'it may be about to give its copy up',
  )
  assert.equal(forgets('paused', true, 1_000, false), false, 'its agent is silent, and may have a record')
  assert.equal(destination('running', 'paused', true, 1_000).kind, 'wait')
})
