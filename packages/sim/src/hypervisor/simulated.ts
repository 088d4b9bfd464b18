/**
 * The simulated driver of the hypervisor port: what one agent may know of the world and do to it. Nothing of an
 * agent's life is kept here: an agent that dies leaves its migrations running in the world, as libvirt would.
 */

import {
  type Hypervisor,
  HypervisorError,
  type HypervisorEvent,
  type MigrationResult,
  type Presence,
  type RunningJob,
  type Sample,
  type VmSample,
} from '@drover/agent/runtime'
import { byText, type VmId } from '@drover/protocol'
import { createCpuMeter } from './cpu-meter.ts'
import { drive } from './drive.ts'
import type { MigrationReport } from './migrations.ts'
import {
  account,
  activeCopies,
  type Copy,
  change,
  demandOf,
  dirtyMiBpsOf,
  type HostRecord,
  incarnate,
  memoryTakenMiB,
  reaches,
} from './state.ts'
import type { World } from './world.ts'

export interface SimulatedOptions {
  /** What one call takes, ms of the world's clock. Default 0. */
  readonly callMs?: number
  /** How long a call waits for a hung daemon, ms. Default 5000. */
  readonly timeoutMs?: number
  /** How often a running migration tells its progress, ms. Default 250. */
  readonly progressMs?: number
}

/** Where the simulated hypervisors of other hosts reach that of this host. */
export const uriOf = (hostName: string): string => `${scheme}${hostName}`
const scheme = 'sim://'

