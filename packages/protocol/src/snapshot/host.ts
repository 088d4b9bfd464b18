/**
 * This host as its own agent knows it: what the hypervisor last said of its VMs, and what is known beyond that
 * (the demand of a VM that has just arrived, cool-downs, quarantines). One owner: the peer.
 */

import {
  habitOf,
  labelsOf,
  nothing,
  type Prospects,
  prospectsOf,
  type Resources,
  type Rule,
  sameLabels,
  subtract,
  sum,
  unwatched,
  type Watch,
  watch,
  watchOf,
} from '@drover/placement'
import { limits } from '../data/config.ts'
import { byText, type HostId, type Instant, type VmId } from '../data/ids.ts'
import type { HostDescription, ObservedVm } from '../data/io.ts'
import type { Need } from '../data/need.ts'
import type { MoveFacts, VmSnapshot } from '../data/snapshot.ts'
import { type Belief, believe, isUnknown, mostMilli, promisedBelief } from './belief.ts'
import { whyStays } from './may-move.ts'

export interface KnownVm extends ObservedVm, Belief {
  /** A VM that we took over but no sample has shown yet survives this many samples without it. */
  readonly unseen: number
  /** Goes on while nothing else about the VM changes. */
  watch: Watch
}

/** What is remembered of a VM apart from its samples; kept while it matters, even if the VM is not here. */
export interface VmMemory {
  readonly restsUntil: Instant
  readonly movedFrom: HostId | null
  readonly failures: number
  readonly quarantinedUntil: Instant
}

export interface HostState {
  description: HostDescription | null
  connected: boolean
  draining: boolean
  rules: readonly Rule[]
  readonly vms: Map<VmId, KnownVm>
  readonly memory: Map<VmId, VmMemory>
  /** VMs that left in the last moments: one older sample may still show them. */
  readonly left: Map<VmId, number>
  /** Copies that are to arrive, and that the last sample saw waiting for their hand-over, paused. */
  readonly waiting: Set<VmId>
  sampledAt: Instant | null
  /** How many samples were taken in. */
  samples: number
  /** The last sample, when it said what the one before it said. */
  sample: readonly ObservedVm[] | null
  /** For how long samples have come, s; and how much of it is not yet in the watches on its VMs, which did not change in it. */
  watchedS: number
  steadyS: number
  /** Goes up whenever something else is to be expected of `vms`: they changed, or the watches on them went on. */
  revision: number
  /** What its VMs want together; null = to be added up. */
  demand: Resources | null
  /** The VMs that run without a measurement; null = to be looked up. */
  unmeasured: readonly KnownVm[] | null
}

export const createHost = (rules: readonly Rule[], draining: boolean): HostState => ({
  description: null,
  connected: false,
  draining,
  rules,
  vms: new Map(),
  memory: new Map(),
  left: new Map(),
  waiting: new Set(),
  sampledAt: null,
  samples: 0,
  sample: null,
  watchedS: 0,
  steadyS: 0,
  revision: 0,
  demand: null,
  unmeasured: null,
})

/** Samples that may have been under way when a VM came or went. */
const samplesInFlight = 2

/** It was seen so before, and was measured, and is believed: only time has passed. */
const isAsBefore = (known: KnownVm, vm: ObservedVm): boolean =>
  known.vm === vm.vm &&
  known.cpuMilli === vm.cpuMilli &&
  known.cpuMilli !== null &&
  known.unmeasuredSince === null &&
  known.demand.cpuMilli === (vm.state === 'running' ? Math.min(vm.cpuMilli ?? 0, mostMilli(vm.vcpus)) : 0) &&
  known.demand.memoryMiB === vm.memoryMiB &&
  known.unseen === 0 &&
  known.state === vm.state &&
  known.pausedBy === vm.pausedBy &&
  known.incarnation === vm.incarnation &&
  known.memoryMiB === vm.memoryMiB &&
  known.dirtyMiBps === vm.dirtyMiBps &&
  known.vcpus === vm.vcpus &&
  known.fixed === vm.fixed &&
  known.diskLocked === vm.diskLocked &&
  known.name === vm.name &&
  sameLabels(known, vm)

/** Most samples say what the one before them said. */
const allAsBefore = ({ vms, left, sample }: HostState, observed: readonly ObservedVm[]): boolean => {
  if (left.size > 0 || vms.size !== observed.length) return false
  if (observed === sample) return true
  let i = 0
  for (const known of vms.values()) if (!isAsBefore(known, observed[i++]!)) return false
  return true
}

/**
 * Steady time goes into the watches when it has become more than this share of all: less would change no forecast by more, and
 * forecasts are not cheap. But it never becomes so long that the watch takes it for a gap.
 */
const steadyShare = 1 / 32
const steadySMax = 60

const wasMeasured = (known: KnownVm): boolean => known.state === 'running' && known.unmeasuredSince === null

