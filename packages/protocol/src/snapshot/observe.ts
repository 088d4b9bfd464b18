/** Takes in one sample: which VMs are here, the demand of each as it is believed, and how long that demand has lasted. */

import { addDemand, noDemandSums, type Resources, sameLabels } from '@drover/placement'
import { limits } from '../data/config.ts'
import { byText, type Instant, type VmId } from '../data/ids.ts'
import type { ObservedVm } from '../data/io.ts'
import { type Amounts, believe, believedOf, toldOf } from './belief.ts'
import { settle, type Weighed } from './doubt.ts'
import {
  accumulateDemand,
  changing,
  type HostState,
  isSameStart,
  type KnownVm,
  usableHere,
  wasMeasured,
} from './host.ts'
import { checkSampled, checkWatched } from './host-invariants.ts'

/** All but the amounts. */
const sameFacts = (told: ObservedVm, vm: ObservedVm): boolean =>
  told.vm === vm.vm &&
  told.state === vm.state &&
  told.pausedBy === vm.pausedBy &&
  told.incarnation === vm.incarnation &&
  told.vcpus === vm.vcpus &&
  told.fixed === vm.fixed &&
  told.diskLocked === vm.diskLocked &&
  told.autostart === vm.autostart &&
  told.name === vm.name &&
  sameLabels(told, vm)

/** The sample says what is believed of the VM already: only time has passed. */
const isAsBefore = (
  { told, demand, dirtyMiBps, unmeasuredSince, unseen }: KnownVm,
  vm: ObservedVm,
): boolean =>
  told !== null &&
  unseen === limits.samplesLacked &&
  unmeasuredSince === null &&
  told.cpuMilli === vm.cpuMilli &&
  told.dirtyMiBps === vm.dirtyMiBps &&
  demand.cpuMilli === (vm.state === 'running' ? vm.cpuMilli : 0) &&
  demand.memoryMiB === vm.memoryMiB &&
  (vm.dirtyMiBps === null || dirtyMiBps === vm.dirtyMiBps) &&
  sameFacts(told, vm)

/** Most samples say the same as the one before. */
const allAsBefore = (host: HostState, observed: readonly ObservedVm[]): boolean => {
  const { vms, left, sample, doubt } = host
  if (doubt !== null || left.size > 0 || vms.size !== observed.length) return false
  if (observed === sample) return true
  let i = 0
  for (const known of vms.values()) if (!isAsBefore(known, observed[i++]!)) return false
  return true
}

/** The beliefs stay as they are. */
const stand = (host: HostState, elapsedS: number): void => {
  if (host.steadyS + elapsedS > limits.steadySMax) accumulateDemand(host)
  host.steadyS += elapsedS
  if (host.steadyS * limits.steadyParts < host.watchedS) return
  accumulateDemand(host)
  host.revision += 1
}

/**
 * Takes in one sample. `now`: when the hypervisor was asked for it. `incoming`: VMs of promised incoming migrations, which the ledger
 * counts until they run here. `leaving`: VMs that this host moves away, with their demand when that began; a migration may pause them.
 * True: look again at once.
 */
export const observe = (
  host: HostState,
  now: Instant,
  observed: readonly ObservedVm[],
  incoming: ReadonlySet<VmId>,
  leaving: ReadonlyMap<VmId, Resources> = new Map(),
): boolean => {
  const isFirst = host.sampledAt === null
  const elapsedS = host.sampledAt === null ? 0 : (now - host.sampledAt) / 1000
  checkWatched(host, now, elapsedS)
  if (incoming.size === 0 && allAsBefore(host, observed)) {
    host.sample = observed
    stand(host, elapsedS)
  } else takeIn(host, now, elapsedS, observed, incoming, leaving)
  host.watchedS += elapsedS
  for (const [vm, memory] of host.memory)
    if (memory.restsUntil <= now && memory.quarantinedUntil <= now && !host.vms.has(vm))
      host.memory.delete(vm)
  if (elapsedS * 1000 > limits.sampleAgeMsMax) host.averagedUntil = now + limits.measuredOverMsMin
  host.sampledAt = now
  if (isFirst) return true
  if (host.doubt === null || now - (host.lookedTwiceAt ?? -limits.secondLookMs) < limits.secondLookMs)
    return false
  host.lookedTwiceAt = now
  return true
}

