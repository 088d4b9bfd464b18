/** Wires the core of one agent to its ports: hypervisor, transport, journal, solver. */
import { randomInt } from 'node:crypto'
import { asVmId, createPeer, type Effect, type LoadSummary, type Peer, type PeerInit } from '@drover/protocol'
import { type AgentEvents, createAgentEvents } from './agent-events.ts'
import type { AgentInit } from './agent-port.ts'
import type { Clock } from './clock.ts'
import { policyHash } from './digest.ts'
import { droverVersion } from './drover-version.ts'
import { createEffectRunner, type EffectRunner } from './effects.ts'
import { wordsOf } from './errors.ts'
import { createLoop, type Loop } from './loop.ts'
import { createPendingCommands, type PendingCommands } from './pending-commands.ts'
import { createPersister, type Persister } from './persist.ts'
import { createPoller, type Poller, type PollerInit } from './poller.ts'
import { type RetryPauses, retryPauses } from './retry-pauses.ts'

/** What tests and worlds in virtual time replace. */
export interface AgentInternals {
  readonly createPeer?: (init: PeerInit) => Peer
  readonly createPoller?: (init: PollerInit) => Poller
  readonly clock?: Clock
  /** The summary that these bytes are, or null. It may not be changed. */
  readonly summaryOf?: (bytes: Uint8Array) => LoadSummary | null
  /** Milliseconds since 1970, for people. */
  readonly wallNow?: () => number
  /** Called before and after each effect is carried out; may kill the agent. */
  readonly around?: (effect: Effect, when: 'before' | 'after') => void
  /** Hears of a failed core beside the event, with the error itself. */
  readonly fatal?: (error: unknown) => void
  readonly commandTimeoutMs?: number
  readonly journalPauses?: RetryPauses
}

/** A partition forms, solves and answers well within this time, ms. A longer wait means a fault. */
const commandTimeoutMsDefault = 30_000

export interface AgentParts {
  readonly events: AgentEvents
  readonly peer: Peer
  readonly loop: Loop
  readonly persister: Persister
  readonly poller: Poller
  readonly requests: PendingCommands
  readonly runner: EffectRunner
}

/** What the parts tell the life cycle of their agent. */
export interface PartsHooks {
  /** The core has failed. */
  readonly failed: () => void
  /** The core has nothing left to do before the agent ends. */
  readonly leave: () => void
}

export const createAgentParts = (
  init: AgentInit,
  internals: AgentInternals,
  clock: Clock,
  hooks: PartsHooks,
): AgentParts => {
  const { hypervisor, transport, journal, solver, settings, log } = init
  const events = createAgentEvents(log)
  const peer = (internals.createPeer ?? createPeer)(peerInitOf(init))
  const loop = createLoop({
    peer,
    clock,
    carryOut: (effects) => runner.carryOut(effects),
    fatal(error, input) {
      log.fatal({ err: error, input: input.kind }, 'the core failed; this agent stops, its VMs go on')
      events.emit({ kind: 'fatal', text: `the core failed on ${input.kind}: ${wordsOf(error)}` })
      internals.fatal?.(error)
      hooks.failed()
    },
  })
  const { feed } = loop
  const { emit, warn } = events
  const pauses = internals.journalPauses ?? retryPauses.journal
  const persister = createPersister({ journal, clock, log, feed: loop.feedNext, pauses })
  const poller = (internals.createPoller ?? createPoller)({
    hypervisor,
    clock,
    settings,
    version: droverVersion,
    log,
    feed,
    warn,
    sampled: (pressure) => emit({ kind: 'sampled', load: peer.load(), pressure }),
  })
  const commandMs = internals.commandTimeoutMs ?? commandTimeoutMsDefault
  const requests = createPendingCommands(String(journal.incarnation), commandMs, clock)
  const runner = createEffectRunner({
    hypervisor,
    transport,
    solver,
    persister,
    clock,
    log,
    feed,
    emit,
    look: poller.look,
    lookAfresh: poller.lookAfresh,
    describe: poller.describe,
    reply: requests.answer,
    leave: hooks.leave,
    around: internals.around ?? null,
  })
  return { events, peer, loop, persister, poller, requests, runner }
}

const peerInitOf = ({ transport, journal, settings, seed }: AgentInit): PeerInit => {
  const host = transport.self
  const { incarnation, restored } = journal
  return {
    host,
    incarnation,
    // Drawn anew: of two lives that lost their journals, each has lots of its own, although both count themselves as the same start.
    seed: seed ?? randomInt(2 ** 32),
    policy: settings.policy,
    mode: settings.mode,
    rules: settings.rules,
    managed: new Set(settings.managed?.map(asVmId)),
    policyHash: policyHash(settings.policy, settings.rules),
    restored,
  }
}