const watchOn = (host: HostState): void => {
  for (const known of host.vms.values()) {
    const { cpuMilli } = known.demand
    if (wasMeasured(known)) known.watch = watch(known.watch, host.steadyS, cpuMilli, cpuMilli)
  }
  host.steadyS = 0
}

/** Call before `vms` changes. */
const changing = (host: HostState): void => {
  if (host.steadyS > 0) watchOn(host)
  host.revision += 1
  host.sample = null
  host.demand = null
  host.unmeasured = null
}

/**
 * Takes in one sample. `incoming` VMs are promised arrivals, counted by the ledger until they are taken over; `leaving` ones
 * are being moved away by us, and may be paused for that: with what they wanted when that began.
 */
export const observe = (
  host: HostState,
  now: Instant,
  observed: readonly ObservedVm[],
  incoming: ReadonlySet<VmId>,
  leaving: ReadonlyMap<VmId, Resources> = new Map(),
): void => {
  const elapsedS = host.sampledAt === null ? 0 : (now - host.sampledAt) / 1000
  if (incoming.size === 0 && allAsBefore(host, observed)) {
    host.sample = observed
    if (host.steadyS + elapsedS > steadySMax) watchOn(host)
    host.steadyS += elapsedS
    if (host.steadyS >= host.watchedS * steadyShare) {
      watchOn(host)
      host.revision += 1
    }
  } else takeIn(host, now, elapsedS, observed, incoming, leaving)
  host.watchedS += elapsedS
  for (const [vm, memory] of host.memory)
    if (memory.restsUntil <= now && memory.quarantinedUntil <= now && !host.vms.has(vm))
      host.memory.delete(vm)
  host.sampledAt = now
  host.samples += 1
}

/** Of the same life of the VM; the first sample after an arrival tells the incarnation that it has here. */
const sameLife = (known: KnownVm | undefined, vm: ObservedVm): KnownVm | null =>
  known !== undefined && (known.incarnation === '' || known.incarnation === vm.incarnation) ? known : null

const takeIn = (
  host: HostState,
  now: Instant,
  elapsedS: number,
  observed: readonly ObservedVm[],
  incoming: ReadonlySet<VmId>,
  leaving: ReadonlyMap<VmId, Resources>,
): void => {
  changing(host)
  const before = new Map(host.vms)
  host.vms.clear()
  host.waiting.clear()
  for (const vm of [...observed].sort((a, b) => byText(a.vm, b.vm))) {
    if (incoming.has(vm.vm) && vm.state === 'paused') host.waiting.add(vm.vm)
    if (incoming.has(vm.vm) || host.left.has(vm.vm)) continue
    const known = before.get(vm.vm)
    const belief = believe(sameLife(known, vm), vm, now, leaving.get(vm.vm) ?? null)
    const next = { ...vm, ...belief, unseen: 0, watch: known?.watch ?? unwatched }
    if (known !== undefined && wasMeasured(known) && wasMeasured(next))
      next.watch = watch(known.watch, elapsedS, known.demand.cpuMilli, next.demand.cpuMilli)
    host.vms.set(vm.vm, next)
  }
  for (const vm of before.values())
    if (vm.unseen > 0 && !host.vms.has(vm.vm)) host.vms.set(vm.vm, { ...vm, unseen: vm.unseen - 1 })
  for (const [vm, samples] of host.left)
    if (samples <= 1) host.left.delete(vm)
    else host.left.set(vm, samples - 1)
}

/** A VM runs here now: its promised demand becomes use at once, not at the next sample. */
export const arrive = (host: HostState, snapshot: VmSnapshot, restsUntil: Instant, from: HostId): void => {
  changing(host)
  host.left.delete(snapshot.vm)
  host.vms.set(snapshot.vm, {
    vm: snapshot.vm,
    name: snapshot.name,
    state: 'running',
    pausedBy: null,
    // The next sample tells the incarnation that it has here.
    incarnation: '',
    cpuMilli: snapshot.demand.cpuMilli,
    // As many as it must have; the next sample tells.
    vcpus: Math.max(1, Math.ceil(snapshot.demand.cpuMilli / 1_000)),
    memoryMiB: snapshot.demand.memoryMiB,
    dirtyMiBps: snapshot.dirtyMiBps,
    fixed: null,
    diskLocked: false,
    ...promisedBelief(snapshot.demand, !host.waiting.delete(snapshot.vm)),
    ...labelsOf(snapshot),
    unseen: samplesInFlight,
    watch: watchOf(snapshot.habit),
  })
  rest(host, snapshot.vm, restsUntil, from)
}

/** A VM is positively gone from here: credited now. */
export const depart = (host: HostState, vm: VmId): void => {
  changing(host)
  host.vms.delete(vm)
  host.left.set(vm, samplesInFlight)
}

const forgotten: VmMemory = { restsUntil: 0, movedFrom: null, failures: 0, quarantinedUntil: 0 }

