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
import { createPeer, type Effect, type Peer, type PeerInit } from '@drover/protocol'
import type { Agent, AgentEvent, AgentInit } from './agent-port.ts'
import { type Clock, instantOf, monotonicClock } from './clock.ts'
import { policyHash, seedOf } from './digest.ts'
import { droverVersion } from './drover-version.ts'
import { createEffectRunner } from './effects.ts'
import { wordsOf } from './errors.ts'
import { logEvent } from './event-log.ts'
import { createInbound } from './inbound.ts'
import { createLoop } from './loop.ts'
import { createRequests } from './pending-commands.ts'
import { createPersister, probeMsDefault } from './persist.ts'
import { createPoller, type Poller, type PollerInit } from './poller.ts'

export * from './agent-port.ts'

/** What tests and worlds in virtual time replace. */
export interface AgentInternals {
  readonly createPeer?: (init: PeerInit) => Peer
  readonly createPoller?: (init: PollerInit) => Poller
  readonly clock?: Clock
  /** Milliseconds since 1970, for people. */
  readonly wallNow?: () => number
  /** Called before and after each effect is carried out; may kill the agent. */
  readonly around?: (effect: Effect, when: 'before' | 'after') => void
  /** Hears of a failed core beside the event, with the error itself. */
  readonly fatal?: (error: unknown) => void
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
  const wallNow = internals.wallNow ?? Date.now
  const host = transport.self
  const { incarnation, restored } = journal
  const log = init.log
  const listeners = new Set<(event: AgentEvent) => void>()
  let startedAtWallMs = wallNow()
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
    carryOut: (effects) => runner.carryOut(effects),
    fatal(error, input) {
      log.fatal({ err: error, input: input.kind }, 'the core failed; this agent stops, its VMs go on')
      emit({ kind: 'fatal', text: `the core failed on ${input.kind}: ${wordsOf(error)}` })
      internals.fatal?.(error)
      void shutDown()
    },
  })
  const feed = loop.feed
  const persister = createPersister({
    journal,
    clock,
    log,
    feed,
    probeMs: internals.journalProbeMs ?? probeMsDefault,
  })
  const poller = (internals.createPoller ?? createPoller)({
    hypervisor,
    clock,
    settings,
    version: droverVersion,
    log,
    feed,
    warn,
    sampled(pressure) {
      const { demand, usable, troubles } = peer.view(instantOf(clock))
      const known = !troubles.includes('demand.unknown')
      emit({ kind: 'sampled', load: known ? { demand, usable } : null, pressure })
    },
  })
  const requests = createRequests(
    String(incarnation),
    internals.commandTimeoutMs ?? commandTimeoutMsDefault,
    clock,
  )
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
    reply: requests.answer,
    leave: () => mayEnd(),
    around: internals.around ?? null,
  })

  /** Nothing is heard, looked at or stepped any more. */
  const silence = (): void => {
    loop.end()
    runner.end()
    poller.stop()
    persister.stop()
    requests.close()
  }
  /** The core may end, or nothing can be waited for any more. */
  let mayEnd = (): void => {}
  const left = new Promise<void>((resolve) => {
    mayEnd = resolve
  })
  let stopping: Promise<void> | null = null
  let killed = false
  let down: Promise<void> | null = null
  const shutDown = (): Promise<void> => {
    down ??= (async () => {
      mayEnd()
      silence()
      await within(clock, shutDownMsMax, Promise.allSettled([transport.stop(), hypervisor.close()]))
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
      startedAtWallMs = wallNow()
      if (journal.trouble !== null) warn('journal.broken', journal.trouble)
      try {
        // A transport without sockets has started when this returns: then nothing is waited for, not even a turn.
        const starting = transport.start(createInbound(feed, warn, clock.now))
        if (starting !== undefined) await starting
      } catch (error) {
        await shutDown()
        throw error
      }
      // Killed or stopped while the transport was starting.
      if (loop.ended) return
      feed({ kind: 'tick' })
      poller.start()
      log.info({ host, incarnation, addresses: transport.addresses() }, 'agent started')
    },
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
      stopping ??= (async () => {
        const begun = phase === 'running'
        phase = 'stopping'
        if (begun) {
          feed({ kind: 'leaving' })
          await left
        }
        if (killed) return
        await shutDown()
        log.info({ host }, 'agent stopped; its VMs go on')
      })()
      return stopping
    },
    kill() {
      if (phase === 'ended') return
      phase = 'ended'
      killed = true
      mayEnd()
      silence()
      transport.kill()
      journal.close()
      hypervisor.close().then(undefined, () => {})
    },
  }
}

const within = async (clock: Clock, ms: number, work: Promise<unknown>): Promise<void> => {
  let cancel = (): void => {}
  await Promise.race([
    work,
    new Promise<void>((resolve) => {
      cancel = clock.after(ms, resolve)
    }),
  ])
  cancel()
}
