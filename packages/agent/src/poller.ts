/**
 * Watches the hypervisor and tells the core: `hypervisor`, `described`, `observed`, `jobs`. It looks every `sampleMs` (closer
 * while the host is nearly full), soon after the hypervisor says that something changed, and when the core asks. One look at a
 * time: if the core asks during a look, one more look follows. The core judges what to believe of an answer.
 */
import { type HostDescription, type Input, limits, type ObservedVm, samplePeriodMs } from '@drover/protocol'
import { type Clock, instantOf } from './clock.ts'
import type { Settings } from './config/settings.ts'
import { wordsOf } from './errors.ts'
import {
  type Hypervisor,
  HypervisorError,
  type HypervisorEvent,
  type Sample,
} from './hypervisor/hypervisor-port.ts'
import type { Immediate } from './immediate.ts'
import type { Log } from './log-port.ts'
import { describeHost, jobsTold, observedVms, usableWhenKnown } from './observation.ts'

export interface Poller {
  start(): void
  /** Look now; if a look is under way, once more after it. */
  look(): void
  /** Look now, and forget the look under way: what it saw may be older than what the core is about to be told. */
  lookAfresh(): void
  /** Ask once more what the host has: in the look under way, or else with the next one. */
  describe(): void
  /** Looks no more; what is under way is ignored. */
  stop(): void
  /** True while the hypervisor is connected and answers. */
  readonly answering: boolean
  /** Why a connected hypervisor does not answer, in one line; else null. */
  readonly trouble: string | null
  /** The hypervisor's own version, for people. */
  readonly hypervisorVersion: string | null
}

export interface PollerInit {
  readonly hypervisor: Immediate<Hypervisor>
  readonly clock: Clock
  readonly settings: Settings
  /** drover's own version, which its summaries carry. */
  readonly version: string
  readonly log: Log
  readonly feed: (input: Input) => void
  readonly warn: (code: string, text: string) => void
  /** The core was told what was seen. */
  readonly sampled: (pressure: Sample['pressure']) => void
}

/** A migration's end comes as several events at once: one look serves them all. */
const changedDebounceMs = 50
/** A hypervisor that is connected but fails this many looks in a row counts as not answering. */
const failedLooksMax = 2

interface PollerState {
  /** Null until the core was told whether it answers. */
  answering: boolean | null
  trouble: string | null
  /** The operator was told of the present loss. */
  complained: boolean
  /** In a row. */
  failedLooks: number
  /** The next look asks what the host has: after each connection, and when the core wants another answer. */
  factsWanted: boolean
  /** As last told, believed or not: for the sampling period. */
  description: HostDescription | null
  hypervisorVersion: string | null
  /** By the last look. */
  vms: readonly ObservedVm[]
  looking: boolean
  lookAgain: boolean
  /** Goes up when the answers of a look under way became too old to be told. */
  outdated: number
  /** The first regular look is still to come. */
  first: boolean
  stopped: boolean
  /** When each hypervisor was said to have told what cannot be so: those of the last minute. */
  readonly implausible: Map<string, number>
  cancelSample: () => void
  /** Null: no look is due because of an event. */
  cancelChanged: (() => void) | null
  unsubscribe: () => void
}

const newState = (): PollerState => ({
  answering: null,
  trouble: null,
  complained: false,
  failedLooks: 0,
  factsWanted: true,
  description: null,
  hypervisorVersion: null,
  vms: [],
  looking: false,
  lookAgain: false,
  outdated: 0,
  first: true,
  stopped: false,
  implausible: new Map(),
  cancelSample: () => {},
  cancelChanged: null,
  unsubscribe: () => {},
})

export const createPoller = (init: PollerInit): Poller => {
  const state = newState()
  return {
    start() {
      state.unsubscribe = init.hypervisor.events((event) => onEvent(init, state, event))
      init.hypervisor.open()
      lookRegularly(init, state)
    },
    look: () => look(init, state),
    lookAfresh() {
      state.outdated += 1
      look(init, state)
    },
    describe() {
      state.factsWanted = true
    },
    stop() {
      state.stopped = true
      state.unsubscribe()
      state.cancelSample()
      state.cancelChanged?.()
    },
    get answering() {
      return state.answering === true
    },
    get trouble() {
      return state.trouble
    },
    get hypervisorVersion() {
      return state.hypervisorVersion
    },
  }
}

const onEvent = (init: PollerInit, state: PollerState, event: HypervisorEvent): void => {
  if (state.stopped) return
  switch (event.kind) {
    case 'connected':
      init.log.debug('the hypervisor is connected')
      state.factsWanted = true
      state.failedLooks = 0
      state.trouble = null
      return look(init, state)
    case 'disconnected':
      state.trouble = event.reason
      state.factsWanted = true
      state.outdated += 1
      return sayAnswering(init, state, false)
    case 'changed':
      state.cancelChanged ??= init.clock.after(changedDebounceMs, () => {
        state.cancelChanged = null
        look(init, state)
      })
      return
    case 'implausible':
      return sayImplausible(init, state, event)
    default:
      event satisfies never
  }
}