/** The driver of one host's agent. Throws RangeError when the world has no such host. */
export const simulatedHypervisor = (
  world: World,
  hostName: string,
  { callMs = 0, timeoutMs = 5_000, progressMs = 250 }: SimulatedOptions = {},
): Hypervisor => {
  const { state, migrations, migrationMiBps } = world.inside
  const { clock } = world
  const found = state.hosts.get(hostName)
  if (found === undefined) throw new RangeError(`no host ${hostName}`)
  const self: HostRecord = found
  const listeners = new Set<(event: HypervisorEvent) => void>()
  const meter = createCpuMeter()
  /** What ends the calls that still wait when the driver is closed. */
  const closers = new Set<() => void>()
  let opened = false
  let unlisten = (): void => {}

  const tell = (event: HypervisorEvent): void => {
    for (const listener of [...listeners]) listener(event)
  }
  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const done = (): void => {
        cancel()
        closers.delete(done)
        resolve()
      }
      const cancel = clock.after(ms, done)
      closers.add(done)
    })

  const unreachable = (host: HostRecord): HypervisorError =>
    new HypervisorError('hypervisor.unreachable', `${uriOf(host.spec.name)} does not answer`)
  const answers = (host: HostRecord): boolean =>
    opened && host.daemon !== 'down' && (host === self ? host.alive : reaches(state, self, host))

  /** The daemon of `host` answers now, or this throws. */
  const ask = async (host: HostRecord): Promise<void> => {
    if (!answers(host)) throw unreachable(host)
    if (host.daemon === 'hung') {
      await pause(timeoutMs)
      throw new HypervisorError('hypervisor.timeout', `${uriOf(host.spec.name)} is silent`)
    }
    if (callMs > 0) {
      await pause(callMs)
      if (!answers(host)) throw unreachable(host)
    }
  }
  const hostAt = (uri: string): HostRecord | undefined =>
    uri.startsWith(scheme) ? state.hosts.get(uri.slice(scheme.length)) : undefined
  const askAt = async (at: string | undefined): Promise<HostRecord> => {
    const host = at === undefined ? self : hostAt(at)
    if (host === undefined) throw new HypervisorError('hypervisor.unreachable', `no hypervisor at ${at}`)
    await ask(host)
    return host
  }
  const copyHere = (vm: VmId, host = self): Copy => {
    const copy = host.copies.get(vm)
    if (copy === undefined || copy.state === 'incoming')
      throw new HypervisorError('vm.absent', `${host.spec.name} has no VM ${vm}`)
    return copy
  }
  const refused = (why: string): HypervisorError => new HypervisorError('hypervisor.refused', why)

  const jobOf = (host: HostRecord, vm: VmId): RunningJob['direction'] | null => {
    const migration = migrations.of(vm)
    if (migration?.from === host.spec.name) return 'outgoing'
    return migration?.to === host.spec.name ? 'incoming' : null
  }
  const presenceAt = (host: HostRecord, vm: VmId): Presence => {
    const copy = host.copies.get(vm)
    if (copy === undefined) return 'absent'
    return jobOf(host, vm) ?? copy.state
  }

  const sampled = (copy: Copy): VmSample => {
    const { vm, incarnation } = copy
    const { spec } = vm
    const wrong = state.misreadings.get(spec.vm) ?? {}
    state.misreadings.delete(spec.vm)
    const cpuMilli = meter.measure(copy, self.accountedAt)
    return {
      vm: spec.vm,
      name: spec.name,
      state: copy.state === 'running' ? 'running' : 'paused',
      pausedBy: copy.pausedBy,
      cpuMilli: wrong.cpuMilli ?? cpuMilli,
      vcpus: spec.vcpus,
      memoryMiB: wrong.memoryMiB ?? vm.memoryMiB,
      dirtyMiBps: Math.round(dirtyMiBpsOf(copy)),
      incarnation,
      migratable: spec.fixed === null ? { movable: true } : { movable: false, code: spec.fixed },
      diskLocked: spec.diskLocked,
      settings: spec.settings,
    }
  }

  const pressure = (): Sample['pressure'] => {
    let granted = 0
    for (const copy of self.copies.values()) granted += copy.grantedMilli
    const { cpuMilli } = demandOf(self)
    const overMiB = Math.max(0, memoryTakenMiB(self) - self.spec.capacity.memoryMiB)
    return {
      cpu: cpuMilli > 0 ? Math.round(100 * (1 - granted / cpuMilli)) : 0,
      memory: Math.min(100, Math.round((100 * overMiB) / self.spec.capacity.memoryMiB)),
    }
  }

  /** After an end, whatever was reported: look, and say only what was seen. */
  const look = async (
    vm: VmId,
    to: HostRecord,
    before: Copy['state'],
    report: MigrationReport,
  ): Promise<MigrationResult> => {
    await ask(self)
    const here = presenceAt(self, vm)
    const detail = report.error ?? `${vm} is still here`
    if (here === before) return { kind: 'refused', code: 'migration.failed', detail }
    if (here !== 'absent')
      return { kind: 'unknown', code: 'migration.unsettled', detail: `${detail}; ${here} on the source` }
    if (report.error !== null) {
      // Gone from here after an error: arrived, or destroyed by its owner. Only the other end knows.
      await ask(to)
      const there = presenceAt(to, vm)
      if (there !== 'running' && there !== 'paused')
        return { kind: 'unknown', code: 'migration.unsettled', detail: `${detail}; nowhere seen` }
    }
    const { transferredMiB, downtimeMs } = report
    return { kind: 'done', transferredMiB: Math.round(transferredMiB), downtimeMs }
  }

  const unknown = (error: unknown): MigrationResult =>
    error instanceof HypervisorError
      ? { kind: 'unknown', code: error.code, detail: error.message }
      : { kind: 'unknown', code: 'migration.unsettled', detail: String(error) }

  /** A change of one copy here, told to all who listen. */
  const alter = async (
    vm: VmId,
    at: string | undefined,
    what: 'resumed' | 'saved' | 'restored' | 'started' | 'stopped',
    apply: (copy: Copy) => void,
  ): Promise<void> => {
    const host = await askAt(at)
    const copy = copyHere(vm, host)
    if (jobOf(host, vm) !== null) throw refused('a migration of it is running')
    change(state, [host], () => apply(copy))
    state.emit({ kind: 'vm', vm, host: host.spec.name, what })
  }
  const expectState = (copy: Copy, ok: boolean): void => {
    if (!ok) throw refused(`${copy.vm.spec.name} is ${copy.saved ? 'saved' : copy.state}`)
  }
  const activate = (copy: Copy): void => {
    if (memoryTakenMiB(self) + copy.vm.memoryMiB > self.spec.capacity.memoryMiB)
      throw refused(`cannot allocate ${copy.vm.memoryMiB} MiB`)
    copy.state = 'running'
    copy.saved = false
    incarnate(copy)
  }

  return {
    driver: 'simulated',
    open() {
      if (opened) return
      opened = true
      unlisten = world.events((event) => {
        if (event.kind === 'vm' && event.host === hostName)
          tell({ kind: 'changed', vm: event.vm, what: event.what })
        if (
          event.kind === 'migration-ended' &&
          (event.migration.from === hostName || event.migration.to === hostName)
        )
          tell({
            kind: 'changed',
            vm: event.migration.vm,
            what: event.migration.to === hostName ? 'arrived' : 'left',
          })
        if (event.kind === 'daemon' && event.host === hostName) {
          if (event.daemon === 'up') tell({ kind: 'connected' })
          if (event.daemon === 'down') meter.reset()
          if (event.daemon === 'down') tell({ kind: 'disconnected', reason: 'the hypervisor daemon is gone' })
        }
        if (event.kind === 'host' && event.host === hostName)
          tell(event.alive ? { kind: 'connected' } : { kind: 'disconnected', reason: 'the host is dead' })
      })
      queueMicrotask(() => {
        if (answers(self)) tell({ kind: 'connected' })
      })
    },
    get connected() {
      return answers(self)
    },
    get trouble() {
      return answers(self) ? null : opened ? `${uriOf(hostName)} does not answer` : 'not opened'
    },
    async host() {
      await ask(self)
      const { capacity, cpuBaseline } = self.spec
      return { name: hostName, capacity, cpuBaseline, migrationUri: uriOf(hostName), version: 'simulated 1' }
    },
    async sample() {
      await ask(self)
      account(state, self)
      const vms = activeCopies(self)
        .sort((a, b) => byText(a.vm.spec.vm, b.vm.spec.vm))
        .map(sampled)
      meter.keep(self.copies)
      return { vms, pressure: pressure() }
    },
    async jobs() {
      await ask(self)
      return [...self.copies.keys()].flatMap((vm) => {
        const direction = jobOf(self, vm)
        if (direction === null) return []
        const sentMiB = direction === 'outgoing' ? Math.round(migrations.of(vm)?.transferredMiB ?? 0) : null
        return [{ vm, direction, sentMiB }]
      })
    },
    async locate(vm, at) {
      return presenceAt(await askAt(at), vm)
    },
    async migrate(request, onProgress) {
      try {
        await ask(self)
        const source = self.copies.get(request.vm)
        if (source === undefined || source.state === 'incoming' || source.state === 'shut')
          return { kind: 'refused', code: 'vm.absent', detail: `no active VM ${request.vm} here` }
        const to = hostAt(request.to)
        if (to === undefined)
          return { kind: 'refused', code: 'migration.failed', detail: `no hypervisor at ${request.to}` }
        const before = source.state
        const capMiBps = request.bandwidthMiBps ?? migrationMiBps
        const order = { source, to, paused: request.handOverPaused, capMiBps }
        const ended = await drive({ world, order, progressMs, closers, onProgress })
        return 'code' in ended ? { kind: 'refused', ...ended } : await look(request.vm, to, before, ended)
      } catch (error) {
        return unknown(error)
      }
    },
    async limit(vm, bandwidthMiBps) {
      await ask(self)
      copyHere(vm)
      if (jobOf(self, vm) !== 'outgoing') throw refused('no migration of it is running')
      migrations.limit(vm, bandwidthMiBps)
    },
    async abort(vm) {
      await ask(self)
      copyHere(vm)
      if (jobOf(self, vm) !== 'outgoing') throw refused('no migration of it is running')
      migrations.abort(vm)
    },
    resume: (vm, at) =>
      alter(vm, at, 'resumed', (copy) => {
        expectState(copy, copy.state !== 'shut')
        copy.state = 'running'
        copy.pausedBy = null
      }),
    save: (vm) =>
      alter(vm, undefined, 'saved', (copy) => {
        expectState(copy, copy.state !== 'shut')
        copy.state = 'shut'
        copy.saved = true
        copy.pausedBy = null
      }),
    restore: (vm) =>
      alter(vm, undefined, 'restored', (copy) => {
        expectState(copy, copy.saved)
        activate(copy)
      }),
    start: (vm) =>
      alter(vm, undefined, 'started', (copy) => {
        expectState(copy, copy.state === 'shut' && !copy.saved)
        activate(copy)
      }),
    shutdown: (vm) =>
      alter(vm, undefined, 'stopped', (copy) => {
        expectState(copy, copy.state !== 'shut')
        copy.state = 'shut'
        copy.pausedBy = null
      }),
    events(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    async close() {
      opened = false
      unlisten()
      for (const end of [...closers]) end()
      listeners.clear()
    },
  }
}
