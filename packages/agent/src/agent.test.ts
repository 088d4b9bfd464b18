import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  decodeMessage,
  type Effect,
  encodeMessage,
  encodeSummary,
  type Input,
  type LoadSummary,
  type Message,
} from '@drover/protocol'
import { type AgentInternals, createAgent } from './agent.ts'
import type { AgentEvent, AgentInit } from './agent-port.ts'
import { createJournalStore } from './journal/memory.ts'
import { silentLog } from './log.ts'
import { inlineSolver } from './solve/inline.ts'
import { tinyProblem } from './solve/solve-within.ts'
import {
  fakeHypervisor,
  fakeTransport,
  type ScriptedPeer,
  scriptedPeer,
  settings,
  until,
  vmSample,
} from './testing/fakes.ts'
import { action, closed, decision, host, opened, partition, vmId } from './testing/fixtures.ts'

const message = (n: number): Message => ({
  kind: 'renew',
  incarnation: 1,
  partition: partition(n),
  epoch: n,
})
const send = (n: number): Effect => ({ kind: 'send', to: host('b'), message: message(n) })
const perform = (n: number): Effect => ({
  kind: 'perform',
  action: action(n),
  vm: vmId(`vm-${n}`),
  uri: 'fake://b',
  paused: true,
  bandwidthMiBps: 50,
})
const summary = (of: string): LoadSummary => ({
  host: host(of),
  name: of,
  location: '',
  incarnation: 1,
  sequence: 1,
  capacity: { cpuMilli: 1_000, memoryMiB: 1_000 },
  reserve: { cpuMilli: 0, memoryMiB: 0 },
  demand: { cpuMilli: 0, memoryMiB: 0 },
  committedIn: { cpuMilli: 0, memoryMiB: 0 },
  committedOut: { cpuMilli: 0, memoryMiB: 0 },
  vms: 0,
  overloaded: false,
  state: 'up',
  able: true,
  partition: null,
  failureDomain: null,
  cpuBaseline: 'x',
  mode: 'auto',
  version: '1',
  policyHash: 'h',
})

const world = (script: ScriptedPeer['script'] = {}, internals: AgentInternals = {}) => {
  const peer = scriptedPeer(script)
  const hypervisor = fakeHypervisor()
  const transport = fakeTransport()
  const store = createJournalStore()
  const events: AgentEvent[] = []
  const init: AgentInit = {
    settings: settings(),
    hypervisor,
    transport,
    journal: store.open(),
    solver: inlineSolver(),
    log: silentLog(),
  }
  const agent = createAgent(init, { createPeer: peer.create, journalProbeMs: [5, 20], ...internals })
  agent.events((event) => events.push(event))
  const heard = (kind: Input['kind']) => peer.heard.filter((input) => input.kind === kind)
  const sent = () => transport.sent.map(({ bytes }) => (decodeMessage(bytes) as { epoch: number }).epoch)
  return { peer, hypervisor, transport, store, events, agent, init, heard, sent }
}

/** Makes the core produce these effects now. */
const provoke = ({ peer, transport }: ReturnType<typeof world>, effects: readonly Effect[]): void => {
  peer.script = { ...peer.script, disconnected: () => effects }
  transport.handlers.disconnected(host('z'))
}

