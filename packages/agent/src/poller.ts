/**
 * Watches the hypervisor and tells the core: `hypervisor`, `described`, `observed`, `jobs`. It looks every `sampleMs`
 * (closer while the host is nearly full),
 * soon after the hypervisor says that something changed, and when the core asks. One look at a time: requests while one
 * is under way get one more look after it, all together.
 */
import { type HostDescription, type Input, type ObservedVm, samplePeriodMs } from '@drover/protocol'
import type { Clock } from './clock.ts'
import type { Settings } from './config/settings.ts'
import { wordsOf } from './errors.ts'
import {
  type HostFacts,
  type Hypervisor,
  HypervisorError,
  type HypervisorEvent,
  type Sample,
} from './hypervisor/hypervisor-port.ts'
import type { Immediate } from './immediate.ts'
import type { Log } from './log-port.ts'
import {
  describeHost,
  isPossible,
  jobsTold,
  observedVms,
  sameCapacity,
  sameDescription,
  usableOf,
} from './observation.ts'

export interface Poller {
  start(): void
  /** Look now; if a look is under way, once more after it. */
  look(): void
  /** Look now, and forget the look under way: what it saw may be older than what the core is about to be told. */
  lookAfresh(): void
  /** Looks no more; what is under way is ignored. */
  stop(): void
  /** True while the hypervisor is connected and answers. */
  readonly answering: boolean
  /** Why a connected hypervisor does not answer, in one line; else null. */
  readonly trouble: string | null
  readonly description: HostDescription | null
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
/** Answers to the question what this host has, until two agree. */
const factsTriesMax = 4
/** A hypervisor that is connected but fails this many looks in a row counts as not answering. */
const failedLooksMax = 2

export const createPoller = (init: PollerInit): Poller => {
  const { hypervisor, clock, settings, log, feed } = init
  let answering: boolean | null = null
  let description: HostDescription | null = null
  let hypervisorVersion: string | null = null
  /** Facts are read once per connection. */
  let factsKnown = false
  let failedLooks = 0
  let trouble: string | null = null
  let complained = false
  let looking = false
  /** Counts what makes a look under way worthless. */
  let outdated = 0
  let lookAgain = false
  let stopped = false
  let first = true
  let cancelSample = (): void => {}
  let seen: readonly ObservedVm[] = []
  let cancelChanged: (() => void) | null = null
  let unsubscribe = () => {}

  const sayAnswering = (now: boolean): void => {
    if (answering === now) return
    const before = answering
    answering = now
    feed({ kind: 'hypervisor', connected: now })
    if (!now && before !== null) complain()
    if (now && complained) {
      complained = false
      log.warn({ code: null }, 'the hypervisor answers again')
    }
  }

  /** Once per loss. */
  const complain = (): void => {
    if (complained) return
    complained = true
    const why = trouble ?? hypervisor.trouble ?? 'no answer'
    init.warn('hypervisor.unreachable', `the hypervisor does not answer: ${why}; this host grants nothing`)
  }

  /** Asked until two answers in a row agree: what a host seems to have for one answer only would move its VMs. */
  const agreedFacts = async (): Promise<HostFacts> => {
    let facts = await hypervisor.host()
    for (let tries = 1; tries < factsTriesMax; tries += 1) {
      const before = facts
      facts = await hypervisor.host()
      if (isPossible(facts.capacity) && sameCapacity(before, facts)) return facts
    }
    const { cpuMilli, memoryMiB } = facts.capacity
    throw new HypervisorError(
      'hypervisor.refused',
      `no two answers agree on what this host has; the last one was ${cpuMilli} mCPU, ${memoryMiB} MiB`,
    )
  }

  const readFacts = async (worthless: () => boolean): Promise<void> => {
    const facts = await agreedFacts()
    if (worthless()) return
    factsKnown = true
    hypervisorVersion = facts.version
    sayAnswering(true)
    const told = describeHost(facts, settings, init.version)
    if (description !== null && sameDescription(description, told)) return
    description = told
    feed({ kind: 'described', description: told })
  }

  const lookOnce = async (): Promise<void> => {
    const begun = outdated
    const worthless = () => stopped || outdated !== begun
    if (!factsKnown) await readFacts(worthless)
    // Jobs after the sample: a VM that leaves in between is then at worst still seen here, and with its job.
    const sample = await hypervisor.sample()
    const jobs = await hypervisor.jobs()
    if (worthless()) return
    failedLooks = 0
    trouble = null
    sayAnswering(true)
    const vms = observedVms(sample)
    seen = vms
    feed({ kind: 'observed', vms })
    feed({ kind: 'jobs', ...jobsTold(jobs) })
    init.sampled(sample.pressure)
  }

  const failed = (error: unknown): void => {
    const code = error instanceof HypervisorError ? error.code : 'hypervisor.refused'
    failedLooks += 1
    trouble = wordsOf(error)
    log.debug({ code, err: error }, 'could not look at the hypervisor')
    if (code === 'hypervisor.unreachable' || failedLooks >= failedLooksMax) sayAnswering(false)
  }

  const look = (): void => {
    if (stopped) return
    if (looking) {
      lookAgain = true
      return
    }
    if (!hypervisor.connected) return sayAnswering(false)
    looking = true
    lookOnce()
      .catch((error: unknown) => {
        if (!stopped) failed(error)
      })
      .finally(() => {
        looking = false
        if (!lookAgain) return
        lookAgain = false
        look()
      })
  }

  const lookRegularly = (): void => {
    const { sampleMs } = settings.hypervisor
    const usable = usableOf(description)
    const nextMs = usable === null ? sampleMs : samplePeriodMs(sampleMs, seen, usable)
    cancelSample = clock.after(nextMs, lookRegularly)
    if (!looking) look()
    // It may take a moment to connect; after a whole period it is worth a word.
    if (!first && answering === false) complain()
    first = false
  }

  const onEvent = (event: HypervisorEvent): void => {
    if (stopped) return
    switch (event.kind) {
      case 'connected':
        log.debug('the hypervisor is connected')
        factsKnown = false
        failedLooks = 0
        trouble = null
        return look()
      case 'disconnected':
        trouble = event.reason
        factsKnown = false
        outdated += 1
        return sayAnswering(false)
      case 'changed':
        cancelChanged ??= clock.after(changedDebounceMs, () => {
          cancelChanged = null
          look()
        })
        return
      default:
        event satisfies never
    }
  }

  return {
    start() {
      unsubscribe = hypervisor.events(onEvent)
      hypervisor.open()
      lookRegularly()
    },
    look,
    lookAfresh() {
      outdated += 1
      look()
    },
    stop() {
      stopped = true
      unsubscribe()
      cancelSample()
      cancelChanged?.()
    },
    get answering() {
      return answering === true
    },
    get trouble() {
      return trouble
    },
    get description() {
      return description
    },
    get hypervisorVersion() {
      return hypervisorVersion
    },
  }
}
