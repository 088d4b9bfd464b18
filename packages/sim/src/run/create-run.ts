/** One run: the world that a workload describes, in virtual time, with everything measured. */
import type { VmId } from '@drover/protocol'
import type { MigrationEnd, MigrationTruth, WorldEvent } from '../hypervisor/events.ts'
import { type HostRecord, isActive } from '../hypervisor/state.ts'
import { createWorld, type World } from '../hypervisor/world.ts'
import { randomOf } from '../random.ts'
import { createKernel } from '../time/kernel.ts'
import type { Workload } from '../workload/workload.ts'
import { type CountedHost, newCountedHost, recount, relist } from './counted-hosts.ts'
import { demandFeed } from './demand-feed.ts'
import type { PowerManagement } from './energy.ts'
import { createMeters, type Measures } from './meters.ts'
import { timelineHostsMax } from './result.ts'
import type { RunHost, SimulatedRun } from './simulated-run.ts'

export interface SimulatedRunOptions {
  readonly workload: Workload
  readonly seed: number
  /** Hears every line of the trace; its hash is always made. */
  readonly trace?: (line: string) => void
  /** Default: for workloads of at most `timelineHostsMax` hosts. */
  readonly timeline?: boolean
  /** From the last page sent to the guest running there, ms. Default 0: VMPlaceS counts none. */
  readonly finishMs?: number
  /** Of all hosts; what `energyKwh` counts by. Default `load`. */
  readonly powerManagement?: PowerManagement
}

export interface PlayableRun {
  readonly run: SimulatedRun
  /** From where time stands to the end of the workload. A timer of that last instant still fires. */
  play(): void
  /** Of all until now. */
  measures(): Measures
}

/** All hosts and VMs as they are at time 0. Throws RangeError on a VM or host twice, or a VM on no host. */
const settleWorld = (world: World, { hosts, vms }: Workload): void => {
  /** A VM that wants more rewrites more, whether it is served or not (VMPlaceS: load · dirty share · rate). */
  const dirtying = new Map<number, (grantedMilli: number, wantedMilli: number) => number>()
  const dirtyingOf = (perCore: number): ((grantedMilli: number, wantedMilli: number) => number) => {
    const known = dirtying.get(perCore)
    if (known !== undefined) return known
    const law = (_: number, wantedMilli: number): number => (wantedMilli / 1_000) * perCore
    dirtying.set(perCore, law)
    return law
  }
  for (const { name, capacity, linkMiBps } of hosts) world.addHost({ name, capacity, linkMiBps })
  for (const { vm, host, vcpus, memoryMiB, cpuMilli, dirtyMiBpsPerCore } of vms)
    world.addVm({
      vm,
      name: vm,
      host,
      vcpus,
      memoryMiB,
      cpuMilli,
      dirtyMiBps: dirtyingOf(dirtyMiBpsPerCore),
    })
}

