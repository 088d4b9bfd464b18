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
import { createPeer, type Peer, type PeerInit } from '@drover/protocol'
import type { Agent, AgentEvent, AgentInit } from './agent-port.ts'
import { createCarrier } from './carry-out.ts'
import { type Clock, monotonicClock } from './clock.ts'
import { demandOf, usableOf } from './describe.ts'
import { policyHash, seedOf } from './digest.ts'
import { createEars } from './hear.ts'
import { createLoop } from './loop.ts'
import { createObserver } from './observe.ts'
import { createPersister, probeMsDefault } from './persist.ts'
import { createRequests } from './requests.ts'
import { logEvent } from './tell.ts'
import { droverVersion } from './version.ts'

export * from './agent-port.ts'

/** What tests replace. */
export interface AgentInternals {
  readonly createPeer?: (init: PeerInit) => Peer
  readonly clock?: Clock
  readonly commandTimeoutMs?: number
  readonly journalProbeMs?: readonly [number, number]
}

/** A partition forms, solves and answers well within this time; longer means that something is wrong, ms. */
const commandTimeoutMsDefault = 30_000

/** A transport or driver that does not end is left behind after this time, ms: the journal must be given back. */
const shutDownMsMax = 5_000

export const createAgent = (init: AgentInit, internals: AgentInternals = {}): Agent => {
  const { settings, hypervisor, transport, journal, solver } = init
  const clock = internals.clock ?? monotonicClock
  const host = transport.self
  const { incarnation, restored } = journal
  const log = init.log
  const listeners = new Set<(event: AgentEvent) => void>()
  let startedAtWallMs = Date.now()
  let phase: 'new' | 'running' | 'stopping' | 'ended' = 'new'

  const emit = (event: AgentEvent): void => {
    if (phase === 'ended') return
    logEvent(log, event)
    for (const listener of listeners) {
      try {
        listener(event)
      } catch (error) {
        log.error({ err: error }, 'a listener failed')
      }
    }
  }
  const warn = (code: string, text: string): void => emit({ kind: 'warning', code, text, vm: null })

  const peer = (internals.createPeer ?? createPeer)({
    host,
    incarnation,
    seed: init.seed ?? seedOf(`${host}/${incarnation}`),
    policy: settings.policy,
    mode: settings.mode,
    rules: settings.rules,
    policyHash: policyHash(settings.policy, settings.rules),
    restored,
  })
  const loop = createLoop({
    peer,
    clock,
    carryOut: (effects) => carrier.carryOut(effects),
    fatal(error, input) {
      const words = error instanceof Error ? error.message : String(error)
      log.fatal({ err: error, input: input.kind }, 'the core failed; this agent stops, its VMs go on')
      emit({ kind: 'fatal', text: `the core failed on ${input.kind}: ${words}` })
      void shutDown()
    },
  })
  const feed = loop.feed
  const persister = createPersister({
    journal,
    log,
    feed,
    probeMs: internals.journalProbeMs ?? probeMsDefault,
  })
  const observer = createObserver({
    hypervisor,
    settings,
    version: droverVersion,
    log,
    feed,
    warn,
    sampled: (vms, pressure) =>
      emit({ kind: 'sampled', demand: demandOf(vms), usable: usableOf(observer.description), pressure }),
  })
  const requests = createRequests(String(incarnation), internals.commandTimeoutMs ?? commandTimeoutMsDefault)
  const carrier = createCarrier({
    hypervisor,
    transport,
    solver,
    persister,
    log,
    feed,
    emit,
    look: observer.look,
    lookAfresh: observer.lookAfresh,
    peerOf: (action) => peer.view(clock.now()).motions.find((one) => one.action === action)?.peer ?? null,
    reply: requests.answer,
  })

  /** Nothing is heard, looked at or stepped any more. */
  const silence = (): void => {
    loop.end()
    observer.stop()
    persister.stop()
    requests.close()
  }
  let down: Promise<void> | null = null
  const shutDown = (): Promise<void> => {
    down ??= (async () => {
      silence()
      await within(shutDownMsMax, Promise.allSettled([transport.stop(), hypervisor.close()]))
      journal.close()
      phase = 'ended'
    })()
    return down
  }

  return {
    host,
    async start() {
      if (phase !== 'new') throw new Error('an agent is started once')
      phase = 'running'
      startedAtWallMs = Date.now()
      if (journal.trouble !== null) warn('journal.broken', journal.trouble)
      try {
        await transport.start(createEars(feed, warn, clock.now))
      } catch (error) {
        await shutDown()
        throw error
      }
      // Killed or stopped while the transport was starting.
      if (loop.ended) return
      feed({ kind: 'tick' })
      observer.start()
      log.info({ host, incarnation, addresses: transport.addresses() }, 'agent started')
    },
    status: () => ({
      view: peer.view(clock.now()),
      hypervisor: {
        driver: hypervisor.driver,
        connected: observer.answering,
        trouble: hypervisor.trouble ?? observer.trouble,
        version: observer.hypervisorVersion,
      },
      transport: transport.counters(),
      peersConnected: transport.peers().length,
      journal: { healthy: persister.healthy, bytes: phase === 'ended' ? 0 : journal.size() },
      addresses: transport.addresses(),
      startedAtWallMs,
      incarnation,
    }),
    command: (command) => requests.open((request) => feed({ kind: 'commanded', request, command })),
    history: (query) => journal.history(query),
    events(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async stop() {
      if (phase === 'ended' || down !== null) return down ?? undefined
      phase = 'stopping'
      carrier.retire()
      feed({ kind: 'leaving' })
      await shutDown()
      log.info({ host }, 'agent stopped; its VMs go on')
    },
    kill() {
      if (phase === 'ended') return
      phase = 'ended'
      silence()
      transport.kill()
      journal.close()
      hypervisor.close().catch(() => {})
    },
  }
}

const within = async (ms: number, work: Promise<unknown>): Promise<void> => {
  let timer: NodeJS.Timeout | undefined
  await Promise.race([
    work,
    new Promise<void>((resolve) => {
      timer = setTimeout(resolve, ms)
    }),
  ])
  clearTimeout(timer)
}
