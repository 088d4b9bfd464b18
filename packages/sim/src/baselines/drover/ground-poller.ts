/**
 * Looks at a host of the ground for its agent: every `sampleMs`, or closer (`samplePeriodMs`), as the daemon's poller does. It
 * is told by the ground when something has changed, so that a look at which nothing is new costs nothing. Each look at which
 * something is new is told to the core; of those at which nothing is, one every five seconds: what is expected of a host also
 * follows from how long its VMs have stayed the same, but the daemon's core hears it each time, and so sees a little sooner
 * that someone else could help.
 */
import type { Poller } from '@drover/agent/runtime'
import { type Input, type ObservedVm, samplePeriodMs } from '@drover/protocol'
import type { GroundHost } from '../../run/simulated-run.ts'
import type { Kernel } from '../../time/kernel.ts'
import { describe, observedOn } from './observations.ts'

export interface GroundPollerInit {
  readonly kernel: Kernel
  readonly host: GroundHost
  /** 0 = at every change, and every second. */
  readonly sampleMs: number
  /** Where in its period this host's looks fall, 0 … 1. Drawn when the looks begin. */
  readonly phase: () => number
  readonly feed: (input: Input) => void
  /** The agent has begun, some time ago by its own clock; from here on that clock goes with the kernel's. */
  readonly begun: () => void
}

export interface GroundPoller extends Poller {
  /** Something on the host has changed. */
  changed(): void
}

const periodMsDefault = 1_000
const unchangedMs = 5_000

export const createGroundPoller = (init: GroundPollerInit): GroundPoller => {
  const { kernel, host, sampleMs, feed } = init
  const periodMs = sampleMs > 0 ? sampleMs : periodMsDefault
  const usable = { cpuMilli: host.capacityMilli, memoryMiB: host.capacityMiB }
  const description = describe(host)
  let seen: readonly ObservedVm[] = []
  let outdated = true
  let toldAt = 0
  let stepMs = periodMs
  let summoned = false

  const see = (): readonly ObservedVm[] => {
    if (outdated) {
      seen = observedOn(host)
      stepMs = sampleMs > 0 ? samplePeriodMs(sampleMs, seen, usable) : periodMs
      outdated = false
    }
    return seen
  }
  const look = (): void => {
    toldAt = kernel.now()
    feed({ kind: 'observed', vms: see() })
  }
  const regularly = (): void => {
    if (outdated || kernel.now() - toldAt >= unchangedMs) look()
    kernel.after(stepMs, regularly)
  }

  return {
    start() {
      feed({ kind: 'hypervisor', connected: true })
      feed({ kind: 'described', description })
      feed({ kind: 'observed', vms: see() })
      feed({ kind: 'jobs', outgoing: [], incoming: [] })
      init.begun()
      look()
      kernel.after(init.phase() * periodMs, regularly)
    },
    look,
    /** The ground says so itself when a migration has ended. */
    lookAfresh() {},
    changed() {
      outdated = true
      if (sampleMs !== 0 || summoned) return
      summoned = true
      kernel.after(0, () => {
        summoned = false
        look()
      })
    },
    /** Agents live as long as the run. */
    stop() {},
    answering: true,
    trouble: null,
    description,
    hypervisorVersion: null,
  }
}
