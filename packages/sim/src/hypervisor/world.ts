/**
 * The simulated world: hosts, VMs, and what is true of them. It knows everything; agents see of it what the port of
 * `simulated.ts` shows. One world is shared by all simulated hypervisors of a process.
 */
import { byText, type VmId } from '@drover/protocol'
import type { Clock } from '../time/clock.ts'
import { type ByHand, createByHand } from './by-hand.ts'
import type { DaemonState, MigrationTruth, WorldEvent } from './events.ts'
import { createFaults, type DeathFault, type FaultRule, type Faults } from './faults.ts'
import type { Misreading } from './lies.ts'
import type { Phases } from './migration.ts'
import { createMigrations, type Migrations } from './migrations.ts'
import { createOwner, type Owner } from './owner.ts'
import { bootHost, killHost, setDaemon } from './power-failure.ts'
import {
  change,
  createState,
  type HostRecord,
  type HostSpec,
  hostNamed,
  incarnate,
  isActive,
  newCopy,
  pairOf,
  putCopy,
  type State,
  type VmRecord,
  type VmSpec,
  vmNamed,
} from './state.ts'
import { type HostTruth, hostTruth, type VmTruth, vmTruth } from './truth.ts'

export interface World {
  readonly clock: Clock
  addHost(spec: HostSpec): void
  addVm(spec: VmSpec): void
  host(name: string): HostTruth
  /** Sorted by name. */
  hosts(): readonly HostTruth[]
  vm(id: VmId): VmTruth
  vms(): readonly VmTruth[]
  migrations(): readonly MigrationTruth[]
  events(listener: (event: WorldEvent) => void): () => void

  /** What the VM wants from now on; capped at its vCPUs. */
  setCpu(vm: VmId, cpuMilli: number): void
  /** Its balloon. */
  setMemory(vm: VmId, memoryMiB: number): void
  /** From now on it cannot be live-migrated, for this reason; null = it can. */
  setFixed(vm: VmId, code: string | null): void
  /** Its demand follows a function of the clock's time, read every `everyMs`; returns what ends that. */
  follow(vm: VmId, cpuMilliAt: (nowMs: number) => number, everyMs: number): () => void

  /** Power failure: the VMs on it are gone with it, until `bootHost` starts those there again that start with their host. */
  killHost(name: string): void
  bootHost(name: string): void
  /** The hypervisor's daemon dies, hangs or is back; VMs do not care. */
  daemon(name: string, daemon: DaemonState): void
  /** Each call to this daemon takes so long beside; what changes something is read that late. */
  slow(name: string, ms: number): void
  /** What the phases of a migration take from now on. What is left out stays as it was. */
  phases(changes: Partial<Phases>): void
  /** What will go wrong with migrations to come. */
  fail(rule: FaultRule): void
  clearFaults(): void
  unhang(vm: VmId): void
  /** The same, if no agent could end its migration: that is deaf, or its owner's. */
  relent(vm: VmId): void
  /** The next sample that shows this VM shows this instead, or all that do for so long, ms: wrong answers of its hypervisor. */
  misread(vm: VmId, wrong: Misreading, forMs?: number): void
  /** The next sample of this host lacks all its VMs. */
  blind(host: string): void
  clearLies(): void
  /** What becomes of the events of this hypervisor from now on. */
  telling(host: string, telling: HostRecord['telling']): void
  /** The hypervisors of these two do not reach each other. */
  cut(a: string, b: string): void
  /** All cuts, or this one. */
  heal(a?: string, b?: string): void

  /** What an administrator does by hand, with no questions asked. */
  readonly byHand: ByHand
  /** What the VM's owner does, where it is possible. */
  readonly owner: Owner
  /** For drivers only. */
  readonly inside: {
    readonly state: State
    readonly migrations: Migrations
    readonly migrationMiBps: number
    readonly lateness: Faults['lateness']
  }
}

export interface WorldOptions {
  readonly clock: Clock
  /** Rate of a migration that asks for none, MiB/s. Default 125. */
  readonly migrationMiBps?: number
  /** From the last page sent to the guest running there, ms. Default 5. */
  readonly finishMs?: number
}

const addHost = (state: State, spec: HostSpec): void => {
  if (state.hosts.has(spec.name)) throw new RangeError(`host ${spec.name} exists`)
  state.hosts.set(spec.name, {
    spec: { cpuBaseline: 'x86_64/simulated', linkMiBps: 1250, ...spec },
    copies: new Map(),
    alive: true,
    daemon: 'up',
    telling: 'once',
    slowMs: 0,
    requests: new Set(),
    unread: [],
    accountedAt: state.clock.now(),
    followers: new Set(),
  })
}

const addVm = (
  state: State,
  {
    host: hostName,
    state: wanted = 'running',
    cpuMilli,
    memoryMiB,
    fixed = null,
    autostart = false,
    ...spec
  }: VmSpec,
): void => {
  const host = hostNamed(state, hostName)
  if (state.vms.has(spec.vm)) throw new RangeError(`VM ${spec.vm} exists`)
  const vm: VmRecord = {
    spec: {
      dirtyMiBps: 0,
      diskLocked: false,
      settings: {},
      deaf: false,
      ...spec,
    },
    copies: new Set(),
    cpuMilli: Math.min(cpuMilli, spec.vcpus * 1000),
    memoryMiB,
    fixed,
    autostart,
    wanted,
    starts: 0,
  }
  state.vms.set(spec.vm, vm)
  const copy = newCopy(vm, host, wanted)
  if (wanted === 'paused') copy.pausedBy = 'owner'
  if (isActive(copy)) incarnate(copy)
  change(state, [host], () => putCopy(copy))
  state.emit({ kind: 'vm', vm: spec.vm, host: hostName, what: isActive(copy) ? 'started' : 'defined' })
}

