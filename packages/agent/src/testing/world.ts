/** One agent with a scripted core, and all that it touches: for tests of the agent itself. */
import {
  decodeMessage,
  type Effect,
  type Input,
  type LoadSummary,
  type Message,
  type PeerUri,
} from '@drover/protocol'
import { summaryOf } from '../../../protocol/src/testing/load-summary.ts'
import { type AgentInternals, createAgent } from '../agent.ts'
import type { AgentEvent, AgentInit } from '../agent-port.ts'
import { createJournalStore } from '../journal/memory.ts'
import { silentLog } from '../log-port.ts'
import { createInlineSolver } from '../solve/inline.ts'
import { fakeHypervisor, fakeTransport, type ScriptedPeer, scriptedPeer, settings } from './fakes.ts'
import { action, host, partition, vmId } from './fixtures.ts'

export const message = (n: number): Message => ({
  kind: 'renew',
  incarnation: 1,
  partition: partition(n),
  epoch: n,
})
export const send = (n: number): Effect => ({ kind: 'send', to: host('b'), message: message(n) })
export const perform = (n: number, notAfter = Number.MAX_SAFE_INTEGER): Effect => ({
  kind: 'perform',
  action: action(n),
  operation: {
    kind: 'migrate',
    vm: vmId(`vm-${n}`),
    to: host('b'),
    uri: 'fake://b' as PeerUri,
    paused: true,
    bandwidthMiBps: 50,
    autoConverge: true,
    notAfter,
  },
})
export const summary = (of: string): LoadSummary => summaryOf(host(of))

export const world = (script: ScriptedPeer['script'] = {}, internals: AgentInternals = {}) => {
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
    solver: createInlineSolver(),
    log: silentLog,
  }
  const agent = createAgent(init, {
    createPeer: peer.create,
    journalPauses: { firstMs: 5, maxMs: 20 },
    ...internals,
  })
  agent.events((event) => events.push(event))
  const heard = (kind: Input['kind']) => peer.heard.filter((input) => input.kind === kind)
  const sent = () => transport.sent.map(({ bytes }) => (decodeMessage(bytes) as { epoch: number }).epoch)
  return { peer, hypervisor, transport, store, events, agent, init, heard, sent }
}

/** Makes the core produce these effects now. */
export const provoke = ({ peer, transport }: ReturnType<typeof world>, effects: readonly Effect[]): void => {
  peer.script = { ...peer.script, disconnected: () => effects }
  transport.handlers.disconnected(host('z'))
}
