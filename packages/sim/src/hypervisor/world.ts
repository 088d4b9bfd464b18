/**
 * The simulated world: hosts, VMs, and what is true of them. It knows everything; agents see of it what the port of
 * `simulated.ts` shows. One world is shared by all simulated hypervisors of a process.
 */
import { byText, type Resources, type VmId } from '@drover/protocol'
import type { Clock } from '../time/clock.ts'
import type { DaemonState, MigrationTruth, WorldEvent } from './events.ts'
import { createFaults, type FaultRule } from './faults.ts'
import { createMigrations, type Migrations } from './migrations.ts'
import {
  activeCopies,
  type Copy,
  type CopyState,
  change,
  createState,
  demandOf,
  dropCopy,
  type HostRecord,
  type HostSpec,
  incarnate,
  isActive,
  type Misreading,
  newCopy,
  pairOf,
  putCopy,
  regrant,
  type State,
  type VmRecord,
  type VmSpec,
} from './state.ts'

export interface HostTruth {
  readonly name: string
  readonly alive: boolean
  readonly daemon: DaemonState
  readonly capacity: Resources
  readonly cpuBaseline: string
  /** What its active VMs want, served or not. */
  readonly demand: Resources
  readonly vms: readonly VmId[]
}

export interface CopyTruth {
  readonly host: string
  readonly state: CopyState | 'incoming'
  readonly pausedBy: 'migration' | 'owner' | null
  readonly defined: boolean
  /** Its host is dead; it ran there. */
  readonly lostWithHost: boolean
}

export interface VmTruth {
  readonly vm: VmId
  readonly name: string
  readonly cpuMilli: number
  readonly memoryMiB: number
  readonly fixed: string | null
  /** What its owner wants: drover must not change it. */
  readonly wanted: CopyState
  readonly copies: readonly CopyTruth[]
}

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
  /** Its demand follows a function of the clock's time, read every `everyMs`; returns what ends that. */
  follow(vm: VmId, cpuMilliAt: (nowMs: number) => number, everyMs: number): () => void

  /** Power failure: the VMs on it are gone with it, until `bootHost` starts them there again (autostart). */
  killHost(name: string): void
  bootHost(name: string): void
  /** The hypervisor's daemon dies, hangs or is back; VMs do not care. */
  daemon(name: string, daemon: DaemonState): void
  /** What will go wrong with migrations to come. */
  fail(rule: FaultRule): void
  clearFaults(): void
  unhang(vm: VmId): void
  /** The next sample that shows this VM shows this instead, once: a wrong answer of its hypervisor. */
  misread(vm: VmId, wrong: Misreading): void
  /** The hypervisors of these two do not reach each other. */
  cut(a: string, b: string): void
  /** All cuts, or this one. */
  heal(a?: string, b?: string): void

  /** What an administrator does by hand, with no questions asked. */
  readonly byHand: {
    /** Its owner wants it so from now on; says it to the observer, does nothing. */
    want(vm: VmId, wanted: CopyState): void
    start(vm: VmId, host: string): void
    resume(vm: VmId, host: string): void
    pause(vm: VmId, host: string): void
    destroy(vm: VmId, host: string): void
    define(vm: VmId, host: string): void
  }
  /** For drivers only. */
  readonly inside: { readonly state: State; readonly migrations: Migrations; readonly migrationMiBps: number }
}

export interface WorldOptions {
  readonly clock: Clock
  /** Rate of a migration that asks for none, MiB/s. Default 125. */
  readonly migrationMiBps?: number
  /** From the last page sent to the guest running there, ms. Default 5. */
  readonly finishMs?: number
}

