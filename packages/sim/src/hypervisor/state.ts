/**
 * The world's records, and the arithmetic of CPU contention on one host. A VM may have copies on several hosts
 * (that is what can go wrong); what they use is accounted per copy, as a hypervisor does.
 */
import type { Resources, VmId } from '@drover/protocol'
import type { Clock } from '../time/clock.ts'
import type { DaemonState, WorldChange, WorldEvent } from './events.ts'
import { createLies, type Lies } from './lies.ts'
import type { Request } from './requests.ts'
import { fairShares } from './share.ts'

export interface HostSpec {
  readonly name: string
  readonly capacity: Resources
  /** Default `x86_64/simulated`; VMs move only between equal ones. */
  readonly cpuBaseline?: string
  /** Each direction of its network link, MiB/s; default 1250 (10 Gbit/s). */
  readonly linkMiBps?: number
}

export interface VmSpec {
  readonly vm: VmId
  readonly name: string
  readonly host: string
  readonly vcpus: number
  readonly memoryMiB: number
  /** What it wants, at most 1000 per vCPU; what it gets depends on its neighbours. */
  readonly cpuMilli: number
  /** Memory it rewrites, MiB/s, or how that follows from the CPU that it gets and that it wants. Default 0. */
  readonly dirtyMiBps?: number | ((grantedMilli: number, wantedMilli: number) => number)
  /** Why it cannot be live-migrated (`dev.hostdev` …); default null: it can. */
  readonly fixed?: string | null
  /** Its disks are guarded by a lock manager. Default false. */
  readonly diskLocked?: boolean
  readonly settings?: Readonly<Record<string, string>>
  /** Its definition says that it starts when its host boots, as no hypervisor lets it by itself. Default false. */
  readonly autostart?: boolean
  /** Its guest does not react when it is asked to shut down. Default false. */
  readonly deaf?: boolean
  /** Default `running`. */
  readonly state?: CopyState
}

export type CopyState = 'running' | 'paused' | 'shut'

export interface Copy {
  readonly vm: VmRecord
  readonly host: HostRecord
  /** `incoming` is being received and does not run. */
  state: CopyState | 'incoming'
  /** Whose doing a pause is: a migration's is expected to end. */
  pausedBy: 'migration' | 'owner' | null
  /** Has a definition that survives a reboot of the host. */
  defined: boolean
  /** Ran when its host died: back after the boot if it starts by itself. */
  ranAtDeath: boolean
  /** Its state is on disk. */
  saved: boolean
  /** Its definition here says that it starts with its host. */
  autostart: boolean
  incarnation: string
  grantedMilli: number
  /** CPU time used and waited for since it became active here, in cpuMilli × ms. */
  used: number
  waited: number
  /** For how long it ran since then, ms. */
  ranMs: number
}

export interface HostRecord {
  readonly spec: Required<HostSpec>
  readonly copies: Map<VmId, Copy>
  alive: boolean
  daemon: DaemonState
  accountedAt: number
  /** What becomes of its events: a hypervisor may lose one, or tell it twice. */
  telling: 'once' | 'twice' | 'never'
  /** What each call to its daemon takes beside, ms. */
  slowMs: number
  /** Sent to its daemon and not read. */
  readonly requests: Set<Request>
  /** Those of them that are due, and wait for the daemon. */
  readonly unread: (() => void)[]
  /** Called before the CPU is divided anew, for what depends on how it was: migrations from here count their progress. */
  readonly followers: Set<() => void>
}

export interface VmRecord {
  readonly spec: Required<Omit<VmSpec, 'host' | 'state' | 'cpuMilli' | 'memoryMiB' | 'fixed' | 'autostart'>>
  /** In the order in which they came to be: while it migrates, the source's first. */
  readonly copies: Set<Copy>
  cpuMilli: number
  memoryMiB: number
  /** Why it cannot be live-migrated; null = it can. */
  fixed: string | null
  /** What its owner last said of that: S3 promises that it stays so. */
  autostart: boolean
  /** What its owner wants of it: S2 promises that drover changes nothing about it. `managed`: drover may. */
  wanted: CopyState | 'managed'
  starts: number
}

export interface State {
  readonly clock: Clock
  readonly hosts: Map<string, HostRecord>
  readonly vms: Map<VmId, VmRecord>
  /** Pairs of hosts that do not reach each other, as `a|b` with a < b. */
  readonly cuts: Set<string>
  /** Wrong answers to come. */
  readonly lies: Lies
  emit(change: WorldChange): void
  listen(listener: (event: WorldEvent) => void): () => void
}

