/**
 * This host as its own agent knows it: what the hypervisor last said of its VMs, and what is known beyond that
 * (the demand of a VM that has just arrived, cool-downs, quarantines). One owner: the peer.
 */

import {
  addDemand,
  type DemandSums,
  demandStatsOf,
  demandSumsOf,
  labelsOf,
  nothing,
  type Resources,
  type Rule,
  sum,
  type VmForecasts,
  vmForecastsOf,
} from '@drover/placement'
import { limits } from '../data/config.ts'
import { backOffMs } from '../data/exponential-back-off.ts'
import { byText, type HostId, type Instant, type VmId } from '../data/ids.ts'
import type { HostDescription, ObservedVm } from '../data/io.ts'
import type { Need } from '../data/need.ts'
import type { AnyCode } from '../data/reasons.ts'
import type { MoveFacts, VmSnapshot } from '../data/snapshot.ts'
import { usableOf } from '../data/usable.ts'
import { type Amounts, agesSince, type Belief, isUnknown, promisedBelief } from './belief.ts'
import type { Doubt } from './doubt.ts'
import { checkChange, checkMemory } from './host-invariants.ts'
import { noReturnTo, whyStays } from './may-move.ts'

export interface KnownVm extends Omit<ObservedVm, keyof Amounts>, Belief {
  /** As the last sample told of it, believed or not; null = no sample has shown it yet. */
  readonly told: ObservedVm | null
  /** So many more samples in a row may lack it: after that it is gone from here. */
  readonly unseen: number
  /** Goes on while nothing else about the VM changes. */
  demandSums: DemandSums
}

/** Has a VM with this incarnation not been started anew since it was `before`? '' = it had just come, and no sample had shown it. */
export const isSameStart = (before: string, now: string): boolean => before === '' || before === now

/** What is remembered of a VM apart from its samples; kept while it matters, even if the VM is not here. */
export interface VmMemory {
  readonly restsUntil: Instant
  readonly movedFrom: HostId | null
  readonly failures: number
  readonly quarantinedUntil: Instant
}

