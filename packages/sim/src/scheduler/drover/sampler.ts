/**
 * When an agent looks at its host. The daemon looks every `sampleMs`; here a look at which nothing could have changed is
 * left out, since the next one tells the same and covers its time. What matters to the core is kept: no input meets a sample
 * older than the daemon's could be, and no gap is so long that the core takes it for one.
 */
import type { ObservedVm } from '@drover/protocol'
import type { Kernel } from '../../kernel/kernel.ts'

export interface SamplerInit {
  readonly kernel: Kernel
  /** 0 = at every change. */
  readonly sampleMs: number
  /** Where in its period this host's looks fall, 0 … 1. */
  readonly phase: number
  /** The VMs of the host, as they are now. */
  look(): readonly ObservedVm[]
  /** Tells the core, as of that time (ms, never later than now). */
  tell(atMs: number, vms: readonly ObservedVm[]): void
}

export interface Sampler {
  /** The first look, as of that time (before 0: the agent was started then). */
  start(atMs: number): void
  /** Something on the host has changed: the next look sees it. */
  changed(): void
  /** The core is looking for something that others may have at any time: it looks again when the daemon would. */
  again(): void
  /** Looks now. */
  now(): void
  /** Before any other input: tells once more what was seen last, if that is older than a daemon's would be. */
  refresh(): void
}

/** With `sampleMs` 0, what stands for the period where one is needed. */
const periodMsDefault = 2_000
/** The core knows nothing of the demand in a gap between samples of more than 120 s (detect/habit.ts). */
const gapMsMax = 100_000

export const createSampler = ({ kernel, sampleMs, phase, look, tell }: SamplerInit): Sampler => {
  const periodMs = sampleMs > 0 ? sampleMs : periodMsDefault
  const offsetMs = Math.floor(phase * periodMs)
  let seen: readonly ObservedVm[] = []
  let seenAt = 0
  /** When the next look falls due; infinity = nothing to see. */
  let dueAt = Number.POSITIVE_INFINITY

  const bridge = (): void => {
    while (kernel.now() - seenAt > gapMsMax) {
      seenAt += gapMsMax
      tell(seenAt, seen)
    }
  }

  const now = (): void => {
    bridge()
    seen = look()
    seenAt = kernel.now()
    tell(seenAt, seen)
  }

  const lookAt = (atMs: number): void => {
    if (atMs >= dueAt) return
    dueAt = atMs
    kernel.after(atMs - kernel.now(), () => {
      if (dueAt !== atMs) return
      dueAt = Number.POSITIVE_INFINITY
      now()
    })
  }

  /** The first time of a look at or after `ms`. */
  const tickFrom = (ms: number): number => offsetMs + Math.ceil((ms - offsetMs) / periodMs) * periodMs

  return {
    start(atMs) {
      seen = look()
      seenAt = atMs
      tell(atMs, seen)
    },
    changed: () => lookAt(sampleMs > 0 ? tickFrom(kernel.now()) : kernel.now()),
    again: () => lookAt(tickFrom(kernel.now() + 1)),
    now,
    refresh() {
      if (kernel.now() - seenAt <= periodMs) return
      bridge()
      seenAt = kernel.now()
      tell(seenAt, seen)
    },
  }
}