export const createState = (clock: Clock): State => {
  const listeners = new Set<(event: WorldEvent) => void>()
  return {
    clock,
    hosts: new Map(),
    vms: new Map(),
    cuts: new Set(),
    lies: createLies(),
    emit(change) {
      const event: WorldEvent = { at: clock.now(), ...change }
      for (const listener of [...listeners]) listener(event)
    },
    listen(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}

/** Throws RangeError when the world has no such host. */
export const hostNamed = (state: State, name: string): HostRecord => {
  const host = state.hosts.get(name)
  if (host === undefined) throw new RangeError(`no host ${name}`)
  return host
}

/** Throws RangeError when the world has no such VM. */
export const vmNamed = (state: State, id: VmId): VmRecord => {
  const vm = state.vms.get(id)
  if (vm === undefined) throw new RangeError(`no VM ${id}`)
  return vm
}

export const pairOf = (a: string, b: string): string => (a < b ? `${a}|${b}` : `${b}|${a}`)

/** Both alive, and no cut between them. */
export const reaches = (state: State, a: HostRecord, b: HostRecord): boolean =>
  a.alive && b.alive && !state.cuts.has(pairOf(a.spec.name, b.spec.name))

export const isActive = (copy: Copy): boolean => copy.state === 'running' || copy.state === 'paused'

export const runsElsewhere = (copy: Copy): boolean =>
  [...copy.vm.copies].some((other) => other !== copy && other.state === 'running')

export const activeCopies = (host: HostRecord): Copy[] => [...host.copies.values()].filter(isActive)

/** All that its VMs want, running or not served; paused ones want memory only. */
export const demandOf = (host: HostRecord): Resources => {
  let cpuMilli = 0
  let memoryMiB = 0
  for (const copy of host.copies.values()) {
    if (copy.state === 'running') cpuMilli += copy.vm.cpuMilli
    if (isActive(copy)) memoryMiB += copy.vm.memoryMiB
  }
  return { cpuMilli, memoryMiB }
}

/** Memory taken, that of incoming copies included (their hypervisor allocates it at the beginning). */
export const memoryTakenMiB = (host: HostRecord): number => {
  let total = 0
  for (const copy of host.copies.values()) if (copy.state !== 'shut') total += copy.vm.memoryMiB
  return total
}

/** Accounts for the time since the last call, at the grants that held during it. Call before anything changes there. */
export const account = (state: State, host: HostRecord): void => {
  const now = state.clock.now()
  const elapsedMs = now - host.accountedAt
  host.accountedAt = now
  if (elapsedMs <= 0) return
  for (const follower of host.followers) follower()
  for (const copy of host.copies.values()) {
    if (copy.state !== 'running') continue
    copy.ranMs += elapsedMs
    copy.used += copy.grantedMilli * elapsedMs
    copy.waited += Math.max(0, copy.vm.cpuMilli - copy.grantedMilli) * elapsedMs
  }
}

/** Divides the host's CPU anew. Call after anything changed there. A host whose memory is over-full swaps, and slows. */
export const regrant = (host: HostRecord): void => {
  let wantedMilli = 0
  let takenMiB = 0
  for (const copy of host.copies.values()) {
    // What each would get if there were enough for all, as there nearly always is.
    copy.grantedMilli = copy.state === 'running' ? copy.vm.cpuMilli : 0
    wantedMilli += copy.grantedMilli
    if (copy.state !== 'shut') takenMiB += copy.vm.memoryMiB
  }
  const { capacity } = host.spec
  const cpuMilli = capacity.cpuMilli * Math.min(1, capacity.memoryMiB / Math.max(1, takenMiB))
  if (wantedMilli <= cpuMilli) return
  const running = [...host.copies.values()].filter((copy) => copy.state === 'running')
  const shares = fairShares(
    running.map((copy) => copy.vm.cpuMilli),
    cpuMilli,
  )
  for (const [i, copy] of running.entries()) copy.grantedMilli = shares[i] ?? 0
}

/** Changes something on hosts, with the CPU accounted for before and divided anew after it. */
export const change = (state: State, hosts: readonly HostRecord[], what: () => void): void => {
  for (const host of hosts) account(state, host)
  what()
  for (const host of hosts) regrant(host)
}

export const putCopy = (copy: Copy): void => {
  copy.host.copies.set(copy.vm.spec.vm, copy)
  copy.vm.copies.add(copy)
}

export const dropCopy = (copy: Copy): void => {
  copy.host.copies.delete(copy.vm.spec.vm)
  copy.vm.copies.delete(copy)
}

/** Memory that a copy rewrites now, MiB/s. */
export const dirtyMiBpsOf = ({ state: run, vm, grantedMilli }: Copy): number => {
  if (run !== 'running') return 0
  const { dirtyMiBps: dirty } = vm.spec
  return typeof dirty === 'number' ? dirty : dirty(grantedMilli, vm.cpuMilli)
}

export const newCopy = (vm: VmRecord, host: HostRecord, copyState: Copy['state']): Copy => ({
  vm,
  host,
  state: copyState,
  pausedBy: null,
  defined: true,
  ranAtDeath: false,
  saved: false,
  autostart: vm.autostart,
  incarnation: '',
  grantedMilli: 0,
  used: 0,
  waited: 0,
  ranMs: 0,
})

/** A copy begins a life of its own here: fresh counters, another incarnation. */
export const incarnate = (copy: Copy): void => {
  copy.vm.starts += 1
  copy.incarnation = `${copy.host.spec.name}.${copy.vm.starts}`
  copy.used = 0
  copy.waited = 0
  copy.ranMs = 0
}
