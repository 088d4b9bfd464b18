/**
 * The least that a host could know of the demand of a VM when it gave a promise: a measurement may be old, the hypervisor may have
 * lied, nothing measures a VM on its way, while it is paused or while its hypervisor is silent, and what others than drover do
 * counts from when the host was told of it.
 */
import { limits, type ObservedVm, type Resources, resources, type VmId } from '@drover/protocol'
import type { World } from '../hypervisor/world.ts'
import { createMeasuredWhen } from './measured-when.ts'

type Dimension = keyof Resources

interface Demanded {
  readonly at: number
  readonly demand: Resources
}

/** The last time that nothing measured a VM. */
interface Unmeasured {
  /** What could at least be known of it before. */
  readonly known: Resources
  /** When it ended; Infinity = it has not. */
  readonly to: number
  /** What is known from before is no ground for a promise any more at this time. */
  readonly until: number
}

/** It runs there by the hand of its owner. */
interface Appearance {
  /** It was there before, paused. */
  readonly resumed: boolean
  /** When the agent there was first shown it, running; null = it was not. */
  readonly toldAt: number | null
}

export interface LeastKnown {
  /** It is there, and need not run. */
  exists(vm: VmId): void
  /** It wants something else from now on. */
  changed(vm: VmId, demand: Resources): void
  /** It begins to move, on room that was promised then. */
  leaves(vm: VmId, promisedAt: number): void
  /** Its move is over, or drover has made it run. */
  arrives(vm: VmId): void
  /** Its owner pauses it, and lets it go on. */
  pauses(vm: VmId): void
  goesOn(vm: VmId): void
  /** Its owner has made it run there; `resumed`: it was there before, paused. */
  appears(vm: VmId, host: string, resumed: boolean): void
  /** The agent there was shown these. */
  shown(host: string, vms: readonly ObservedVm[]): void
  /** The agent there begins a new life, and knows of no measurement. */
  begins(host: string): void
  /** To a promise that was given then, ms of the world's clock. */
  of(vm: VmId, host: string, dimension: Dimension, promisedAt: number): number
}

/** The least since then. */
const lowest = (past: readonly Demanded[], since: number, now: Resources, dimension: Dimension): number => {
  const from = past.findLastIndex((entry) => entry.at <= since)
  return past
    .slice(Math.max(0, from))
    .reduce((least, { demand }) => Math.min(least, demand[dimension]), now[dimension])
}

/** `staleMs`: so old is the measurement behind a promise at most. */
export const createLeastKnown = (world: World, staleMs: number): LeastKnown => {
  const demands = new Map<VmId, Demanded[]>()
  const moves = new Map<VmId, Unmeasured>()
  const pauses = new Map<VmId, Unmeasured>()
  const appearances = new Map<string, Map<VmId, Appearance>>()
  const measured = createMeasuredWhen(world.clock, staleMs)

  const leastSince = (id: VmId, since: number, dimension: Dimension): number => {
    const vm = world.vm(id)
    if (vm.misreadAt !== null && vm.misreadAt >= since) return 0
    return lowest(demands.get(id) ?? [], since, vm, dimension)
  }

  const changed = (id: VmId, { cpuMilli, memoryMiB }: Resources): void => {
    const now = world.clock.now()
    const past = demands.get(id) ?? []
    const windowMs = 2 * staleMs + limits.demandAgeMsMax + limits.lateStartMs
    // Keep one entry from before the window: it says what held when the window began.
    while (past.length > 1 && (past[1]?.at ?? now) < now - windowMs) past.shift()
    past.push({ at: now, demand: { cpuMilli, memoryMiB } })
    demands.set(id, past)
  }

  const exists = (vm: VmId): void => {
    if (!demands.has(vm)) changed(vm, world.vm(vm))
  }

  const isNews = (vm: VmId, host: string, dimension: Dimension, promisedAt: number): boolean => {
    const appearance = appearances.get(host)?.get(vm)
    if (appearance === undefined || (appearance.resumed && dimension !== 'cpuMilli')) return false
    return appearance.toldAt === null || appearance.toldAt > promisedAt
  }

  /** On what was measured last before `from`. */
  const start = (of: Map<VmId, Unmeasured>, vm: VmId, from: number, lastsMs: number): void => {
    const known = resources((d) => leastSince(vm, from - staleMs, d))
    of.set(vm, { known, to: Number.POSITIVE_INFINITY, until: from + lastsMs })
  }

  const ends = (of: Map<VmId, Unmeasured>, vm: VmId): void => {
    const one = of.get(vm)
    if (one?.to === Number.POSITIVE_INFINITY) of.set(vm, { ...one, to: world.clock.now() })
  }

  for (const vm of world.vms()) changed(vm.vm, vm)
  return {
    exists,
    changed,
    leaves: (vm, promisedAt) => start(moves, vm, promisedAt, Number.POSITIVE_INFINITY),
    arrives(vm) {
      ends(moves, vm)
      for (const there of appearances.values()) there.delete(vm)
    },
    pauses: (vm) => start(pauses, vm, world.clock.now(), limits.demandAgeMsMax + staleMs),
    goesOn: (vm) => ends(pauses, vm),
    appears(vm, host, resumed) {
      exists(vm)
      const there = appearances.get(host) ?? new Map<VmId, Appearance>()
      appearances.set(host, there)
      there.set(vm, { resumed, toldAt: null })
    },
    begins: measured.begins,
    shown(host, vms) {
      measured.shown(host, vms)
      const there = appearances.get(host)
      if (there === undefined || there.size === 0) return
      const now = world.clock.now()
      for (const { vm, state } of vms) {
        const appearance = there.get(vm)
        if (appearance?.toldAt === null && state === 'running') there.set(vm, { ...appearance, toldAt: now })
      }
      // No request lies unread for longer: all promises that are still to be judged are younger.
      for (const [vm, { toldAt }] of there)
        if (toldAt !== null && toldAt < now - limits.lateStartMs - staleMs) there.delete(vm)
    },
    of(vm, host, dimension, promisedAt) {
      if (isNews(vm, host, dimension, promisedAt)) return 0
      const since = (measured.silentSince(host, vm, promisedAt) ?? promisedAt) - staleMs
      let least = leastSince(vm, since, dimension)
      for (const one of [moves.get(vm), pauses.get(vm)])
        if (one !== undefined && one.to >= since && one.until >= promisedAt)
          least = Math.min(least, one.known[dimension])
      return least
    },
  }
}