export const createRun = (options: SimulatedRunOptions): PlayableRun => {
  const { workload, seed } = options
  const kernel = createKernel()
  const world = createWorld({
    clock: kernel,
    migrationMiBps: workload.migrationMiBps,
    finishMs: options.finishMs ?? 0,
  })
  const { state, migrations, migrationMiBps } = world.inside
  settleWorld(world, workload)

  const hosts: CountedHost[] = []
  const hostAt = new Map<HostRecord, CountedHost>()
  for (const record of state.hosts.values()) {
    const host = newCountedHost(record, hosts.length)
    hosts.push(host)
    hostAt.set(record, host)
  }
  const counted = (record: HostRecord): CountedHost => hostAt.get(record)!
  const named = (name: string): CountedHost => counted(state.hosts.get(name)!)

  const meters = createMeters({
    workload,
    nowMs: kernel.now,
    listener: options.trace,
    timeline: options.timeline ?? hosts.length <= timelineHostsMax,
    powerManagement: options.powerManagement ?? 'load',
  })
  /** Where each VM was seen last. */
  const places = new Map<VmId, CountedHost>()
  const moving = new Map<VmId, { readonly from: CountedHost; readonly to: CountedHost }>()
  const endings = new Map<VmId, (end: MigrationEnd) => void>()
  const listeners: ((host: RunHost) => void)[] = []

  const relisted = (host: CountedHost): void => {
    relist(host)
    for (const vm of host.vms) places.set(vm.spec.vm, host)
    meters.host(host)
  }
  for (const host of hosts) relisted(host)
  const told = (host: RunHost): void => {
    for (const listener of listeners) listener(host)
  }
  const trace = (line: string): void => meters.trace.add(kernel.now(), line)

  const demandChanged = (vm: VmId, cpuMilli: number): void => {
    trace(`demand ${vm} ${cpuMilli}`)
    const copies = [...state.vms.get(vm)!.copies]
    for (const { host } of copies) {
      const one = counted(host)
      recount(one)
      meters.host(one)
    }
    // To the host where it is on its way, nothing happened yet.
    for (const copy of copies) if (isActive(copy)) told(counted(copy.host))
  }
  const migrationStarted = ({ vm, from, to }: MigrationTruth): void => {
    const migration = { from: named(from), to: named(to) }
    moving.set(vm, migration)
    migration.from.departing.add(state.vms.get(vm)!)
    meters.begun()
    trace(`begun ${vm} ${from} ${to}`)
    recount(migration.from)
    recount(migration.to)
  }
  const migrationEnded = (migration: MigrationTruth, end: MigrationEnd): void => {
    const { vm } = migration
    const { from, to } = moving.get(vm)!
    moving.delete(vm)
    from.departing.delete(state.vms.get(vm)!)
    meters.ended(migration, from, to)
    trace(`ended ${vm} ${migration.from} ${migration.to} ${end}`)
    relisted(from)
    relisted(to)
    const ending = endings.get(vm)
    endings.delete(vm)
    told(from)
    told(to)
    ending?.(end)
  }
  const hear = (event: WorldEvent): void => {
    switch (event.kind) {
      case 'demand':
        demandChanged(event.vm, event.cpuMilli)
        return
      case 'migration-started':
        migrationStarted(event.migration)
        return
      case 'migration-ended':
        migrationEnded(event.migration, event.end)
        return
      case 'migration-refused':
        trace(`refused ${event.vm} ${event.from} ${event.to} ${event.code}`)
        return
      case 'vm':
      case 'host': {
        const host = named(event.host)
        trace(
          event.kind === 'vm'
            ? `${event.what} ${event.vm} ${event.host}`
            : `host ${event.host} ${event.alive}`,
        )
        relisted(host)
        told(host)
        return
      }
      case 'daemon':
      case 'links':
        return
      default:
        event satisfies never
    }
  }
  world.events(hear)
  kernel.feed(demandFeed(workload, world.setCpu))

  const run: SimulatedRun = {
    kernel,
    world,
    workload,
    hosts,
    metrics: meters.metrics,
    seed,
    random: (name, index) => randomOf(seed, name, index),
    hostOf(vm) {
      const host = places.get(vm)
      if (host === undefined) throw new RangeError(`no VM ${vm}`)
      return host
    },
    moving: (vm) => moving.has(vm),
    migrate(vm, to, onEnd) {
      const source = run.hostOf(vm).record.copies.get(vm)
      if (source === undefined || !isActive(source)) return false
      if (onEnd !== undefined && !moving.has(vm)) endings.set(vm, onEnd)
      const order = { source, to: to.record, paused: false, capMiBps: migrationMiBps, onEnd: () => {} }
      const begun = migrations.begin(order) === null
      if (!begun && !moving.has(vm)) endings.delete(vm)
      return begun
    },
    onChange(listener) {
      listeners.push(listener)
    },
  }
  return {
    run,
    play: () => kernel.run(workload.durationMs),
    measures: () =>
      meters.read(migrations.all().map((migration) => ({ migration, ...moving.get(migration.vm)! }))),
  }
}
