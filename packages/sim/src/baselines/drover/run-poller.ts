/**
 * Looks at a host of a run for its agent: every `sampleMs`, or closer (`samplePeriodMs`), as the daemon's poller does. It
 * is told by the run when something has changed, so that a look at which nothing is new costs nothing. Each look at which
 * something is new is told to the core; of those at which nothing is, one every five seconds: what is expected of a host also
 * follows from how long its VMs have stayed the same, but the daemon's core hears it each time, and so sees a little sooner
 * that another host could help.
 */
import { type Clock, instantOf, type Poller } from '@drover/agent/runtime'
import { type Input, type ObservedVm, samplePeriodMs } from '@drover/protocol'
import type { RunHost } from '../../run/simulated-run.ts'
import type { Kernel } from '../../time/kernel.ts'
import { describe, observedOn } from './observations.ts'

export interface RunPollerInit {
  readonly kernel: Kernel
  /** The agent's own, by which its core is told when it has looked. */
  readonly clock: Clock
  readonly host: RunHost
  /** 0 = at every change, and every second. */
  readonly sampleMs: number
  /** Where in its period this host's looks fall, 0 … 1. Drawn when the looks begin. */
  readonly phase: () => number
  readonly feed: (input: Input) => void
  /** The agent has begun, some time ago by its own clock; from here on that clock goes with the kernel's. */
  readonly begun: () => void
}

export interface RunPoller extends Poller {
  /** Something on the host has changed. */
  changed(): void
}

const periodMsDefault = 1_000
const unchangedMs = 5_000

export const createRunPoller = (init: RunPollerInit): RunPoller => {
  const { kernel, clock, host, sampleMs, feed } = init
  const periodMs = sampleMs > 0 ? sampleMs : periodMsDefault
  const usable = { cpuMilli: host.capacityMilli, memoryMiB: host.capacityMiB }
  const description = describe(host)
  let seen: readonly ObservedVm[] = []
  /** By what was seen last; regular looks go by it from the next one on. */
  let wantedStepMs = periodMs
  let outdated = true
  let toldAt = 0
  let summoned = false

  const see = (): readonly ObservedVm[] => {
    if (!outdated) return seen
    seen = observedOn(host)
    if (sampleMs > 0) wantedStepMs = samplePeriodMs(sampleMs, seen, usable)
    outdated = false
    return seen
  }
  const tell = (): void => {
    toldAt = kernel.now()
    feed({ kind: 'observed', askedAt: instantOf(clock), vms: see() })
  }

  // Regular looks come in even steps. Those at which there would be nothing to tell are slept through.
  let stepMs = periodMs
  let lastMs = 0
  let nextMs = 0
  let cancel = (): void => {}
  const waitFor = (atMs: number): void => {
    nextMs = atMs
    cancel = kernel.at(atMs, regularly)
  }
  const regularly = (): void => {
    lastMs = nextMs
    if (outdated || lastMs - toldAt >= unchangedMs) tell()
    stepMs = wantedStepMs
    let atMs = lastMs + stepMs
    while (!outdated && atMs - toldAt < unchangedMs) atMs += stepMs
    waitFor(atMs)
  }
  /** The next regular look is not slept through. */
  const wake = (): void => {
    const now = kernel.now()
    if (nextMs - now < stepMs) return
    cancel()
    while (lastMs + stepMs < now) lastMs += stepMs
    waitFor(lastMs + stepMs)
  }

  return {
    start() {
      feed({ kind: 'hypervisor', connected: true })
      feed({ kind: 'described', description })
      feed({ kind: 'observed', askedAt: instantOf(clock), vms: see() })
      feed({ kind: 'jobs', askedAt: instantOf(clock), outgoing: [], incoming: [] })
      init.begun()
      tell()
      waitFor(kernel.now() + init.phase() * periodMs)
    },
    look() {
      wake()
      tell()
    },
    /** The run says so itself when a migration has ended. */
    lookAfresh() {},
    describe: () => feed({ kind: 'described', description }),
    changed() {
      if (!outdated) wake()
      outdated = true
      if (sampleMs !== 0 || summoned) return
      summoned = true
      kernel.after(0, () => {
        summoned = false
        tell()
      })
    },
    /** Agents live as long as the run. */
    stop() {},
    answering: true,
    trouble: null,
    hypervisorVersion: null,
  }
}
