/**
 * When an agent looks at its host: every `sampleMs`, or closer (`samplePeriodMs`), as the daemon does. Each look at which
 * something is new is told to the core; of those at which nothing is, one every five seconds: what is expected of a host also
 * follows from how long its VMs have stayed the same, but the daemon's core hears it each time, and so sees a little sooner
 * that someone else could help.
 */
import type { ObservedVm } from '@drover/protocol'
import type { Kernel } from '../../kernel/kernel.ts'

export interface SamplerInit {
  readonly kernel: Kernel
  /** 0 = at every change, and every second. */
  readonly sampleMs: number
  /** Where in its period this host's looks fall, 0 … 1. */
  readonly phase: number
  /** The time to the next look, ms, with what was seen last. */
  period(seen: readonly ObservedVm[]): number
  /** The VMs of the host, as they are now. */
  look(): readonly ObservedVm[]
  tell(vms: readonly ObservedVm[]): void
}

export interface Sampler {
  /** Something on the host has changed. */
  changed(): void
  /** Looks now. */
  now(): void
}

const periodMsDefault = 1_000
const unchangedMs = 5_000

/** The first look is at once. */
export const createSampler = ({ kernel, sampleMs, phase, period, look, tell }: SamplerInit): Sampler => {
  const periodMs = sampleMs > 0 ? sampleMs : periodMsDefault
  let seen: readonly ObservedVm[] = []
  let outdated = true
  let toldAt = 0
  let stepMs = periodMs
  let summoned = false

  const now = (): void => {
    if (outdated) {
      seen = look()
      stepMs = sampleMs > 0 ? period(seen) : periodMs
    }
    outdated = false
    toldAt = kernel.now()
    tell(seen)
  }
  const regularly = (): void => {
    if (outdated || kernel.now() - toldAt >= unchangedMs) now()
    kernel.after(stepMs, regularly)
  }
  const summon = (): void => {
    summoned = true
    kernel.after(0, () => {
      summoned = false
      now()
    })
  }
  now()
  kernel.after(phase * periodMs, regularly)

  return {
    changed() {
      outdated = true
      if (sampleMs === 0 && !summoned) summon()
    },
    now,
  }
}