describe('the contract of the core', () => {
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
  test('a record that cannot be written stops what is behind it', async () => {
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

  // A migration takes minutes: meanwhile the agent hears, answers and begins other things.
  test('nothing that takes long is waited for', async () => {
    const w = world()
    await w.agent.start()
    provoke(w, [perform(1), perform(2), send(1)])
    assert.deepEqual(w.sent(), [1])
    assert.deepEqual(w.hypervisor.migrations[0]?.request, {
      vm: 'vm-1',
      to: 'fake://b',
      handOverPaused: true,
      bandwidthMiBps: 50,
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

  // The core asks its questions: a solver, this hypervisor, another one, and lets a paused VM run.
  test('questions come back as inputs', async () => {
    const w = world()
    await w.agent.start()
    const asks = (n: number, at: string | null): readonly Effect[] => [
      { kind: 'inspect', action: action(n), vm: vmId('v'), at },
      { kind: 'resume', action: action(n), vm: vmId('v'), at },
    ]
    provoke(w, [
      { kind: 'solve', partition: partition(1), round: 2, problem: tinyProblem(), budgetMs: 50 },
      ...asks(1, null),
      ...asks(2, 'fake://b'),
    ])
    await until('all have come', () => w.heard('resumed').length === 2 && w.heard('solved').length === 1)
    const solved = w.heard('solved')[0]
    assert.ok(solved?.kind === 'solved' && solved.answer.kind === 'plan')
    assert.deepEqual(solved.answer.moves, [{ vm: 'v', from: 'a', to: 'b' }])
    assert.equal(solved.round, 2)
    assert.deepEqual(w.heard('inspected'), [
      { kind: 'inspected', action: action(1), at: 'here', presence: 'running' },
      { kind: 'inspected', action: action(2), at: 'there', presence: 'running' },
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
  test('the last wake is the one that wakes', async () => {
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
})

describe('what an agent hears', () => {
  // Bytes from the network: whole messages go to the core, garbage is refused, and nobody speaks for another host.
  test('messages and summaries are decoded and checked', async () => {
    const w = world()
    await w.agent.start()
    const { handlers } = w.transport
    assert.equal(handlers.received(host('b'), encodeMessage(message(4))), true)
    assert.deepEqual(w.heard('received'), [{ kind: 'received', from: 'b', message: message(4) }])
    assert.equal(handlers.received(host('b'), new Uint8Array([1, 2, 3])), false)
    assert.equal(handlers.heard(host('b'), encodeSummary(summary('b'))), true)
    assert.equal(handlers.heard(host('b'), encodeSummary(summary('c'))), false)
    assert.equal(handlers.heard(host('b'), new Uint8Array()), false)
    assert.equal(w.heard('heard').length, 1)
    handlers.disconnected(host('b'))
    assert.deepEqual(w.heard('disconnected'), [{ kind: 'disconnected', host: 'b' }])
    for (let i = 0; i < 100; i += 1) handlers.stranger(`stranger-${i}`, 'no key')
    const warnings = w.events.filter((event) => event.kind === 'warning').length
    assert.ok(warnings > 2 && warnings <= 20, 'told, but at a bounded rate')
    await w.agent.stop()
  })
})

describe('the life of an agent', () => {
  // An assertion fails in the core. The agent stops itself; what it began goes on by itself, and no VM is touched.
  test('a failed assertion stops the agent, never a VM', async () => {
    const w = world({
      received: () => {
        throw new Error('a member has two leases')
      },
    })
    await w.agent.start()
    provoke(w, [perform(1)])
    const waiting = w.agent.command({ kind: 'plan' })
    waiting.catch(() => {})
    w.transport.handlers.received(host('b'), encodeMessage(message(1)))
    const fatal = w.events.find((event) => event.kind === 'fatal')
    assert.match(fatal?.kind === 'fatal' ? fatal.text : '', /received: a member has two leases/)
    await assert.rejects(waiting, { code: 'agent.stopped' })
    await until('it has stopped', () => w.transport.state === 'stopped' && w.hypervisor.closed)
    assert.deepEqual(w.hypervisor.asked, [])
    const before = w.peer.heard.length
    w.transport.handlers.disconnected(host('b'))
    w.hypervisor.migrations[0]?.end({ kind: 'done', transferredMiB: 1, downtimeMs: null })
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(w.peer.heard.length, before, 'the core is not asked again')
    await w.agent.stop()
    w.store.open().close()
  })

  // systemd stops the agent for an upgrade: it says goodbye, starts nothing, and aborts nothing.
  test('a stop says goodbye and moves no VM', async () => {
    const w = world({
      leaving: () => [{ kind: 'publish', summary: summary('a') }, perform(2)],
    })
    await w.agent.start()
    provoke(w, [perform(1)])
    await w.agent.stop()
    await w.agent.stop()
    assert.equal(w.transport.published.length, 1)
    assert.equal(w.transport.state, 'stopped')
    assert.deepEqual(
      w.hypervisor.migrations.map(({ request }) => request.vm),
      ['vm-1'],
    )
    assert.deepEqual(w.hypervisor.asked, [])
    const refused = w.heard('finished')[0]
    assert.ok(refused?.kind === 'finished' && refused.result.kind === 'refused')
    assert.equal(refused.result.code, 'agent.stopping')
    w.store.open().close()
    await assert.rejects(w.agent.command({ kind: 'plan' }), { code: 'agent.stopped' })
  })

  // kill -9, as the harness does it: nothing is said or written any more; a new agent takes over the journal.
  test('a kill leaves no word, and a restarted agent finds the journal', async () => {
    const w = world({ finished: () => [{ kind: 'persist', record: closed(1) }] })
    await w.agent.start()
    provoke(w, [
      { kind: 'persist', record: { kind: 'epoch', epoch: 3 } },
      { kind: 'persist', record: opened(1) },
      perform(1),
    ])
    w.agent.kill()
    assert.equal(w.transport.state, 'killed')
    w.hypervisor.migrations[0]?.end({ kind: 'done', transferredMiB: 1, downtimeMs: null })
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(w.store.records.length, 2)
    assert.equal(w.transport.published.length, 0)
    await w.agent.stop()
    assert.equal(w.transport.state, 'killed')

    const peer = scriptedPeer()
    const again = createAgent(
      { ...w.init, transport: fakeTransport(), hypervisor: fakeHypervisor(), journal: w.store.open() },
      { createPeer: peer.create },
    )
    assert.equal(peer.init?.restored.epoch, 3)
    assert.equal(peer.init?.restored.open.length, 1)
    assert.ok((peer.init?.incarnation ?? 0) > w.init.journal.incarnation)
    await again.start()
    await until('the jobs are told', () => peer.heard.some((input) => input.kind === 'jobs'))
    await again.stop()
  })

  // The port is taken: the start fails with the transport's words, and gives the journal back.
  test('a transport that cannot listen fails the start', async () => {
    const w = world()
    w.transport.failing = new Error('address in use')
    await assert.rejects(w.agent.start(), /address in use/)
    w.store.open().close()
    await w.agent.stop()
  })
})

describe('what operators get', () => {
  // `drover drain` on the local API: the core answers, or the agent says in bounded time that it does not.
  test('a command is answered by its reply, or times out', async () => {
    const w = world(
      {
        commanded: ({ request, command }) =>
          command.kind === 'drain'
            ? [{ kind: 'reply', request, reply: { kind: 'draining', leaving: [vmId('v')], blockers: [] } }]
            : [],
      },
      { commandTimeoutMs: 20 },
    )
    await w.agent.start()
    assert.deepEqual(await w.agent.command({ kind: 'drain' }), {
      kind: 'draining',
      leaving: ['v'],
      blockers: [],
    })
    await assert.rejects(w.agent.command({ kind: 'plan' }), { code: 'agent.timeout' })
    const many = Array.from({ length: 70 }, () => w.agent.command({ kind: 'plan' }).catch((e) => e.code))
    const codes = await Promise.all(many)
    assert.equal(codes.filter((code) => code === 'agent.busy').length, 6)
    await w.agent.stop()
  })

  // Decisions and warnings reach listeners and history; a listener that fails harms nobody.
  test('decisions are told and kept', async () => {
    const w = world()
    w.agent.events(() => {
      throw new Error('a bad listener')
    })
    await w.agent.start()
    provoke(w, [
      { kind: 'report', decision: decision(1) },
      { kind: 'warn', code: 'vm.waits', text: 'paused for a minute', vm: vmId('v') },
    ])
    assert.deepEqual(
      w.agent.history({ vm: 'web1' }).map((one) => one.decision),
      [decision(1)],
    )
    assert.deepEqual(
      w.events.filter((event) => event.kind === 'decision' || event.kind === 'warning'),
      [
        { kind: 'decision', decision: decision(1) },
        { kind: 'warning', code: 'vm.waits', text: 'paused for a minute', vm: 'v' },
      ],
    )
    await w.agent.stop()
  })

  // What the core is told of its host, and what `status` shows.
  test('the host is described and observed from the start', async () => {
    const w = world()
    w.hypervisor.vms = [vmSample('v')]
    await w.agent.start()
    await until('it was observed', () => w.heard('jobs').length > 0)
    assert.deepEqual(
      w.peer.heard.slice(0, 5).map((input) => input.kind),
      ['tick', 'hypervisor', 'described', 'observed', 'jobs'],
    )
    const status = w.agent.status()
    assert.equal(status.hypervisor.connected, true)
    assert.equal(status.hypervisor.version, 'fake 1')
    assert.equal(status.peersConnected, 1)
    assert.equal(status.incarnation, w.init.journal.incarnation)
    assert.equal(w.peer.init?.policyHash.length, 12)
    await w.agent.stop()
  })
})
