/** An agent that answers what a test wants it to, for tests of the API and the command line. */
import type { Command, PeerView, Reply } from '@drover/protocol'
import { exampleHistory, exampleView } from '../../../protocol/src/outcome/example.ts'
import type { Agent, AgentEvent, AgentStatus } from '../agent-port.ts'
import { createTally } from '../transport/traffic-counters.ts'

export interface FakeAgent extends Agent {
  view: PeerView
  hypervisorConnected: boolean
  readonly commands: Command[]
  /** What the next commands are answered with; the last one stays. */
  reply: (command: Command) => Promise<Reply>
  emit(event: AgentEvent): void
  readonly listeners: number
  /** Queries of the history, as they came. */
  readonly queries: unknown[]
}

export const fakeAgent = (): FakeAgent => {
  const listeners = new Set<(event: AgentEvent) => void>()
  const status = (): AgentStatus => ({
    view: agent.view,
    hypervisor: {
      driver: 'libvirt',
      connected: agent.hypervisorConnected,
      trouble: agent.hypervisorConnected ? null : 'connection refused',
      version: 'libvirt 9.0.0, QEMU 7.2.22',
    },
    transport: createTally(),
    peersConnected: 4,
    journal: { healthy: true, bytes: 4_096 },
    addresses: ['/ip4/10.0.0.1/tcp/7946'],
    startedAtWallMs: Date.UTC(2026, 10, 22, 19, 0, 0),
    incarnation: 12,
  })
  const agent: FakeAgent = {
    host: exampleView.host,
    view: exampleView,
    hypervisorConnected: true,
    commands: [],
    queries: [],
    reply: async () => ({ kind: 'ok', text: 'done', decision: null }),
    waiting: 0,
    start: async () => {},
    status,
    command(command) {
      agent.commands.push(command)
      return agent.reply(command)
    },
    history(query) {
      agent.queries.push(query)
      return exampleHistory.map(({ atWallMs, decision }) => ({ atWallMs: atWallMs ?? 0, decision }))
    },
    events(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    emit(event) {
      for (const listener of [...listeners]) listener(event)
    },
    get listeners() {
      return listeners.size
    },
    stop: async () => {},
    kill: () => {},
  }
  return agent
}
