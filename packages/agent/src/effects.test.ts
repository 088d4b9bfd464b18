/** The contract of the core's effects: what is done, in which order, and what is not done when the disk is full. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeMessage, type Effect, lateAdmission, type PeerUri } from '@drover/protocol'
import { HypervisorError } from './hypervisor/hypervisor-port.ts'
import { tinyProblem } from './solve/solve-within.ts'
import { until } from './testing/fakes.ts'
import { action, closed, opened, partition, vmId } from './testing/fixtures.ts'
import { message, perform, provoke, send, summary, world } from './testing/world.ts'

// A member grants a lease: the epoch must be on disk before the grant leaves, and everything keeps its order.
test('effects are carried out in their order', async () => {
  const w = world()
  await w.agent.start()
  const order: string[] = []
  const { transport, hypervisor } = w
  transport.send = (_to, bytes) =>
    void order.push(
      `send ${(decodeMessage(bytes) as { epoch: number }).epoch} after ${w.store.records.length}`,
    )
  hypervisor.migrate = async (request) => {
    order.push(`migrate ${request.vm} after ${w.store.records.length}`)
    return { kind: 'done', transferredMiB: 1, downtimeMs: null }
  }
  provoke(w, [
    send(1),
    { kind: 'persist', record: { kind: 'epoch', epoch: 1 } },
    send(2),
    { kind: 'persist', record: opened(3) },
    perform(3),
    send(4),
  ])
  assert.deepEqual(order, ['send 1 after 0', 'send 2 after 1', 'migrate vm-3 after 2', 'send 4 after 2'])
  await w.agent.stop()
})

// The disk fills up in the middle of a grant: nothing that relies on the record leaves the host; running things go on;
// when there is space again the journal gets all that it missed.
test('a record that cannot be written stops the effects that rely on it', async () => {
  const w = world()
  await w.agent.start()
  w.store.full = true
  provoke(w, [
    send(1),
    { kind: 'persist', record: { kind: 'epoch', epoch: 9 } },
    send(2),
    perform(3),
    { kind: 'publish', summary: summary('a') },
    { kind: 'persist', record: closed(1) },
  ])
  assert.deepEqual(w.sent(), [1])
  assert.equal(w.hypervisor.migrations.length, 0)
  assert.equal(w.transport.published.length, 1, 'a load summary promises nothing')
  assert.deepEqual(w.heard('journal'), [{ kind: 'journal', healthy: false }])
  const refused = w.heard('finished')[0]
  assert.ok(refused?.kind === 'finished' && refused.result.kind === 'refused')
  assert.equal(refused.result.code, 'journal.full')
  assert.equal(w.agent.status().journal.healthy, false)

  provoke(w, [{ kind: 'persist', record: closed(2) }, send(5)])
  assert.deepEqual(w.sent(), [1])
  provoke(w, [send(6)])
  assert.deepEqual(w.sent(), [1, 6], 'a step that writes nothing goes on')

  w.store.full = false
  await until('the journal is healthy', () => w.agent.status().journal.healthy)
  assert.deepEqual(w.heard('journal').at(-1), { kind: 'journal', healthy: true })
  assert.deepEqual(w.store.records, [{ kind: 'epoch', epoch: 9 }, closed(1), closed(2)])
  provoke(w, [{ kind: 'persist', record: closed(3) }, send(7)])
  assert.deepEqual(w.sent(), [1, 6, 7])
  await w.agent.stop()
})

// A field that CBOR cannot write: that message is lost, as many are; the agent and what comes behind it go on.
test('a message that cannot be written is dropped, and said', async () => {
  const w = world()
  await w.agent.start()
  const odd = { ...send(1), message: { ...message(1), epoch: Object } } as unknown as Effect
  provoke(w, [odd, send(2), { kind: 'publish', summary: { ...summary('a'), vms: Object as never } }, send(3)])
  assert.deepEqual(w.sent(), [2, 3])
  const warned = w.events.flatMap((event) => (event.kind === 'warning' ? [event.code] : []))
  assert.deepEqual(warned, ['wire.unwritable', 'wire.unwritable'])
  provoke(w, [send(4)])
  assert.deepEqual(w.sent(), [2, 3, 4])
  await w.agent.stop()
})

// The disk took half a minute for the record, or the process stood still: the destination has forgotten its promise.
test('a migration is not handed to the hypervisor once its admission is too old', async () => {
  let now = 1_000
  const w = world({}, { clock: { now: () => now, after: () => () => {} } })
  await w.agent.start()
  provoke(w, [perform(1, 1_500)])
  now = 1_500
  provoke(w, [perform(2, 1_500)])
  assert.deepEqual(
    w.hypervisor.migrations.map(({ request }) => request.vm),
    ['vm-1'],
  )
  assert.deepEqual(w.heard('finished'), [
    { kind: 'finished', action: action(2), result: { kind: 'refused', ...lateAdmission } },
  ])
  w.agent.kill()
})

// A migration takes minutes: meanwhile the agent hears, answers and begins other things.
test('an agent does not wait for migrations: it hears, answers and begins other things', async () => {
  const w = world()
  await w.agent.start()
  provoke(w, [perform(1), perform(2), send(1)])
  assert.deepEqual(w.sent(), [1])
  assert.deepEqual(w.hypervisor.migrations[0]?.request, {
    vm: 'vm-1',
    to: 'fake://b',
    handOverPaused: true,
    bandwidthMiBps: 50,
    autoConverge: true,
  })
  const [one, two] = w.hypervisor.migrations
  two?.progress({
    transferredMiB: 10,
    remainingMiB: 90,
    totalMiB: 100,
    dirtyMiBps: null,
    elapsedMs: 5,
  })
  two?.end({ kind: 'unknown', code: 'hypervisor.timeout', detail: 'silence' })
  one?.end({ kind: 'done', transferredMiB: 100, downtimeMs: 12 })
  await until('both have ended', () => w.heard('finished').length === 2)
  assert.deepEqual(w.heard('finished'), [
    {
      kind: 'finished',
      action: action(2),
      result: { kind: 'unknown', code: 'hypervisor.timeout', detail: 'silence' },
    },
    { kind: 'finished', action: action(1), result: { kind: 'done' } },
  ])
  const kinds = w.events.map((event) => event.kind).filter((kind) => kind !== 'sampled')
  assert.deepEqual(kinds, ['moving', 'moving', 'progress', 'moved', 'moved'])
  await w.agent.stop()
})

// A VM is saved to storage and brought back, another one is started and stopped. What the hypervisor answers comes back
// as that; whether it is so is the core's question.
test('starts, stops, suspends and resumes end as the hypervisor answers', async () => {
  const w = world()
  await w.agent.start()
  const kinds = ['start', 'stop', 'suspend', 'resume'] as const
  const all = kinds.map((kind, n): Effect => {
    return { kind: 'perform', action: action(n), operation: { kind, vm: vmId('v') } }
  })
  const results = (from: number) =>
    w
      .heard('finished')
      .slice(from)
      .map((input) => (input.kind === 'finished' ? [input.action, input.result] : null))
  provoke(w, all)
  await until('all have ended', () => results(0).length === 4)
  assert.deepEqual(w.hypervisor.asked, ['start v', 'shutdown v', 'save v', 'restore v'])
  assert.deepEqual(
    results(0),
    kinds.map((_, n) => [action(n), { kind: 'done' }]),
  )

  const answers: readonly [Error, string, string][] = [
    [new HypervisorError('hypervisor.refused', 'no space left'), 'refused', 'hypervisor.refused'],
    [new HypervisorError('vm.absent', 'no such VM'), 'refused', 'vm.absent'],
    [new HypervisorError('hypervisor.timeout', 'silence'), 'unknown', 'hypervisor.timeout'],
    [new HypervisorError('hypervisor.unreachable', 'broken pipe'), 'unknown', 'hypervisor.unreachable'],
    [new Error('a fault of the driver'), 'unknown', 'hypervisor.failed'],
  ]
  for (const [n, [error, kind, code]] of answers.entries()) {
    w.hypervisor.failing = error
    provoke(w, all.slice(2, 3))
    await until('it has ended', () => results(4).length === n + 1)
    assert.deepEqual(results(4 + n), [[action(2), { kind, code, detail: error.message }]])
  }
  w.store.full = true
  provoke(w, [{ kind: 'persist', record: opened(0) }, ...all.slice(0, 1)])
  assert.equal(w.hypervisor.asked.length, 9, 'nothing is begun that could not be written down')
  const refused = w.heard('finished').at(-1)
  assert.ok(refused?.kind === 'finished' && refused.result.kind === 'refused')
  assert.equal(refused.result.code, 'journal.full')
  await w.agent.stop()
})

// The process stood still between the word to let a VM run at another host and the call: the VM may have left that host again.
test('a request to let a VM run that would come too late is not made', async () => {
  const w = world()
  await w.agent.start()
  const resume = (notAfter: number): Effect => ({
    kind: 'resume',
    action: action(1),
    vm: vmId('v'),
    at: 'fake://b' as PeerUri,
    notAfter,
  })
  provoke(w, [resume(0), resume(Number.MAX_SAFE_INTEGER)])
  await until('both have come', () => w.heard('resumed').length === 2)
  assert.deepEqual(
    w.heard('resumed').map((input) => input.kind === 'resumed' && input.ok),
    [false, true],
  )
  assert.deepEqual(w.hypervisor.asked, ['resume v fake://b'])
  await w.agent.stop()
})

// The core asks its questions: a solver, this hypervisor, another one, and lets a paused VM run.
test('questions come back as inputs', async () => {
  const w = world()
  await w.agent.start()
  const asks = (n: number, at: string | null): readonly Effect[] => [
    { kind: 'inspect', action: action(n), round: n, vm: vmId('v'), at: at as PeerUri | null },
    { kind: 'resume', action: action(n), vm: vmId('v'), at: at as PeerUri | null, notAfter: null },
  ]
  provoke(w, [
    { kind: 'solve', partition: partition(1), round: 2, problem: tinyProblem(), budgetMs: 50 },
    ...asks(1, null),
    ...asks(2, 'fake://b'),
  ])
  await until('all have come', () => w.heard('resumed').length === 2 && w.heard('solved').length === 1)
  const solved = w.heard('solved')[0]
  assert.ok(solved?.kind === 'solved' && solved.solution.plan !== null)
  assert.deepEqual(solved.solution.answer.moves, [{ vm: 'v', from: 'a', to: 'b' }])
  assert.deepEqual(solved.solution.plan.actions, [
    { kind: 'migrate', id: `${partition(1)}/0`, vm: 'v', from: 'a', to: 'b', after: [] },
  ])
  assert.equal(solved.round, 2)
  assert.deepEqual(w.heard('inspected'), [
    { kind: 'inspected', action: action(1), round: 1, at: 'here', presence: 'running' },
    { kind: 'inspected', action: action(2), round: 2, at: 'there', presence: 'running' },
  ])
  assert.deepEqual(w.heard('resumed')[1], {
    kind: 'resumed',
    action: action(2),
    at: 'there',
    ok: true,
    detail: '',
  })
  assert.deepEqual(w.hypervisor.asked.slice().sort(), [
    'locate v fake://b',
    'locate v here',
    'resume v fake://b',
    'resume v here',
  ])
  w.hypervisor.failing = new Error('no route')
  provoke(w, asks(3, 'fake://b'))
  await until('the failures have come', () => w.heard('resumed').length === 3)
  assert.deepEqual(w.heard('inspected').at(-1), {
    kind: 'inspected',
    action: action(3),
    round: 3,
    at: 'there',
    presence: null,
  })
  assert.deepEqual(w.heard('resumed').at(-1), {
    kind: 'resumed',
    action: action(3),
    at: 'there',
    ok: false,
    detail: 'no route',
  })
  await w.agent.stop()
})

// Time comes in as ticks, and only the last wish counts.
test('of several wakes of one step the last one counts', async () => {
  let ticks = 0
  const w = world({
    tick: () => {
      ticks += 1
      const now = Math.floor(performance.timeOrigin + performance.now())
      return ticks === 1
        ? [
            { kind: 'wake', at: now + 1 },
            { kind: 'wake', at: now + 60_000 },
          ]
        : []
    },
  })
  await w.agent.start()
  await new Promise((resolve) => setTimeout(resolve, 15))
  assert.equal(ticks, 1)
  provoke(w, [{ kind: 'wake', at: 0 }])
  await until('it is woken', () => ticks === 2)
  await w.agent.stop()
})