/** `set` gives the VM another demand; it is accounted for on every host that has a copy. */
const changeDemand = (state: State, vm: VmRecord, set: () => void): void => {
  const hosts: HostRecord[] = []
  for (const copy of vm.copies) hosts.push(copy.host)
  change(state, hosts, set)
  const { spec, cpuMilli, memoryMiB } = vm
  state.emit({ kind: 'demand', vm: spec.vm, cpuMilli, memoryMiB })
}

const setCpu = (state: State, id: VmId, cpuMilli: number): void => {
  const vm = vmNamed(state, id)
  const wanted = Math.round(Math.max(0, Math.min(cpuMilli, vm.spec.vcpus * 1000)))
  if (wanted === vm.cpuMilli) return
  changeDemand(state, vm, () => {
    vm.cpuMilli = wanted
  })
}

const follow = (
  state: State,
  id: VmId,
  cpuMilliAt: (nowMs: number) => number,
  everyMs: number,
): (() => void) => {
  let cancel = (): void => {}
  const read = (): void => {
    setCpu(state, id, cpuMilliAt(state.clock.now()))
    cancel = state.clock.after(everyMs, read)
  }
  read()
  return () => cancel()
}

const instant: Phases = {
  beginMs: 0,
  prepareMs: 0,
  finishMs: 0,
  finishedMs: 0,
  confirmMs: 0,
  noticeMs: 0,
  lingerMs: 0,
}

/** What a fault does to the hosts of a migration, in the middle of it. */
const strike = (
  state: State,
  migrations: Migrations,
  fault: DeathFault,
  [source, destination]: readonly [HostRecord, HostRecord],
): void => {
  const later = (back: () => void): void => {
    if (fault.backMs !== undefined) state.clock.after(fault.backMs, back)
  }
  if (fault.kind === 'link-dies') {
    const pair = pairOf(source.spec.name, destination.spec.name)
    cut(state, migrations, pair)
    return later(() => heal(state, migrations, pair))
  }
  const { name } = (fault.end === 'source' ? source : destination).spec
  if (fault.kind === 'host-dies') {
    killHost(state, migrations, name)
    later(() => bootHost(state, name))
  } else {
    setDaemon(state, migrations, name, 'down')
    later(() => setDaemon(state, migrations, name, 'up'))
  }
}

const cut = (state: State, migrations: Migrations, pair: string): void => {
  state.cuts.add(pair)
  migrations.linksChanged()
  state.emit({ kind: 'links' })
}

/** Null = all. */
const heal = (state: State, migrations: Migrations, pair: string | null): void => {
  if (pair === null) state.cuts.clear()
  else state.cuts.delete(pair)
  migrations.linksChanged()
  state.emit({ kind: 'links' })
}

export const createWorld = ({ clock, migrationMiBps = 125, finishMs = 5 }: WorldOptions): World => {
  const state = createState(clock)
  const faults = createFaults()
  const phases: Phases = { ...instant, finishMs }
  const migrations = createMigrations(state, faults, phases, {
    strike: (fault, source, destination) => strike(state, migrations, fault, [source, destination]),
  })
  const byHand = createByHand(state, migrations)
  return {
    clock,
    addHost: (spec) => addHost(state, spec),
    addVm: (spec) => addVm(state, spec),
    host: (name) => hostTruth(hostNamed(state, name)),
    hosts: () => [...state.hosts.values()].map(hostTruth).sort((a, b) => byText(a.name, b.name)),
    vm: (id) => vmTruth(vmNamed(state, id), state.lies),
    vms: () => Array.from(state.vms.values(), (vm) => vmTruth(vm, state.lies)),
    migrations: migrations.all,
    events: state.listen,

    setCpu: (id, cpuMilli) => setCpu(state, id, cpuMilli),
    setMemory(id, memoryMiB) {
      const vm = vmNamed(state, id)
      changeDemand(state, vm, () => {
        vm.memoryMiB = memoryMiB
      })
    },
    setFixed(id, code) {
      vmNamed(state, id).fixed = code
    },
    follow: (id, cpuMilliAt, everyMs) => follow(state, id, cpuMilliAt, everyMs),

    killHost: (name) => killHost(state, migrations, name),
    bootHost: (name) => bootHost(state, name),
    daemon: (name, daemon) => setDaemon(state, migrations, name, daemon),
    slow(name, ms) {
      hostNamed(state, name).slowMs = ms
    },
    phases: (changes) => void Object.assign(phases, changes),
    fail: faults.add,
    clearFaults: faults.clear,
    unhang: migrations.unhang,
    relent: migrations.relent,
    misread: (vm, wrong, forMs) =>
      state.lies.tell(vm, wrong, forMs === undefined ? null : clock.now() + forMs),
    blind: (host) => state.lies.blind(hostNamed(state, host).spec.name),
    clearLies: state.lies.clear,
    telling(host, telling) {
      hostNamed(state, host).telling = telling
    },
    cut: (a, b) =>
      cut(state, migrations, pairOf(hostNamed(state, a).spec.name, hostNamed(state, b).spec.name)),
    heal: (a, b) => heal(state, migrations, a === undefined || b === undefined ? null : pairOf(a, b)),

    byHand,
    owner: createOwner({ state, migrations, byHand, migrationMiBps }),
    inside: { state, migrations, migrationMiBps, lateness: faults.lateness },
  }
}