/** What is known of the VM since its last start. The first sample after its arrival tells the incarnation that it has here. */
const sameLife = (known: KnownVm | undefined, vm: ObservedVm): KnownVm | null =>
  known !== undefined && isSameStart(known.incarnation, vm.incarnation) ? known : null

/** One VM of a sample, beside what was known of it. */
interface Shown extends Weighed {
  readonly seen: ObservedVm
  readonly known: KnownVm | undefined
  /** What is known since its last start. */
  readonly life: KnownVm | null
  readonly away: Resources | null
  /** Nothing about it is new. */
  readonly same: boolean
}

const shown = (
  known: KnownVm | undefined,
  seen: ObservedVm,
  away: Resources | null,
  calm: boolean,
): Shown => {
  const { vm } = seen
  const life = sameLife(known, seen)
  if (calm && life !== null && isAsBefore(life, seen)) {
    const { demand, dirtyMiBps } = life
    const believed = { cpuMilli: demand.cpuMilli, memoryMiB: demand.memoryMiB, dirtyMiBps }
    return { vm, believed, told: believed, seen, known, life, away, same: true }
  }
  // What is not told of its vCPUs is as it was.
  const vcpus = seen.vcpus >= 1 ? seen.vcpus : (life?.vcpus ?? 0)
  const told = toldOf(life, { ...seen, vcpus }, away)
  return { vm, believed: believedOf(life, seen, away), told, seen, known, life, away, same: false }
}

const known = (one: Shown, settled: Amounts, now: Instant, lastAt: Instant): KnownVm => {
  const elapsedS = (now - lastAt) / 1000
  const { seen, known: before, life, away, told } = one
  if (one.same && life !== null) {
    if (wasMeasured(life))
      life.demandSums = addDemand(life.demandSums, elapsedS, life.demand.cpuMilli, life.demand.cpuMilli)
    return life
  }
  const vcpus = seen.vcpus >= 1 ? seen.vcpus : (life?.vcpus ?? 0)
  const belief = believe(life, { ...seen, vcpus }, told, settled, now, lastAt, away)
  const next = {
    ...seen,
    vcpus,
    ...belief,
    told: seen,
    unseen: limits.samplesLacked,
    demandSums: before?.demandSums ?? noDemandSums,
  }
  if (before !== undefined && wasMeasured(before) && wasMeasured(next))
    next.demandSums = addDemand(before.demandSums, elapsedS, before.demand.cpuMilli, next.demand.cpuMilli)
  return next
}

/** The same VMs as before, measured again, and nothing but their amounts may be new. */
const onlyAmounts = (host: HostState, each: readonly Shown[]): boolean =>
  host.left.size === 0 &&
  host.vms.size === each.length &&
  each.every(({ same, seen, life, told }) => {
    if (same) return true
    if (told.cpuMilli === null || told.memoryMiB === null) return false
    return life !== null && life.told !== null && life.unmeasuredSince === null && sameFacts(life.told, seen)
  })

const takeIn = (
  host: HostState,
  now: Instant,
  elapsedS: number,
  observed: readonly ObservedVm[],
  incoming: ReadonlySet<VmId>,
  leaving: ReadonlyMap<VmId, Resources>,
): void => {
  host.waiting.clear()
  for (const { vm, state } of observed) if (incoming.has(vm) && state === 'paused') host.waiting.add(vm)
  const each: Shown[] = []
  for (const seen of observed) {
    const { vm } = seen
    if (incoming.has(vm) || host.left.has(vm)) continue
    each.push(shown(host.vms.get(vm), seen, leaving.get(vm) ?? null, host.doubt === null))
  }
  each.sort((a, b) => byText(a.vm, b.vm))
  const { settled, doubt } = settle(each, host.doubt, usableHere(host))
  const kept = host.doubt === null && doubt !== null && onlyAmounts(host, each)
  host.doubt = doubt
  if (kept) return stand(host, elapsedS)
  changing(host)
  const before = new Map(host.vms)
  host.vms.clear()
  for (const [i, one] of each.entries())
    host.vms.set(one.vm, known(one, settled[i]!, now, host.sampledAt ?? now))
  for (const vm of before.values())
    if (vm.unseen > 0 && !host.vms.has(vm.vm) && !incoming.has(vm.vm))
      host.vms.set(vm.vm, { ...vm, unseen: vm.unseen - 1 })
  for (const [vm, samples] of host.left)
    if (samples <= 1) host.left.delete(vm)
    else host.left.set(vm, samples - 1)
  checkSampled(host, now, before)
}