export interface HostState {
  /** As believed; null = nothing is yet. */
  description: HostDescription | null
  /** As the hypervisor last told, while that is not believed (`described.ts`); else null. */
  claimed: HostDescription | null
  connected: boolean
  draining: boolean
  rules: readonly Rule[]
  /** VMs in drover's care: it may start, stop, suspend and resume these, and no other. */
  managed: ReadonlySet<VmId>
  readonly vms: Map<VmId, KnownVm>
  readonly memory: Map<VmId, VmMemory>
  /** VMs that left in the last moments: one older sample may still show them. */
  readonly left: Map<VmId, number>
  /** Copies that are to arrive, and that the last sample saw waiting for their hand-over, paused. */
  readonly waiting: Set<VmId>
  /** VMs here of which another host may have a copy, paused: were they gone from here, it would let it run. */
  readonly copyLeft: Set<VmId>
  /** VMs that our hypervisor may yet be about to let run, as asked, and until when: were they gone, it would let run what they left. */
  readonly resumesUnread: Map<VmId, Instant>
  sampledAt: Instant | null
  /** A sample before then tells what VMs wanted on average since that before a long pause or silence; null = there was none. */
  averagedUntil: Instant | null
  /** The last sample surprised, and is not believed before the next one. */
  doubt: Doubt | null
  /** When a second look was last asked for. */
  lookedTwiceAt: Instant | null
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

export const createHost = (
  rules: readonly Rule[],
  draining: boolean,
  managed: ReadonlySet<VmId> = new Set(),
): HostState => ({
  description: null,
  claimed: null,
  connected: false,
  draining,
  rules,
  managed,
  vms: new Map(),
  memory: new Map(),
  left: new Map(),
  waiting: new Set(),
  copyLeft: new Set(),
  resumesUnread: new Map(),
  sampledAt: null,
  averagedUntil: null,
  doubt: null,
  lookedTwiceAt: null,
  sample: null,
  watchedS: 0,
  steadyS: 0,
  revision: 0,
  demand: null,
  unmeasured: null,
})

/** The last sample measured its demand. */
export const wasMeasured = (known: KnownVm): boolean =>
  known.state === 'running' && known.unmeasuredSince === null

/** What did not change since then goes into the watches. */
export const accumulateDemand = (host: HostState): void => {
  for (const known of host.vms.values()) {
    const { cpuMilli } = known.demand
    if (wasMeasured(known)) known.demandSums = addDemand(known.demandSums, host.steadyS, cpuMilli, cpuMilli)
  }
  host.steadyS = 0
}

/** Call before `vms` changes. */
export const changing = (host: HostState): void => {
  if (host.steadyS > 0) accumulateDemand(host)
  host.revision += 1
  host.sample = null
  host.demand = null
  host.unmeasured = null
}

/** A VM runs here now: its promised demand becomes use at once, not at the next sample. */
export const arrive = (
  host: HostState,
  snapshot: Pick<VmSnapshot, 'vm' | 'name' | 'demand' | 'demandStats' | 'labels'> &
    Pick<Belief, 'dirtyMiBps'> &
    Partial<Pick<ObservedVm, 'autostart'>>,
): void => {
  changing(host)
  host.left.delete(snapshot.vm)
  host.vms.set(snapshot.vm, {
    vm: snapshot.vm,
    name: snapshot.name,
    state: 'running',
    pausedBy: null,
    // The next sample tells the incarnation that it has here.
    incarnation: '',
    // As many as it must have; the next sample tells.
    vcpus: Math.max(1, Math.ceil(snapshot.demand.cpuMilli / 1_000)),
    fixed: null,
    diskLocked: false,
    autostart: snapshot.autostart ?? false,
    told: null,
    ...promisedBelief(snapshot.demand, snapshot.dirtyMiBps, !host.waiting.delete(snapshot.vm)),
    ...labelsOf(snapshot),
    unseen: limits.samplesInFlight,
    demandSums: demandSumsOf(snapshot.demandStats),
  })
  checkChange(host, snapshot.vm, true)
}

/** A VM is positively gone from here: credited now. */
export const depart = (host: HostState, vm: VmId): void => {
  changing(host)
  host.vms.delete(vm)
  host.left.set(vm, limits.samplesInFlight)
  checkChange(host, vm, false)
}

const forgotten: VmMemory = { restsUntil: 0, movedFrom: null, failures: 0, quarantinedUntil: 0 }

const remember = (host: HostState, vm: VmId, memory: VmMemory): void => {
  checkMemory(memory)
  host.memory.set(vm, memory)
}

export const rest = (host: HostState, vm: VmId, until: Instant, from: HostId): void =>
  remember(host, vm, {
    ...(host.memory.get(vm) ?? forgotten),
    restsUntil: until,
    movedFrom: from,
    failures: 0,
  })

/** A migration of this VM has failed once more. So many failures in a row are pardoned; each further one doubles the pause. */
const countFailure = (host: HostState, vm: VmId, now: Instant, pauseMs: number, pardoned: number): void => {
  const memory = host.memory.get(vm) ?? forgotten
  const failures = memory.failures + 1
  const counted = failures - pardoned
  const pause = counted <= 0 ? 0 : backOffMs(counted, pauseMs, limits.quarantineMsMax)
  remember(host, vm, { ...memory, failures, quarantinedUntil: now + pause })
}

/** A failed migration: the first may be bad luck. */
export const countFailedMigration = (host: HostState, vm: VmId, now: Instant, quarantineMs: number): void =>
  countFailure(host, vm, now, quarantineMs, 1)

/** Its migration had to be broken off: it is left alone from the first time on. */
export const quarantine = (host: HostState, vm: VmId, now: Instant, pauseMs: number): void =>
  countFailure(host, vm, now, pauseMs, 0)

/** What this host may give to VMs; nothing while it is not described. */
export const usableHere = ({ description }: HostState): Resources =>
  description === null ? nothing : usableOf(description)

/** Asked for several times in every step, and changed by few of them. */
export const demandOf = (host: HostState): Resources => {
  host.demand ??= sum([...host.vms.values()].map((vm) => vm.demand))
  return host.demand
}

/** Its hypervisor answers, and it was looked at lately. */
export const isSeen = (host: HostState, now: Instant): boolean =>
  host.connected &&
  (host.description ?? host.claimed) !== null &&
  host.sampledAt !== null &&
  now - host.sampledAt <= limits.sampleAgeMsMax

/** The first look alone may have shown none of its VMs, and the first one after a long silence tells an average over that. */
export const isLookedAtTwice = ({ sampledAt, watchedS, averagedUntil }: HostState): boolean =>
  sampledAt !== null && watchedS > 0 && sampledAt >= (averagedUntil ?? 0)

/** The VM whose demand has been unknown for longest: while there is one, this host promises nothing. */
export const unknownVm = (host: HostState, now: Instant): KnownVm | null => {
  host.unmeasured ??= [...host.vms.values()]
    .filter((vm) => vm.unmeasuredSince !== null)
    .sort((a, b) => agesSince(a)! - agesSince(b)!)
  return host.unmeasured.find((vm) => isUnknown(vm, now)) ?? null
}

/** When what was last seen of it is too old, and each demand that is not measured any more, if no sample comes; some may be past. */
export const agesAt = (host: HostState): readonly Instant[] => [
  ...(host.sampledAt === null ? [] : [host.sampledAt + limits.sampleAgeMsMax + 1]),
  ...(host.unmeasured ?? []).map((vm) => agesSince(vm)! + limits.demandAgeMsMax + 1),
]

/** What is expected of the demand of its VMs, in the order of `vms`. */
export const vmForecastsHere = (host: HostState): VmForecasts =>
  vmForecastsOf(
    [...host.vms.values()].map((vm) => ({
      nowMilli: vm.demand.cpuMilli,
      stats: demandStatsOf(vm.demandSums),
    })),
  )

/** Why a VM must stay whatever happens, or null. What a cool-down forbids is another question (`may-move.ts`). */
export const fixedCode = (host: HostState, now: Instant, vm: KnownVm): AnyCode | null => {
  if (vm.fixed !== null) return vm.fixed
  if (vm.state !== 'running') return 'vm.not_running'
  if (host.copyLeft.has(vm.vm)) return 'vm.stale_copy'
  if ((host.resumesUnread.get(vm.vm) ?? 0) > now) return 'vm.resume_unread'
  if ((host.memory.get(vm.vm)?.quarantinedUntil ?? 0) > now) return 'vm.quarantined'
  return null
}

/** Memory that the guest rewrites, MiB/s: as measured, or else the share of it that is assumed. */
export const dirtyMiBpsOf = ({ dirtyMiBps, demand }: Belief): number =>
  dirtyMiBps ?? Math.ceil((demand.memoryMiB * limits.dirtyPermille) / 1_000)

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
): AnyCode | null => whyStays(moveFactsOf(host, now, vm), { need, overloaded, draining: host.draining })

/** The host to which this VM must not go for such a need, or null. */
export const mustNotGoTo = (
  host: HostState,
  now: Instant,
  vm: KnownVm,
  need: Need['kind'],
  overloaded: boolean,
): HostId | null => noReturnTo(moveFactsOf(host, now, vm), { need, overloaded, draining: host.draining })

export const snapshotVm = (host: HostState, now: Instant, vm: KnownVm): VmSnapshot => ({
  vm: vm.vm,
  name: vm.name,
  state: vm.state,
  incarnation: vm.incarnation,
  demand: vm.demand,
  dirtyMiBps: dirtyMiBpsOf(vm),
  demandStats: demandStatsOf(vm.demandSums),
  ...moveFactsOf(host, now, vm),
})

/** As the local API shows them. */
export const vmsByName = (host: HostState, now: Instant): readonly VmSnapshot[] =>
  [...host.vms.values()]
    .sort((a, b) => byText(a.name, b.name) || byText(a.vm, b.vm))
    .map((vm) => snapshotVm(host, now, vm))
