/** One run: the world that a workload describes, in virtual time, with everything measured. */
import { type HostRecord, isActive } from '../hypervisor/state.ts'
import { createWorld, type World } from '../hypervisor/world.ts'
import { randomOf } from '../random.ts'
import { createKernel, type Kernel } from '../time/kernel.ts'
import type { Workload } from '../workload/workload.ts'
import { type CountedHost, newCountedHost } from './counted-hosts.ts'
import { demandFeed } from './demand-feed.ts'
import type { PowerManagement } from './energy.ts'
import { createMeters, type Measures } from './meters.ts'
import { timelineHostsMax } from './result.ts'
import { hear, type RunState, vmsChanged } from './run-events.ts'
import type { SimulatedRun } from './simulated-run.ts'

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

/** All VMs are listed on their hosts, and measured from now on. */
const createState = (kernel: Kernel, world: World, options: SimulatedRunOptions): RunState => {
  const { state: records } = world.inside
  const hosts: CountedHost[] = []
  const hostAt = new Map<HostRecord, CountedHost>()
  for (const record of records.hosts.values()) {
    const host = newCountedHost(record, hosts.length)
    hosts.push(host)
    hostAt.set(record, host)
  }
  const run: RunState = {
    kernel,
    records,
    meters: createMeters({
      workload: options.workload,
      nowMs: kernel.now,
      listener: options.trace,
      timeline: options.timeline ?? hosts.length <= timelineHostsMax,
      powerManagement: options.powerManagement ?? 'load',
    }),
    hosts,
    hostAt,
    places: new Map(),
    moving: new Map(),
    endings: new Map(),
    listeners: [],
  }
  for (const host of hosts) vmsChanged(run, host)
  return run
}

/** What the scheduler of a run sees of it, and may do. */
const simulatedRun = (
  state: RunState,
  world: World,
  { workload, seed }: SimulatedRunOptions,
): SimulatedRun => {
  const { kernel, hosts, meters, places, moving, endings, listeners } = state
  const { migrations, migrationMiBps } = world.inside
  const hostOf: SimulatedRun['hostOf'] = (vm) => {
    const host = places.get(vm)
    if (host === undefined) throw new RangeError(`no VM ${vm}`)
    return host
  }
  return {
    kernel,
    world,
    workload,
    hosts,
    metrics: meters.metrics,
    seed,
    random: (name, index) => randomOf(seed, name, index),
    hostOf,
    moving: (vm) => moving.has(vm),
    migrate(vm, to, onEnd) {
      const source = hostOf(vm).record.copies.get(vm)
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
}

export const createRun = (options: SimulatedRunOptions): PlayableRun => {
  const { workload } = options
  const kernel = createKernel()
  const world = createWorld({
    clock: kernel,
    migrationMiBps: workload.migrationMiBps,
    finishMs: options.finishMs ?? 0,
  })
  settleWorld(world, workload)
  const state = createState(kernel, world, options)
  world.events((event) => hear(state, event))
  kernel.feed(demandFeed(workload, world.setCpu))
  const { meters, moving } = state
  return {
    run: simulatedRun(state, world, options),
    play: () => kernel.run(workload.durationMs),
    measures: () =>
      meters.read(
        world.inside.migrations.all().map((migration) => ({ migration, ...moving.get(migration.vm)! })),
      ),
  }
}
