/** How one agent starts, and its three ways to end: an orderly stop, a shutdown after a failure, and a kill. */

import type { AgentInternals, AgentParts } from './agent-parts.ts'
import type { AgentInit } from './agent-port.ts'
import type { Clock } from './clock.ts'
import { createInbound } from './inbound.ts'

/** A transport or driver that has not ended by then is left behind, ms: the next agent needs the lock of the journal. */
const shutDownMsMax = 5_000

export interface AgentLifecycle {
  readonly startedAtWallMs: number
  readonly ended: boolean
  start(): Promise<void>
  stop(): Promise<void>
  kill(): void
  /** Ends without asking the core. Once begun, every call gives the same promise. */
  shutDown(): Promise<void>
  /** Ends the wait of `stop`: the core has nothing left to do, or cannot be asked any more. */
  mayEnd(): void
}

interface LifecycleState {
  phase: 'new' | 'running' | 'stopping' | 'ended'
  startedAtWallMs: number
  /** Null until the first stop. */
  stopping: Promise<void> | null
  /** Null until a shutdown has begun. */
  down: Promise<void> | null
  killed: boolean
}

export const createAgentLifecycle = (
  init: AgentInit,
  parts: AgentParts,
  clock: Clock,
  { wallNow = Date.now, summaryOf }: Pick<AgentInternals, 'wallNow' | 'summaryOf'>,
): AgentLifecycle => {
  const { hypervisor, transport, journal, log } = init
  const { events, loop, persister, poller, requests, runner } = parts
  const host = transport.self
  const state: LifecycleState = {
    phase: 'new',
    startedAtWallMs: wallNow(),
    stopping: null,
    down: null,
    killed: false,
  }
  const left = Promise.withResolvers<void>()

  /** From now on no input reaches the core, and no effect is carried out. */
  const silence = (): void => {
    left.resolve()
    loop.end()
    runner.end()
    poller.stop()
    persister.stop()
    requests.close()
  }
  const end = (): void => {
    state.phase = 'ended'
    events.close()
  }

  const shutDown = (): Promise<void> => {
    state.down ??= (async () => {
      silence()
      await within(clock, shutDownMsMax, Promise.allSettled([transport.stop(), hypervisor.close()]))
      journal.close()
      end()
    })()
    return state.down
  }

  const leave = async (): Promise<void> => {
    const begun = state.phase === 'running'
    state.phase = 'stopping'
    if (begun) {
      loop.feed({ kind: 'leaving' })
      await left.promise
    }
    if (state.killed) return
    await shutDown()
    log.info({ host }, 'agent stopped; its VMs go on')
  }

  return {
    get startedAtWallMs() {
      return state.startedAtWallMs
    },
    get ended() {
      return state.phase === 'ended'
    },
    shutDown,
    mayEnd: left.resolve,
    async start() {
      if (state.phase !== 'new') throw new Error('an agent is started once')
      state.phase = 'running'
      state.startedAtWallMs = wallNow()
      if (journal.trouble !== null) events.warn('journal.broken', journal.trouble)
      try {
        // A transport without sockets has started when this returns: then nothing is waited for, not even a turn.
        const starting = transport.start(createInbound(loop.feed, events.warn, clock.now, summaryOf))
        if (starting !== undefined) await starting
      } catch (error) {
        await shutDown()
        throw error
      }
      // Killed or stopped while the transport was starting.
      if (loop.ended) return
      loop.feed({ kind: 'tick' })
      poller.start()
      log.info({ host, incarnation: journal.incarnation, addresses: transport.addresses() }, 'agent started')
    },
    async stop() {
      if (state.phase === 'ended' || state.down !== null) return state.down ?? undefined
      state.stopping ??= leave()
      return state.stopping
    },
    kill() {
      if (state.phase === 'ended') return
      state.killed = true
      end()
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
