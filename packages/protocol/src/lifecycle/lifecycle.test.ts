/** One start, stop, suspend or resume, step by step: what is durable when, when the VM counts, and what is never done twice. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nothing } from '../../../placement/src/problem/resources.ts'
import { createClosedActions } from '../actions/closed-actions.ts'
import { createUnreadResumes } from '../actions/unread-resumes.ts'
import { limits, policyOf } from '../data/config.ts'
import { type ActionId, actionIdOf, asHostId, asVmId, partitionIdOf } from '../data/ids.ts'
import type { Effect, LifecycleKind, ObservedVm, OpenLifecycle } from '../data/io.ts'
import type { Lease } from '../data/lease.ts'
import type { Assign, Begin, Presence, Withdraw } from '../data/message.ts'
import type { ReasonCode } from '../data/reasons.ts'
import { createHost, demandOf } from '../snapshot/host.ts'
import { observe } from '../snapshot/observe.ts'
import { createStepContext } from '../step-context.ts'
import { ordinaryHost, ordinaryVm } from '../testing/observed-vm.ts'
import { createLifecycle } from './lifecycle.ts'
import type { LifecycleStep } from './may-operate.ts'

const [self, leader] = [asHostId('self'), asHostId('leader')]
const partition = partitionIdOf(leader, 1, 1)
const web = asVmId('web')
const running: ObservedVm = {
  ...ordinaryVm,
  vm: web,
  name: 'web-1',
}

const inWords = (effect: Effect): readonly string[] => {
  switch (effect.kind) {
    case 'inspect':
      return ['look']
    case 'persist':
      return [`persist ${effect.record.kind}`]
    case 'perform':
      return [`perform ${effect.operation.kind}`]
    case 'send': {
      if (effect.message.kind !== 'ended') return [`send ${effect.message.kind}`]
      const { result } = effect.message
      return [`ended ${result.kind === 'done' ? 'done' : `${result.kind} ${result.code}`} to ${effect.to}`]
    }
    case 'warn':
      return [`warn ${effect.code}`]
    default:
      return []
  }
}

/** A host on which the VM runs, or for a start and a resume does not; nothing has begun. */
const setUp = (kind: LifecycleKind) => {
  const context = createStepContext(self, 1, 1, policyOf('balanced'))
  const ends = kind === 'stop' || kind === 'suspend'
  const host = createHost([], false, new Set([web]))
  host.connected = true
  host.description = {
    ...ordinaryHost,
    capacity: { cpuMilli: 1_000, memoryMiB: 1_024 },
    reserve: nothing,
  }
  observe(host, 0, ends ? [running] : [], new Set())
  const said: { trouble: ReasonCode | null; moves: boolean } = { trouble: null, moves: false }
  const closed = createClosedActions([])
  const lifecycle = createLifecycle(context, host, closed, createUnreadResumes(context, host.resumesUnread), {
    trouble: () => said.trouble,
    started: () => {},
    moves: () => said.moves,
    coming: () => lifecycle.promises(),
  })
  const action = actionIdOf(partition, 0)
  const step = {
    kind,
    id: action,
    vm: web,
    after: [],
    ...(ends ? { from: self } : { to: self }),
  } as LifecycleStep
  const problem = {
    dimensions: ['cpuMilli', 'memoryMiB'],
    vms: [{ id: web, state: 'ready', demand: [400, 256] }],
  }
  const assign = { problem, plan: { actions: [step], makespanMs: 0 }, epochs: {} } as unknown as Assign
  const lease = {
    assigned: { assign, unsound: null },
    incarnations: new Map([[web, 'boot-1']]),
  } as unknown as Lease
  const message: Begin = { kind: 'begin', incarnation: 1, partition, epoch: 3, action }
  const begin = (id: ActionId = action) => {
    const named = { ...step, id }
    return lifecycle.begin(leader, { ...message, action: id }, { action: named, lease, assign }, named)
  }

  let round = 0
  let opened: OpenLifecycle | null = null
  /** Effects since the last look, in words. */
  const happened = (): readonly string[] => {
    const effects = context.takeEffects()
    for (const effect of effects) {
      if (effect.kind === 'inspect') round = effect.round
      if (effect.kind === 'persist' && effect.record.kind === 'opened')
        opened = effect.record.open as OpenLifecycle
    }
    return effects.flatMap(inWords)
  }
  /** The hypervisor answers the question that was asked last. */
  const see = (presence: Presence | null): readonly string[] => {
    lifecycle.learnt({ kind: 'inspected', action, round, at: 'here', presence })
    return happened()
  }
  const finish = (kind: 'done' | 'refused' | 'unknown'): readonly string[] => {
    const result = kind === 'done' ? { kind } : { kind, code: 'hypervisor.timeout' }
    lifecycle.learnt({ kind: 'finished', action, result })
    return happened()
  }
  const later = (ms: number): readonly string[] => {
    context.setTime(context.now() + ms)
    lifecycle.tick()
    return happened()
  }
  const before: Presence = kind === 'start' ? 'shut' : kind === 'resume' ? 'saved' : 'running'
  const after: Presence = kind === 'stop' ? 'shut' : kind === 'suspend' ? 'saved' : 'running'
  return {
    ...{ lifecycle, host, said, closed, action, begin, happened, see, finish, later, before, after },
    opened: () => opened!,
  }
}