/** Once a minute of each hypervisor, and of so many a minute: what cannot be so comes with each answer, a little different each time. */
const sayImplausible = (
  { clock, warn }: PollerInit,
  { implausible }: PollerState,
  { what, at }: Extract<HypervisorEvent, { readonly kind: 'implausible' }>,
): void => {
  const where = at === null ? "this host's hypervisor" : `the hypervisor at ${at}`
  const now = clock.now()
  for (const [one, saidAt] of implausible) if (now - saidAt >= limits.warningAgainMs) implausible.delete(one)
  if (implausible.has(where) || implausible.size >= limits.warningsMax) return
  implausible.set(where, now)
  warn('hypervisor.implausible', `${where} told what cannot be so; it counts as not told: ${what}`)
}

const lookRegularly = (init: PollerInit, state: PollerState): void => {
  const { sampleMs } = init.settings.hypervisor
  const usable = usableWhenKnown(state.description)
  const nextMs = usable === null ? sampleMs : samplePeriodMs(sampleMs, state.vms, usable)
  state.cancelSample = init.clock.after(nextMs, () => lookRegularly(init, state))
  if (!state.looking) look(init, state)
  // Connecting may take a moment. After a whole period the operator is told.
  if (!state.first && state.answering === false) complain(init, state)
  state.first = false
}

const look = (init: PollerInit, state: PollerState): void => {
  if (state.stopped) return
  if (state.looking) {
    state.lookAgain = true
    return
  }
  if (!init.hypervisor.connected) return sayAnswering(init, state, false)
  state.looking = true
  lookOnce(init, state)
    .catch((error: unknown) => {
      if (!state.stopped) failed(init, state, error)
    })
    .finally(() => {
      state.looking = false
      if (!state.lookAgain) return
      state.lookAgain = false
      look(init, state)
    })
}

const lookOnce = async (init: PollerInit, state: PollerState): Promise<void> => {
  const { hypervisor, feed } = init
  const begun = state.outdated
  const worthless = (): boolean => state.stopped || state.outdated !== begun
  // The core may want another answer as soon as it is told of one.
  while (state.factsWanted && !worthless()) await readFacts(init, state, worthless)
  // Jobs after the sample: a VM that leaves in between is then at worst still seen here, and with its job.
  const sampleAskedAt = instantOf(init.clock)
  const sample = await hypervisor.sample()
  const jobsAskedAt = instantOf(init.clock)
  const jobs = await hypervisor.jobs()
  if (worthless()) return
  state.failedLooks = 0
  state.trouble = null
  sayAnswering(init, state, true)
  state.vms = observedVms(sample)
  feed({ kind: 'observed', askedAt: sampleAskedAt, vms: state.vms })
  feed({ kind: 'jobs', askedAt: jobsAskedAt, ...jobsTold(jobs) })
  init.sampled(sample.pressure)
}

const readFacts = async (init: PollerInit, state: PollerState, worthless: () => boolean): Promise<void> => {
  const facts = await init.hypervisor.host()
  if (worthless()) return
  state.factsWanted = false
  state.hypervisorVersion = facts.version
  state.description = describeHost(facts, init.settings, init.version)
  sayAnswering(init, state, true)
  init.feed({ kind: 'described', description: state.description })
}

const failed = (init: PollerInit, state: PollerState, error: unknown): void => {
  const code = error instanceof HypervisorError ? error.code : 'hypervisor.refused'
  state.failedLooks += 1
  state.trouble = wordsOf(error)
  init.log.debug({ code, err: error }, 'could not look at the hypervisor')
  if (code === 'hypervisor.unreachable' || state.failedLooks >= failedLooksMax)
    sayAnswering(init, state, false)
}

const sayAnswering = (init: PollerInit, state: PollerState, now: boolean): void => {
  const before = state.answering
  if (before === now) return
  state.answering = now
  init.feed({ kind: 'hypervisor', connected: now })
  if (!now && before !== null) complain(init, state)
  if (now && state.complained) {
    state.complained = false
    init.log.warn({ code: null }, 'the hypervisor answers again')
  }
}

/** Once per loss. */
const complain = (init: PollerInit, state: PollerState): void => {
  if (state.complained) return
  state.complained = true
  const why = state.trouble ?? init.hypervisor.trouble ?? 'no answer'
  init.warn('hypervisor.unreachable', `the hypervisor does not answer: ${why}; this host grants nothing`)
}