export const createWorld = ({ clock, migrationMiBps = 125, finishMs = 5 }: WorldOptions): World => {
  const state = createState(clock)
  const faults = createFaults()
  const migrations = createMigrations(state, faults, { finishMs })

  const hostNamed = (name: string): HostRecord => {
    const host = state.hosts.get(name)
    if (host === undefined) throw new RangeError(`no host ${name}`)
    return host
  }
  const vmOf = (id: VmId): VmRecord => {
    const vm = state.vms.get(id)
    if (vm === undefined) throw new RangeError(`no VM ${id}`)
    return vm
  }
  const hostsOf = (vm: VmRecord): HostRecord[] => {
    const hosts: HostRecord[] = []
    for (const copy of vm.copies) hosts.push(copy.host)
    return hosts
  }
  const copyAt = (id: VmId, host: HostRecord): Copy => {
    const found = host.copies.get(id)
    if (found !== undefined) return found
    const copy = newCopy(vmOf(id), host, 'shut')
    putCopy(copy)
    return copy
  }
  const tellDemand = ({ spec, cpuMilli, memoryMiB }: VmRecord): void =>
    state.emit({ kind: 'demand', vm: spec.vm, cpuMilli, memoryMiB })

  const hostTruth = (host: HostRecord): HostTruth => ({
    name: host.spec.name,
    alive: host.alive,
    daemon: host.daemon,
    capacity: host.spec.capacity,
    cpuBaseline: host.spec.cpuBaseline,
    demand: demandOf(host),
    vms: activeCopies(host)
      .map((copy) => copy.vm.spec.vm)
      .sort(byText),
  })
  const vmTruth = (vm: VmRecord): VmTruth => ({
    vm: vm.spec.vm,
    name: vm.spec.name,
    cpuMilli: vm.cpuMilli,
    memoryMiB: vm.memoryMiB,
    fixed: vm.spec.fixed,
    wanted: vm.wanted,
    copies: Array.from(vm.copies, (copy) => ({
      host: copy.host.spec.name,
      state: copy.state,
      pausedBy: copy.pausedBy,
      defined: copy.defined,
      lostWithHost: copy.ranAtDeath,
    })),
  })

  const setCpu = (id: VmId, cpuMilli: number): void => {
    const vm = vmOf(id)
    const wanted = Math.round(Math.max(0, Math.min(cpuMilli, vm.spec.vcpus * 1000)))
    if (wanted === vm.cpuMilli) return
    change(state, hostsOf(vm), () => {
      vm.cpuMilli = wanted
    })
    tellDemand(vm)
  }

  return {
    clock,
    addHost(spec) {
      if (state.hosts.has(spec.name)) throw new RangeError(`host ${spec.name} exists`)
      state.hosts.set(spec.name, {
        spec: { cpuBaseline: 'x86_64/simulated', linkMiBps: 1250, ...spec },
        copies: new Map(),
        alive: true,
        daemon: 'up',
        accountedAt: clock.now(),
        followers: new Set(),
      })
    },
    addVm({ host: hostName, state: wanted = 'running', cpuMilli, memoryMiB, ...spec }) {
      const host = hostNamed(hostName)
      if (state.vms.has(spec.vm)) throw new RangeError(`VM ${spec.vm} exists`)
      const vm: VmRecord = {
        spec: { dirtyMiBps: 0, fixed: null, diskLocked: false, settings: {}, autostart: true, ...spec },
        copies: new Set(),
        cpuMilli: Math.min(cpuMilli, spec.vcpus * 1000),
        memoryMiB,
        wanted,
        starts: 0,
      }
      state.vms.set(spec.vm, vm)
      const copy = newCopy(vm, host, wanted)
      if (wanted === 'paused') copy.pausedBy = 'owner'
      if (isActive(copy)) incarnate(copy)
      change(state, [host], () => putCopy(copy))
      state.emit({ kind: 'vm', vm: spec.vm, host: hostName, what: isActive(copy) ? 'started' : 'defined' })
    },
    host: (name) => hostTruth(hostNamed(name)),
    hosts: () => [...state.hosts.values()].map(hostTruth).sort((a, b) => byText(a.name, b.name)),
    vm: (id) => vmTruth(vmOf(id)),
    vms: () => [...state.vms.values()].map(vmTruth),
    migrations: migrations.all,
    events: state.listen,

    setCpu,
    setMemory(id, memoryMiB) {
      const vm = vmOf(id)
      change(state, hostsOf(vm), () => {
        vm.memoryMiB = memoryMiB
      })
      tellDemand(vm)
    },
    follow(id, cpuMilliAt, everyMs) {
      let cancel = (): void => {}
      const read = (): void => {
        setCpu(id, cpuMilliAt(clock.now()))
        cancel = clock.after(everyMs, read)
      }
      read()
      return () => cancel()
    },

    killHost(name) {
      const host = hostNamed(name)
      if (!host.alive) return
      change(state, [host], () => {})
      host.alive = false
      host.daemon = 'down'
      migrations.hostDied(host)
      for (const copy of host.copies.values()) {
        if (copy.state === 'incoming' || !copy.defined) dropCopy(copy)
        copy.ranAtDeath = isActive(copy)
        copy.state = 'shut'
        copy.pausedBy = null
        copy.grantedMilli = 0
      }
      state.emit({ kind: 'host', host: name, alive: false })
    },
    bootHost(name) {
      const host = hostNamed(name)
      if (host.alive) return
      host.alive = true
      host.daemon = 'up'
      host.accountedAt = clock.now()
      for (const copy of host.copies.values()) {
        if (copy.ranAtDeath && copy.vm.spec.autostart) {
          copy.state = 'running'
          incarnate(copy)
        } else if (copy.ranAtDeath) copy.vm.wanted = 'shut' // its owner's choice, not our doing
        copy.ranAtDeath = false
      }
      regrant(host)
      state.emit({ kind: 'host', host: name, alive: true })
    },
    daemon(name, daemon) {
      const host = hostNamed(name)
      if (!host.alive || host.daemon === daemon) return
      host.daemon = daemon
      if (daemon === 'down') migrations.daemonDied(host)
      state.emit({ kind: 'daemon', host: name, daemon })
    },
    fail: faults.add,
    clearFaults: faults.clear,
    unhang: migrations.unhang,
    misread: (vm, wrong) => void state.misreadings.set(vm, wrong),
    cut(a, b) {
      state.cuts.add(pairOf(hostNamed(a).spec.name, hostNamed(b).spec.name))
      migrations.linksChanged()
      state.emit({ kind: 'links' })
    },
    heal(a, b) {
      if (a === undefined || b === undefined) state.cuts.clear()
      else state.cuts.delete(pairOf(a, b))
      state.emit({ kind: 'links' })
    },

    byHand: {
      want(id, wanted) {
        vmOf(id).wanted = wanted
      },
      start(id, name) {
        const host = hostNamed(name)
        change(state, [host], () => {
          const copy = copyAt(id, host)
          copy.state = 'running'
          copy.pausedBy = null
          incarnate(copy)
        })
        state.emit({ kind: 'vm', vm: id, host: name, what: 'started' })
      },
      resume(id, name) {
        const host = hostNamed(name)
        change(state, [host], () => {
          const copy = copyAt(id, host)
          copy.state = 'running'
          copy.pausedBy = null
        })
        state.emit({ kind: 'vm', vm: id, host: name, what: 'resumed' })
      },
      pause(id, name) {
        const host = hostNamed(name)
        change(state, [host], () => {
          const copy = copyAt(id, host)
          copy.state = 'paused'
          copy.pausedBy = 'owner'
        })
        vmOf(id).wanted = 'paused'
        state.emit({ kind: 'vm', vm: id, host: name, what: 'paused' })
      },
      destroy(id, name) {
        const host = hostNamed(name)
        const copy = host.copies.get(id)
        if (copy === undefined) return
        migrations.copyDestroyed(copy)
        change(state, [host], () => dropCopy(copy))
        state.emit({ kind: 'vm', vm: id, host: name, what: 'removed' })
      },
      define(id, name) {
        copyAt(id, hostNamed(name))
        state.emit({ kind: 'vm', vm: id, host: name, what: 'defined' })
      },
    },
    inside: { state, migrations, migrationMiBps },
  }
}