/** Its call runs. */
const performing = (kind: LifecycleKind) => {
  const story = setUp(kind)
  assert.equal(story.begin(), null)
  assert.deepEqual(story.happened(), ['look'])
  assert.deepEqual(story.see(story.before), ['persist opened', `perform ${kind}`])
  return story
}

const kinds = ['start', 'stop', 'suspend', 'resume'] as const

test('look, write down, perform, look, close: and the leader hears of it', () => {
  for (const kind of kinds) {
    const { lifecycle, finish, see, after, closed, action } = performing(kind)
    assert.ok(lifecycle.busy(), 'the host is held (S5)')
    assert.deepEqual(finish('done'), ['look'])
    assert.deepEqual(see(after), ['persist closed', `ended done to ${leader}`])
    assert.ok(!lifecycle.busy())
    assert.deepEqual(closed.resultOf('lifecycle', action), { kind: 'done' })
  }
})

test('a VM that is started anew while the hypervisor is asked where it is, is not the one that was to end (S10)', () => {
  for (const kind of ['stop', 'suspend'] as const) {
    const { host, begin, happened, see } = setUp(kind)
    assert.equal(begin(), null)
    assert.deepEqual(happened(), ['look'])
    observe(host, 1, [{ ...running, incarnation: 'boot-2' }], new Set())
    assert.deepEqual(see('running'), [`ended refused vm.restarted to ${leader}`])
  }
})

test('a VM that starts counts from before it begins until it is seen, and then as used (S9)', () => {
  for (const kind of ['start', 'resume'] as const) {
    const { lifecycle, host, finish, see } = performing(kind)
    assert.deepEqual(
      lifecycle.promises().map((one) => one.demand),
      [{ cpuMilli: 400, memoryMiB: 256 }],
    )
    assert.equal(demandOf(host).cpuMilli, 0)
    finish('done')
    see('running')
    assert.equal(lifecycle.promises().length, 0)
    assert.equal(demandOf(host).cpuMilli, 400)
  }
})

test('a VM that is stopped counts until the hypervisor says that it is gone', () => {
  for (const kind of ['stop', 'suspend'] as const) {
    const { lifecycle, host, finish, see, after } = performing(kind)
    assert.deepEqual(
      lifecycle.leaving().map((one) => one.vm),
      [web],
    )
    finish('done')
    assert.equal(demandOf(host).cpuMilli, 400)
    see(after)
    assert.equal(demandOf(host).cpuMilli, 0)
    assert.equal(lifecycle.leaving().length, 0)
  }
})

test("an operation that the hypervisor refused, and that changed nothing, is refused with the hypervisor's words", () => {
  for (const kind of kinds) {
    const { host, finish, see, before } = performing(kind)
    const demand = demandOf(host)
    finish('refused')
    assert.deepEqual(see(before), ['persist closed', `ended refused hypervisor.timeout to ${leader}`])
    assert.deepEqual(demandOf(host), demand)
  }
})

test('a call without an answer is resolved by looking every second, and is never made again (S12)', () => {
  for (const kind of kinds) {
    const { finish, see, later, before, after } = performing(kind)
    assert.deepEqual(finish('unknown'), ['look'])
    for (let i = 0; i < 10; i++) {
      assert.deepEqual(see(before), [], 'as it was: the call may lie unread')
      assert.deepEqual(later(limits.settlePollMs), ['look'])
    }
    assert.deepEqual(see(after), ['persist closed', `ended done to ${leader}`])
  }
})

test('a hypervisor that does not answer is asked again, and its silence is no answer', () => {
  const { finish, see, later } = performing('suspend')
  finish('unknown')
  assert.deepEqual(see('running'), [])
  for (let i = 0; i < 10; i++) {
    assert.deepEqual(later(limits.settlePollMs), ['look'])
    assert.deepEqual(see(null), [])
  }
  later(limits.settlePollMs)
  assert.deepEqual(see('running'), [], 'it has not been seen to run all the time')
  for (let ms = 0; ms < limits.lateStartMs - limits.settlePollMs; ms += limits.settlePollMs) {
    later(limits.settlePollMs)
    assert.deepEqual(see('running'), [])
  }
  later(limits.settlePollMs)
  assert.deepEqual(see('running'), ['persist closed', `ended refused hypervisor.timeout to ${leader}`])
})

