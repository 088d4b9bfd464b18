/** From the members' snapshots and the need to the placement problem that the leader solves. */

import {
  add,
  assert,
  breaks,
  type Dimension,
  dimensions,
  type Forecast,
  firstExcess,
  labelsOf,
  type PartitionProblem,
  type ProblemHost,
  type ProblemVm,
  type Resources,
  type Rule,
  reduced,
  resources,
  scale,
  subtract,
  sum,
  vmForecastsOf,
} from '@drover/placement'
import { linkMiBpsOf, type Policy } from '../data/config.ts'
import { byText, type HostId, type VmId } from '../data/ids.ts'
import type { Need } from '../data/need.ts'
import type { HostSnapshot, VmSnapshot } from '../data/snapshot.ts'
import { usableOf } from '../data/usable.ts'
import { noReturnTo, type Occasion, whyStays } from './may-move.ts'

const vector = (amounts: Resources): readonly number[] => dimensions.map((d) => amounts[d])

export const snapshotDemand = (snapshot: HostSnapshot): Resources => sum(snapshot.vms.map((vm) => vm.demand))

/**
 * `clear`: overloaded hosts are to be brought to the clear mark, and no other is filled above it. `usable`: the
 * second best when `clear` cannot be had: no host above capacity − reserve. A host that is above the mark but not
 * (yet) overloaded is left as it is: a blip is no reason to move anything.
 */
export type Target = 'clear' | 'usable'

const limitOf = (snapshot: HostSnapshot, policy: Policy, target: Target): Resources => {
  const usable = usableOf(snapshot)
  const demand = snapshotDemand(snapshot)
  const mark = target === 'clear' ? scale(usable, policy.clearPermille) : usable
  const tooMuch = (d: Dimension) => snapshot.overloaded && demand[d] > usable[d]
  const limit = resources((d) => (tooMuch(d) ? mark[d] : Math.max(mark[d], demand[d])))
  return subtract(limit, snapshot.promisedIn)
}

/**
 * A host that has more demand than is usable admits no VM that would leave it so, whatever its limit is here: its ledger refuses it
 * (S9). A plan that swaps VMs there would be refused half-way. Where demand is usable, the limit is no more.
 */
const admitsOf = (snapshot: HostSnapshot): Pick<ProblemHost, 'admits'> => {
  const usable = usableOf(snapshot)
  if (firstExcess(add(snapshotDemand(snapshot), snapshot.promisedIn), usable) === null) return {}
  return { admits: vector(subtract(usable, snapshot.promisedIn)) }
}

const occasionOf = ({ overloaded, draining }: HostSnapshot, need: Need): Occasion => ({
  need: need.kind,
  overloaded,
  draining,
})

/** A rule as far as it is about VMs of the members, since nothing else is known; and which of them have told it. */
interface Told {
  readonly rule: Rule
  readonly by: Set<HostId>
}

/**
 * Rules of all members, each once. One that the leader does not have is left out where it asks for a move of others' VMs only: it may be
 * invented, and their own hosts know what binds them (ADR 29).
 */
const mergeRules = (snapshots: readonly HostSnapshot[], leader: HostId): readonly Rule[] => {
  const here = new Set(snapshots.flatMap((snapshot) => snapshot.vms.map((vm) => vm.vm)))
  const merged = new Map<string, Told>()
  for (const { host, rules } of snapshots)
    for (const one of rules) {
      const rule = reduced(one, here)
      if (rule === null) continue
      const key = JSON.stringify(rule)
      const told = merged.get(key) ?? { rule, by: new Set() }
      told.by.add(host)
      merged.set(key, told)
    }
  return [...merged]
    .sort(([a], [b]) => byText(a, b))
    .flatMap(([, told]) => (told.by.has(leader) || !drawsOthers(told, snapshots) ? [told.rule] : []))
}

/** Do VMs break it that all are on hosts which have not told it? */
const drawsOthers = ({ rule, by }: Told, snapshots: readonly HostSnapshot[]): boolean => {
  const others = snapshots.flatMap(({ host, vms }) =>
    by.has(host) ? [] : vms.map((vm) => ({ ...vm, host })),
  )
  return others.length > 0 && breaks(rule, others)
}

/** What a resting VM must not do, as rules. */
const noReturn = (snapshots: readonly HostSnapshot[], need: Need): readonly Rule[] => {
  const members = new Set(snapshots.map((snapshot) => snapshot.host))
  return snapshots.flatMap((snapshot) => {
    const occasion = occasionOf(snapshot, need)
    return snapshot.vms.flatMap((vm): readonly Rule[] => {
      const host = noReturnTo(vm, occasion)
      if (host === null || !members.has(host)) return []
      const name = `cool-down of ${vm.name}`
      return [{ kind: 'ban', name, code: 'vm.cooldown', vms: [vm.vm], hosts: [host] }]
    })
  })
}

const requirements = (need: Need, leader: HostId): readonly Rule[] => {
  if (need.kind !== 'migrate') return []
  return need.to === null
    ? [{ kind: 'ban', name: 'operator', vms: [need.vm], hosts: [leader], continuous: false }]
    : [{ kind: 'fence', name: 'operator', vms: [need.vm], hosts: [need.to], continuous: false }]
}

/**
 * A broken migration may leave a paused copy on one host while the VM runs on another (R1: only an operator removes it). The
 * running one is the VM; a copy is part of what its host has promised away. A VM that runs twice is for an operator to look
 * at: no copy of it may move.
 */
