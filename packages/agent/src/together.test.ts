/** The whole agent with the real core: three of them on a bus cure one overload together. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type HostId, policyOf } from '@drover/protocol'
import { createAgent } from './agent.ts'
import type { AgentEvent } from './agent-port.ts'
import type { Hypervisor } from './hypervisor/hypervisor-port.ts'
import { createJournalStore } from './journal/memory.ts'
import { silentLog } from './log-port.ts'
import type { Solver } from './solve/solver.ts'
import { createWorkerSolver } from './solve/worker-pool.ts'
import {
  type FakeHypervisor,
  fakeHypervisor,
  fakeTransport,
  settings,
  until,
  vmSample,
} from './testing/fakes.ts'
import { host } from './testing/fixtures.ts'
import type { Transport, TransportHandlers } from './transport/transport-port.ts'

/** Every agent's bytes reach the others in the next turn of the event loop. */
const createBus = () => {
  const members = new Map<HostId, TransportHandlers>()
  const later = (to: HostId, deliver: (handlers: TransportHandlers) => void) =>
    setImmediate(() => {
      const handlers = members.get(to)
      if (handlers !== undefined) deliver(handlers)
    })
  return (self: HostId): Transport => ({
    ...fakeTransport(self),
    async start(handlers) {
      members.set(self, handlers)
    },
    send: (to, bytes) => void later(to, (handlers) => handlers.received(self, bytes)),
    publish(bytes) {
      for (const to of members.keys())
        if (to !== self) later(to, (handlers) => void handlers.heard(self, bytes))
    },
    async stop() {
      members.delete(self)
    },
  })
}

const uriOf = (name: string): string => `fake://${name}`

/** Hypervisors that can be seen and reached from each other, by their URI. */
const createHypervisors = (names: readonly string[]): ReadonlyMap<string, FakeHypervisor> => {
  const all = new Map(names.map((name) => [uriOf(name), fakeHypervisor()]))
  for (const [uri, own] of all) {
    const at = (elsewhere: string | undefined) => all.get(elsewhere ?? uri)
    const migrate: Hypervisor['migrate'] = async ({ vm, to, handOverPaused }) => {
      await new Promise((resolve) => setTimeout(resolve, 10))
      const moved = own.vms.find((one) => one.vm === vm)
      own.vms = own.vms.filter((one) => one.vm !== vm)
      const state = handOverPaused ? 'paused' : 'running'
      if (moved !== undefined) at(to)?.vms.push({ ...moved, state, cpuMilli: null })
      return { kind: 'done', transferredMiB: 512, downtimeMs: 5 }
    }
    const locate: Hypervisor['locate'] = async (vm, elsewhere) =>
      at(elsewhere)?.vms.find((one) => one.vm === vm)?.state ?? 'absent'
    const resume: Hypervisor['resume'] = async (vm, elsewhere) => {
      const there = at(elsewhere)
      if (there === undefined) return
      there.vms = there.vms.map((one) => (one.vm === vm ? { ...one, state: 'running', cpuMilli: 300 } : one))
    }
    Object.assign(own, { migrate, locate, resume })
  }
  return all
}

/** Agents on one bus that share a solver, each with its hypervisor and its journal. */
const createAgents = (names: readonly string[], solver: Solver) => {
  const bus = createBus()
  const hypervisors = createHypervisors(names)
  const base = settings()
  return names.map((name) => {
    const hypervisor = hypervisors.get(uriOf(name)) ?? assert.fail(name)
    hypervisor.facts = { ...hypervisor.facts, name, migrationUri: uriOf(name) }
    const store = createJournalStore({ intact: true })
    const agent = createAgent({
      settings: settings({
        host: { ...base.host, name },
        hypervisor: { ...base.hypervisor, sampleMs: 20 },
        policy: policyOf('aggressive', { overloadHoldMs: 60, gossipMs: 200 }),
      }),
      hypervisor,
      transport: bus(host(name)),
      journal: store.open(),
      solver,
      log: silentLog,
    })
    return { agent, hypervisor, store }
  })
}

// Three hosts, one of them with more demand than it may give. Its agent forms a partition with a neighbour, solves it on a
// worker thread, and moves one VM; both journals are clean afterwards, and both hosts can tell what was done.
test('three agents cure an overload', async () => {
  const solver = createWorkerSolver()
  const parts = createAgents(['a', 'b', 'c'], solver)
  const events: AgentEvent[] = []
  for (const { agent } of parts) agent.events((event) => events.push(event))
  const [a] = parts
  assert.ok(a)
  try {
    await Promise.all(parts.map(({ agent }) => agent.start()))
    await until('all know that the others can help', () =>
      parts.every(({ agent }) => {
        const { members } = agent.status().view
        return members.length === 3 && members.every(({ summary }) => summary.able)
      }),
    )
    a.hypervisor.vms = Array.from({ length: 7 }, (_, n) => vmSample(`vm-${n}`, { cpuMilli: 1_000 }))
    const ended = () =>
      events.flatMap((event) =>
        event.kind === 'decision' && event.decision.result === 'cured' && !event.decision.asMember
          ? [event.decision]
          : [],
      )
    await until('the overload is cured', () => ended().length > 0)
    const all = parts.flatMap(({ hypervisor }) => hypervisor.vms)
    assert.equal(a.hypervisor.vms.length, 6)
    assert.deepEqual(
      all.map((one) => one.vm).sort(),
      Array.from({ length: 7 }, (_, n) => `vm-${n}`),
    )
    assert.ok(all.every((one) => one.state === 'running'))
    assert.equal(ended()[0]?.members.length, 2)
    await until('every motion is closed', () =>
      parts.every(({ store }) => {
        const of = (kind: string) => store.records.filter((record) => record.kind === kind).length
        return of('opened') === of('closed')
      }),
    )
    await until('both have it in their history', () => {
      const tellers = parts.filter(({ agent }) =>
        agent.history({}).some((one) => one.decision.result === 'cured'),
      )
      return tellers.length === 2
    })
    assert.deepEqual(
      events.filter((event) => event.kind === 'fatal' || event.kind === 'warning'),
      [],
    )
  } finally {
    await Promise.all(parts.map(({ agent }) => agent.stop()))
    await solver.close()
  }
})