test('after kill -9 it is taken up where the journal has it: looked at, and not performed', () => {
  for (const kind of kinds) {
    const died = performing(kind)
    for (const presence of [died.before, died.after]) {
      const { lifecycle, later, see, begin } = setUp(kind)
      lifecycle.restore([died.opened()])
      assert.ok(lifecycle.busy())
      assert.equal(begin(actionIdOf(partition, 1))?.code, 'vm.job_active')
      assert.deepEqual(later(0), ['look'])
      const said = see(presence)
      if (presence === died.after) assert.deepEqual(said, ['persist closed', `ended done to ${leader}`])
      else assert.deepEqual(said, [])
    }
  }
})
test('before it begins it may be withdrawn, braked or left; nothing was written, and nothing is done', () => {
  for (const kind of kinds) {
    const started = () => {
      const story = setUp(kind)
      story.begin()
      story.happened()
      return story
    }
    const withdraw: Withdraw = {
      kind: 'withdraw',
      incarnation: 1,
      partition,
      epoch: 3,
      action: 'x/0' as ActionId,
      vm: web,
    }
    const withdrawn = started()
    withdrawn.lifecycle.withdraw(asHostId('stranger'), { ...withdraw, action: withdrawn.action })
    assert.ok(withdrawn.lifecycle.busy(), 'no other host may')
    withdrawn.lifecycle.withdraw(leader, { ...withdraw, action: withdrawn.action })
    assert.deepEqual(withdrawn.happened(), [`ended refused operator.called_off to ${leader}`])
    assert.deepEqual(withdrawn.see(withdrawn.before), [], 'an answer that comes too late')

    const braked = started()
    braked.said.trouble = 'mode.observe'
    assert.deepEqual(braked.see(braked.before), [`ended refused mode.observe to ${leader}`])

    const left = started()
    left.lifecycle.leave()
    assert.deepEqual(left.happened(), [`ended refused host.leaving to ${leader}`])

    const silent = started()
    assert.deepEqual(silent.see(null), [`ended refused hypervisor.unreachable to ${leader}`])
    const slow = started()
    assert.deepEqual(slow.later(limits.settleRoundMsMax), [`ended refused hypervisor.timeout to ${leader}`])
    const wrong = started()
    assert.deepEqual(wrong.see('absent'), [`ended refused vm.absent to ${leader}`])
    assert.ok(!wrong.lifecycle.busy())
  }
})

test('an operation that has begun cannot be withdrawn, and an agent that leaves leaves it to its journal', () => {
  const { lifecycle, action, happened } = performing('suspend')
  lifecycle.withdraw(leader, { kind: 'withdraw', incarnation: 1, partition, epoch: 3, action, vm: web })
  lifecycle.leave()
  assert.deepEqual(happened(), [])
  assert.ok(lifecycle.busy())
})

test('one VM has one action at a time (S8), and a host with a trouble begins none', () => {
  const story = performing('suspend')
  assert.equal(story.begin(actionIdOf(partition, 1))?.code, 'vm.job_active')
  const moving = setUp('stop')
  moving.said.moves = true
  assert.equal(moving.begin()?.code, 'vm.job_active')
  const troubled = setUp('stop')
  troubled.said.trouble = 'journal.full'
  assert.equal(troubled.begin()?.code, 'journal.full')
  assert.deepEqual(troubled.happened(), [])
})

test('an answer to an earlier question says nothing about now', () => {
  const { lifecycle, action, finish, later, happened } = performing('stop')
  finish('done')
  const stale = lifecycle.view(0).operations[0]
  assert.equal(stale?.phase, 'settling')
  later(limits.settleRoundMsMax)
  lifecycle.learnt({ kind: 'inspected', action, round: 1, at: 'here', presence: 'shut' })
  assert.deepEqual(happened(), [])
  assert.ok(lifecycle.busy())
})

test('a guest that does not listen keeps its VM: after two minutes its leader hears of it', () => {
  const { host, finish, see, later } = performing('stop')
  finish('done')
  for (let ms = 0; ms < limits.shutdownMs; ms += limits.settlePollMs) {
    assert.deepEqual(see('running'), [])
    assert.deepEqual(later(limits.settlePollMs), ['look'])
  }
  assert.deepEqual(see('running'), ['persist closed', `ended refused vm.shutdown_ignored to ${leader}`])
  assert.equal(demandOf(host).cpuMilli, 400)
})

test('operators are told of a call that does not return, and of an end that is not seen', () => {
  const lasting = performing('suspend')
  assert.deepEqual(lasting.later(limits.operationSlowMs), ['warn operation.slow'])
  const { finish, see, later } = performing('suspend')
  finish('unknown')
  see('paused')
  later(limits.operationSlowMs)
  assert.deepEqual(see('paused'), ['warn operation.slow'])
})

test('a suspend that failed and left the VM paused is reported: an operator decides', () => {
  const { host, finish, see, later } = performing('suspend')
  finish('refused')
  see('paused')
  later(limits.lateStartMs)
  assert.deepEqual(see('paused'), [
    'warn vm.paused_by_suspend',
    'persist closed',
    `ended refused vm.paused_by_suspend to ${leader}`,
  ])
  assert.ok(host.vms.has(web))
})