export const rest = (host: HostState, vm: VmId, until: Instant, from: HostId): void => {
  host.memory.set(vm, {
    ...(host.memory.get(vm) ?? forgotten),
    restsUntil: until,
    movedFrom: from,
    failures: 0,
  })
}

/** Nobody is left alone for longer than a day. */
const quarantineMsMax = 86_400_000

/** A failed migration: the first may be bad luck, each further one doubles the pause before another try. */
export const blame = (host: HostState, vm: VmId, now: Instant, quarantineMs: number): void => {
  const memory = host.memory.get(vm) ?? forgotten
  const failures = Math.min(memory.failures + 1, 12)
  const pause = failures < 2 ? 0 : quarantineMs * 2 ** (failures - 2)
  host.memory.set(vm, { ...memory, failures, quarantinedUntil: now + pause })
}

/** Its migration had to be broken off: it is left alone from the first time on, twice as long with each further failure. */
export const quarantine = (host: HostState, vm: VmId, now: Instant, pauseMs: number): void => {
  const memory = host.memory.get(vm) ?? forgotten
  const failures = Math.min(memory.failures + 1, 12)
  host.memory.set(vm, {
    ...memory,
    failures,
    quarantinedUntil: now + Math.min(pauseMs * 2 ** (failures - 1), quarantineMsMax),
  })
}

/** Capacity less reserve; nothing while the host is not described. */
export const usableOf = (host: HostState): Resources =>
  host.description === null ? nothing : subtract(host.description.capacity, host.description.reserve)

/** Asked for several times in every step, and changed by few of them. */
export const demandOf = (host: HostState): Resources => {
  host.demand ??= sum([...host.vms.values()].map((vm) => vm.demand))
  return host.demand
}

/** Its hypervisor answers, and it was looked at lately. */
export const isSeen = (host: HostState, now: Instant): boolean =>
  host.connected &&
  host.description !== null &&
  host.sampledAt !== null &&
  now - host.sampledAt <= limits.sampleAgeMsMax

/** The VM whose demand has been unknown for longest: while there is one, this host promises nothing. */
export const unknownVm = (host: HostState, now: Instant): KnownVm | null => {
  host.unmeasured ??= [...host.vms.values()]
    .filter((vm) => vm.unmeasuredSince !== null)
    .sort((a, b) => a.unmeasuredSince! - b.unmeasuredSince!)
  return host.unmeasured.find((vm) => isUnknown(vm, now)) ?? null
}

/** What is expected of the demand of its VMs, in the order of `vms`. */
export const prospectsHere = (host: HostState): Prospects =>
  prospectsOf(
    [...host.vms.values()].map((vm) => ({ nowMilli: vm.demand.cpuMilli, habit: habitOf(vm.watch) })),
  )

/** Why a VM must stay whatever happens, or null. What a cool-down forbids is another question (`may-move.ts`). */
export const fixedCode = (host: HostState, now: Instant, vm: KnownVm): string | null => {
  if (vm.fixed !== null) return vm.fixed
  if (vm.state !== 'running') return 'vm.not_running'
  if ((host.memory.get(vm.vm)?.quarantinedUntil ?? 0) > now) return 'vm.quarantined'
  return null
}

/** Memory that the guest rewrites, MiB/s; while it was not measured, 5 % of it per second: a busy server's. */
export const dirtyMiBpsOf = ({
  dirtyMiBps,
  memoryMiB,
}: Pick<ObservedVm, 'dirtyMiBps' | 'memoryMiB'>): number => dirtyMiBps ?? Math.ceil(memoryMiB / 20)

export const moveFactsOf = (host: HostState, now: Instant, vm: KnownVm): MoveFacts => {
  const memory = host.memory.get(vm.vm)
  const resting = memory !== undefined && memory.restsUntil > now
  return {
    fixed: fixedCode(host, now, vm),
    cooldownMs: resting ? memory.restsUntil - now : 0,
    movedFrom: resting ? memory.movedFrom : null,
    ...labelsOf(vm),
  }
}

/** The code that says why a VM of this host stays here when moving it is wanted for such a need, or null. */
export const whyStaysHere = (
  host: HostState,
  now: Instant,
  vm: KnownVm,
  need: Need['kind'],
  overloaded: boolean,
): string | null => whyStays(moveFactsOf(host, now, vm), { need, overloaded, draining: host.draining })

export const snapshotVm = (host: HostState, now: Instant, vm: KnownVm): VmSnapshot => ({
  vm: vm.vm,
  name: vm.name,
  state: vm.state,
  incarnation: vm.incarnation,
  demand: vm.demand,
  dirtyMiBps: dirtyMiBpsOf(vm),
  habit: habitOf(vm.watch),
  ...moveFactsOf(host, now, vm),
})

/** As the local API shows them. */
export const vmsByName = (host: HostState, now: Instant): readonly VmSnapshot[] =>
  [...host.vms.values()]
    .sort((a, b) => byText(a.name, b.name) || byText(a.vm, b.vm))
    .map((vm) => snapshotVm(host, now, vm))
