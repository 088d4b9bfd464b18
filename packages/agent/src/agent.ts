/**
 * One agent: the loop that feeds the core and carries out its effects. The daemon runs one; the harness many.
 *
 * ```ts
 * const agent = createAgent({ settings, hypervisor, transport, journal: openJournal(dir), solver, log })
 * agent.events((event) => { if (event.kind === 'fatal') process.exitCode = 1 })
 * await agent.start()
 * …
 * await agent.stop()          // moves no VM
 * ```
 */
import { createAgentLifecycle } from './agent-lifecycle.ts'
import { type AgentInternals, createAgentParts } from './agent-parts.ts'
import type { Agent, AgentInit } from './agent-port.ts'
import { instantOf, monotonicClock } from './clock.ts'

export type { AgentInternals } from './agent-parts.ts'
export * from './agent-port.ts'

export const createAgent = (init: AgentInit, internals: AgentInternals = {}): Agent => {
  const { hypervisor, transport, journal } = init
  const clock = internals.clock ?? monotonicClock
  const parts = createAgentParts(init, internals, clock, {
    failed: () => void lifecycle.shutDown(),
    leave: () => lifecycle.mayEnd(),
  })
  const { events, peer, loop, persister, poller, requests } = parts
  const lifecycle = createAgentLifecycle(init, parts, clock, internals)
  return {
    host: transport.self,
    start: lifecycle.start,
    status: () => ({
      view: peer.view(instantOf(clock)),
      hypervisor: {
        driver: hypervisor.driver,
        connected: poller.answering,
        trouble: hypervisor.trouble ?? poller.trouble,
        version: poller.hypervisorVersion,
      },
      transport: transport.counters(),
      peersConnected: transport.peers().length,
      journal: { healthy: persister.healthy, bytes: lifecycle.ended ? 0 : journal.size() },
      addresses: transport.addresses(),
      startedAtWallMs: lifecycle.startedAtWallMs,
      incarnation: journal.incarnation,
    }),
    get waiting() {
      return loop.waiting
    },
    command: (command) => requests.open((request) => loop.feed({ kind: 'commanded', request, command })),
    history: (query) => journal.history(query),
    events: events.subscribe,
    stop: lifecycle.stop,
    kill: lifecycle.kill,
  }
}