const onlyOnce = (snapshots: readonly HostSnapshot[]): readonly HostSnapshot[] => {
  const running = new Map<VmId, number>()
  for (const { vms } of snapshots)
    for (const { vm, state } of vms) if (state === 'running') running.set(vm, (running.get(vm) ?? 0) + 1)
  const seen = new Set<VmId>()
  const isCopy = ({ vm, state }: VmSnapshot): boolean => {
    const times = running.get(vm) ?? 0
    const second = seen.has(vm)
    seen.add(vm)
    return times === 0 ? second : times > 1 || state === 'paused'
  }
  return snapshots.map((snapshot) => {
    const copies = new Set(snapshot.vms.filter(isCopy))
    if (copies.size === 0) return snapshot
    return {
      ...snapshot,
      vms: snapshot.vms.filter((vm) => !copies.has(vm)),
      promisedIn: add(snapshot.promisedIn, sum([...copies].map((vm) => vm.demand))),
    }
  })
}

/** A host that has a copy of a VM admits it for no plan, as rules. */
const copiesStay = (all: readonly HostSnapshot[], once: readonly HostSnapshot[]): readonly Rule[] => {
  const moved = new Set(once.flatMap(({ vms }) => vms.map(({ vm }) => vm)))
  return all.flatMap(({ host, vms }, i) => {
    const kept = new Set(once[i]?.vms)
    return vms
      .filter((vm) => !kept.has(vm) && moved.has(vm.vm))
      .map(
        ({ vm, name }): Rule => ({
          kind: 'ban',
          name: `copy of ${name}`,
          code: 'vm.present',
          vms: [vm],
          hosts: [host],
        }),
      )
  })
}

/** What the members expect; nothing where the policy does not act early, or the leader cannot believe what it foresees. */
const forecastOf = (
  snapshots: readonly HostSnapshot[],
  leader: HostId,
  need: Need,
  policy: Policy,
): Forecast | null => {
  if (policy.forecastGainMsMin === null || (need.kind !== 'overload' && need.kind !== 'forecast')) return null
  if (!snapshots.some((snapshot) => snapshot.host === leader && snapshot.foresees)) return null
  const forecasts = snapshots.map(({ vms }) =>
    vmForecastsOf(vms.map((vm) => ({ nowMilli: vm.demand.cpuMilli, stats: vm.demandStats }))),
  )
  return {
    gainMsMin: policy.forecastGainMsMin,
    hosts: snapshots.map((snapshot, i) => ({
      usableMilli: Math.max(0, usableOf(snapshot).cpuMilli - snapshot.promisedIn.cpuMilli),
      turnoverS: forecasts[i]!.turnoverS,
      mayLeave: snapshot.host === leader,
      foresees: snapshot.foresees,
    })),
    vms: forecasts.flatMap(({ each }) => each),
  }
}

export const formulate = (
  snapshots: readonly HostSnapshot[],
  leader: HostId,
  need: Need,
  policy: Policy,
  target: Target,
): PartitionProblem => {
  const all = [...snapshots].sort((a, b) => byText(a.host, b.host))
  const sorted = onlyOnce(all)
  const hosts = sorted.map(
    (snapshot): ProblemHost => ({
      id: snapshot.host,
      state: snapshot.draining ? 'draining' : 'online',
      limit: vector(limitOf(snapshot, policy, target)),
      ...admitsOf(snapshot),
      cpuBaseline: snapshot.cpuBaseline,
      failureDomain: snapshot.failureDomain,
    }),
  )
  const vms = sorted.flatMap((snapshot) => {
    const occasion = occasionOf(snapshot, need)
    return snapshot.vms.map(
      (vm): ProblemVm => ({
        id: vm.vm,
        host: snapshot.host,
        state: 'running',
        wanted: 'running',
        demand: vector(vm.demand),
        memoryMiB: vm.demand.memoryMiB,
        dirtyMiBps: vm.dirtyMiBps,
        movable: whyStays(vm, occasion) === null,
        ...labelsOf(vm),
      }),
    )
  })
  const forecast = forecastOf(sorted, leader, need, policy)
  assert(
    sorted.some((snapshot) => snapshot.host === leader),
    () => `${leader} leads a partition of which it is a member`,
  )
  assert(
    sorted.every((snapshot, i) => i === 0 || sorted[i - 1]!.host < snapshot.host),
    () => `each member of the partition of ${leader} stands once in the problem`,
  )
  assert(
    new Set(vms.map(({ id }) => id)).size === vms.length,
    () => `each VM of the members of ${leader} stands once in the problem`,
  )
  assert(
    forecast === null || (forecast.hosts.length === hosts.length && forecast.vms.length === vms.length),
    () => `what is foreseen for ${leader} and its members is foreseen for each host and VM`,
  )
  return {
    ...(forecast === null ? {} : { forecast }),
    dimensions: [...dimensions],
    hosts,
    vms,
    rules: [
      ...mergeRules(sorted, leader),
      ...noReturn(sorted, need),
      ...copiesStay(all, sorted),
      ...requirements(need, leader),
    ],
    bandwidthMiBps: linkMiBpsOf(policy),
    migrationsOutMax: policy.migrationsOutMax,
    migrationsInMax: policy.migrationsInMax,
  }
}
