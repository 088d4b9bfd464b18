/** The life of one agent with a scripted core: what it hears, how it starts, stops, fails and is killed, what it tells. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { encodeMessage, encodeSummary, type Reply } from '@drover/protocol'
import { createAgent } from './agent.ts'
import { fakeHypervisor, fakeTransport, scriptedPeer, until, vmSample } from './testing/fakes.ts'
import { closed, decision, host, opened, vmId } from './testing/fixtures.ts'
import { message, perform, provoke, send, summary, world } from './testing/world.ts'

describe('what an agent hears', () => {
  // Bytes from the network: whole messages go to the core, garbage is refused, and no host speaks for another.
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

describe('the stop of an agent', () => {
  // systemd stops the agent for an upgrade: it says goodbye, and ends when its core says so, not before.
  test('a stopped agent tells the other hosts, and waits until its core has nothing left to do', async () => {
    const w = world({
      leaving: () => [{ kind: 'publish', summary: summary('a') }],
      finished: () => [send(1), { kind: 'leave' }],
    })
    await w.agent.start()
    provoke(w, [perform(1)])
    let ended = false
    const stopped = w.agent.stop().then(() => {
      ended = true
    })
    const again = w.agent.stop()
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(ended, false, 'its migration still runs')
    assert.equal(w.transport.published.length, 1)
    assert.equal(w.transport.state, 'started')
    w.hypervisor.migrations[0]?.end({ kind: 'done', transferredMiB: 1, downtimeMs: null })
    await Promise.all([stopped, again])
    assert.deepEqual(w.sent(), [1], 'the last word was sent')
    assert.equal(w.transport.state, 'stopped')
    assert.deepEqual(w.hypervisor.asked, [])
    w.store.open().close()
    await assert.rejects(w.agent.command({ kind: 'plan' }), { code: 'agent.stopped' })
  })

  // The core takes long over its leave, and is killed, or fails: nothing waits for it any more.
  test('a stop ends when the agent is killed or its core fails', async () => {
    for (const end of ['kill', 'failure'] as const) {
      const w = world({
        leaving: () => [],
        received: () => {
          throw new Error('a member has two leases')
        },
      })
      await w.agent.start()
      const stopped = w.agent.stop()
      if (end === 'kill') w.agent.kill()
      else w.transport.handlers.received(host('b'), encodeMessage(message(1)))
      await stopped
      assert.equal(w.transport.state, end === 'kill' ? 'killed' : 'stopped')
    }
  })
})

describe('the failure of an agent', () => {
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

  // kill -9, as the harness does it: nothing is said or written any more; a new agent takes over the journal.
  test('a killed agent tells no other host, and the next one finds its journal', async () => {
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
    const reply: Reply = { kind: 'drain', begun: true, leaving: [{ vm: vmId('v'), name: 'v' }], blockers: [] }
    const w = world(
      {
        commanded: ({ request, command }) =>
          command.kind === 'drain' ? [{ kind: 'reply', request, reply }] : [],
      },
      { commandTimeoutMs: 20 },
    )
    await w.agent.start()
    assert.deepEqual(await w.agent.command({ kind: 'drain', onBlocker: 'skip', dryRun: false }), reply)
    await assert.rejects(w.agent.command({ kind: 'plan' }), { code: 'agent.timeout' })
    const many = Array.from({ length: 70 }, () => w.agent.command({ kind: 'plan' }).catch((e) => e.code))
    const codes = await Promise.all(many)
    assert.equal(codes.filter((code) => code === 'agent.busy').length, 6)
    await w.agent.stop()
  })

  // Decisions and warnings reach listeners and history; a listener that fails harms no other.
  test('decisions reach listeners and history', async () => {
    const w = world()
    w.agent.events(() => {
      throw new Error('a bad listener')
    })
    await w.agent.start()
    provoke(w, [
      { kind: 'report', decision: decision(1) },
      { kind: 'warn', code: 'vm.paused_in_doubt', text: 'paused for a minute', vm: vmId('v') },
    ])
    assert.deepEqual(
      w.agent.history({ vm: 'web1' }).map((one) => one.decision),
      [decision(1)],
    )
    assert.deepEqual(
      w.events.filter((event) => event.kind === 'decision' || event.kind === 'warning'),
      [
        { kind: 'decision', decision: decision(1) },
        { kind: 'warning', code: 'vm.paused_in_doubt', text: 'paused for a minute', vm: 'v' },
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
