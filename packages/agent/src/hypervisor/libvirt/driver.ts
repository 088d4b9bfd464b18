/** The libvirt driver: `Hypervisor` over libvirt's RPC protocol. */
import { readFileSync } from 'node:fs'
import type { VmId } from '@drover/protocol'
import { wordsOf } from '../../errors.ts'
import {
  type HostFacts,
  type Hypervisor,
  HypervisorError,
  type HypervisorEvent,
  type RunningJob,
} from '../hypervisor-port.ts'
import type { Connection } from './connection.ts'
import type { Domain } from './domain.ts'
import type { DomainEvent } from './domain-events.ts'
import type { DiskLock } from './domain-xml.ts'
import { readHostFacts } from './host-facts.ts'
import { Link } from './link.ts'
import { type MigrationWorld, migrate } from './live-migration.ts'
import { type Caller, type Observation, observe, presenceOf } from './observe.ts'
import { readPressure } from './pressure.ts'
import {
  abortJob,
  domainByUuid,
  domainCreate,
  domainResume,
  domainShutdown,
  hasManagedSave,
  listDomains,
  listFlags,
  managedSave,
  migrateSetMaxSpeed,
  type Procedure,
} from './procedures.ts'
import { progressOf } from './progress.ts'
import { Sampler } from './sampler.ts'
import { openSession } from './session.ts'
import { sharedStorage } from './shared-storage.ts'
import { type LibvirtUri, type PkiPaths, parsePeerUri, parseUri } from './uri.ts'

export interface LibvirtOptions {
  /** This host's daemon. Default `qemu:///system`. */
  readonly uri?: string
  /** What other hosts use to reach this one's daemon. Default `qemu+tcp://<hostname>/system`. */
  readonly migrationUri?: string
  /** Files of the certificates for `qemu+tls` URIs; else those named by the URI or libvirt's usual places. */
  readonly tls?: PkiPaths
  /** Longest wait for an answer, ms. Default 5000. A migration, a save and a start may last longer. */
  readonly callMs?: number
  /** Longest wait for a save, a restore or a start, ms. Default 600,000: memory is written to or read from disk. */
  readonly storageMs?: number
  /** A silent daemon is asked this often, ms; given up after three questions. Default 5000. */
  readonly keepaliveMs?: number
  /** The host's lock manager (qemu.conf); default `none`, as libvirt's own. See rule R2. */
  readonly diskLock?: DiskLock
  /** Directories that every host sees, whatever their file system looks like. */
  readonly sharedPaths?: readonly string[]
  /** How often QEMU measures each guest's dirty rate, ms; 0 = never. Default 60,000. */
  readonly dirtyRateMs?: number
  /** How often a running migration's progress is read, ms. Default 500. */
  readonly progressMs?: number
  /**
   * Sockets on this machine at which other hosts' daemons are reached: those of a test that stands outside of their network. A
   * daemon that schedules has none.
   */
  readonly peerSockets?: readonly string[]
  /** How long a lost daemon is waited for before a migration ends `unknown`, ms. Default 60,000. */
  readonly lookMs?: number
  /** Where the kernel tells the host's pressure. Default `/proc/pressure`; read only beside a local daemon. */
  readonly pressureDirectory?: string
  readonly logger?: { warn(message: string): void }
}

const keepaliveCount = 3
const reconnectMs = 100
const reconnectMsMax = 5_000
const eventMs = 500

/** Throws `TypeError` for a URI that it cannot use; after that nothing but the port's own errors. */
export const libvirtHypervisor = (options: LibvirtOptions = {}): Hypervisor => {
  const uri = parseUri(options.uri ?? 'qemu:///system', options.tls)
  const local = uri.transport.kind === 'unix'
  const callMs = options.callMs ?? 5_000
  const storageMs = options.storageMs ?? 600_000
  const limits = { callMs, keepaliveMs: options.keepaliveMs ?? 5_000, keepaliveCount }
  const warn = (message: string): void => options.logger?.warn(`libvirt: ${message}`)

  const listeners = new Set<(event: HypervisorEvent) => void>()
  const witnesses = new Set<(event: DomainEvent) => void>()
  /** The VMs that this driver is moving now, with the bandwidth asked for meanwhile, MiB/s. */
  const migrating = new Map<VmId, number | null>()

  const tell = (event: HypervisorEvent): void => {
    for (const listener of listeners) {
      try {
        listener(event)
      } catch (error) {
        warn(`a listener failed: ${wordsOf(error)}`)
      }
    }
  }

  const sampler = new Sampler({
    diskLock: options.diskLock ?? 'none',
    isShared: sharedStorage(options.sharedPaths ?? [], local),
    bootId: local ? bootId() : '',
    dirtyRateMs: options.dirtyRateMs ?? 60_000,
    warn,
  })

  const link = new Link(
    uri,
    { ...limits, reconnectMs, reconnectMsMax },
    {
      connected: () => tell({ kind: 'connected' }),
      disconnected: (reason) => tell({ kind: 'disconnected', reason }),
      event: (event) => {
        if (event.kind === 'lifecycle' || event.kind === 'configuration') sampler.forget(event.vm)
        if (event.kind === 'lifecycle' && event.event === 'started')
          sampler.begun(event.vm, event.detail === 'migrated')
        if (event.kind === 'lifecycle' && isPause(event.event)) sampler.paused(event.vm)
        for (const witness of witnesses) witness(event)
        // A limit set before QEMU began to send is overwritten by the one that the migration was started with.
        const wanted = event.kind === 'migration_iteration' ? migrating.get(event.vm) : null
        if (typeof wanted === 'number') limit(event.vm, wanted).catch((error) => warn(wordsOf(error)))
        tell({ kind: 'changed', vm: event.vm, what: whatOf(event) })
      },
    },
  )

  const limit = async (vm: VmId, mibps: number): Promise<void> =>
    link.call(migrateSetMaxSpeed, { domain: await find(link, vm), mibps })

  const session = async (at?: string, readOnly = false): Promise<Connection> =>
    openSession(at === undefined ? uri : parseElsewhere(at, uri, options), { ...limits, readOnly })

  /** Asks over a connection of its own, and closes it. */
  const through = async <T>(opened: Promise<Connection>, ask: (caller: Caller) => Promise<T>): Promise<T> => {
    const connection = await opened
    try {
      return await ask(connection)
    } finally {
      connection.close('asked')
    }
  }

  const world: MigrationWorld = {
    link,
    session: (at) => session(at),
    check: (at) => void parseElsewhere(at, uri, options),
    onEvent: (listener) => {
      witnesses.add(listener)
      return () => witnesses.delete(listener)
    },
    warn,
    progressMs: options.progressMs ?? 500,
    lookMs: options.lookMs ?? 60_000,
    eventMs,
  }

  /** For calls that last: a connection of their own keeps the link free. */
  const lasting = async (
    procedure: Procedure<{ domain: Domain; flags: number }, unknown>,
    vm: VmId,
  ): Promise<void> => {
    await through(session(), async (caller) =>
      caller.call(procedure, { domain: await find(caller, vm), flags: 0 }, storageMs),
    )
  }

  return {
    driver: 'libvirt',
    open: () => link.open(),
    get connected() {
      return link.connected
    },
    get trouble() {
      return link.trouble
    },
    host: (): Promise<HostFacts> => readHostFacts(link, options.migrationUri ?? null),
    sample: async () => {
      const [vms, pressure] = await Promise.all([
        sampler.sample(link, migrating),
        local ? readPressure(options.pressureDirectory ?? '/proc/pressure') : null,
      ])
      return { vms, pressure }
    },
    jobs: () => runningJobs(link),
    locate: async (vm, at) => {
      if (at === undefined) return presenceOf(await observe(link, vm))
      return presenceOf(await through(session(at, true), (caller) => observe(caller, vm)))
    },
    migrate: async (request, onProgress) => {
      if (migrating.has(request.vm))
        return { kind: 'unknown', code: 'vm.job_active', detail: 'this driver is moving the VM already' }
      migrating.set(request.vm, null)
      try {
        return await migrate(world, request, guarded(onProgress, warn))
      } finally {
        migrating.delete(request.vm)
      }
    },
    limit: async (vm, mibps) => {
      if (migrating.has(vm)) migrating.set(vm, mibps)
      await limit(vm, mibps)
    },
    abort: async (vm) => {
      const seen = await present(link, vm)
      // libvirt would stop whatever job there is.
      if (seen.kind !== 'active' || seen.job.kind !== 'outgoing')
        throw new HypervisorError('hypervisor.refused', 'no migration away from here runs on the VM')
      await link.call(abortJob, seen.domain)
    },
    resume: async (vm, at) => {
      if (at === undefined) return resume(link, vm)
      return through(session(at), (caller) => resume(caller, vm))
    },
    save: async (vm) => lasting(managedSave, vm),
    restore: async (vm) => {
      const seen = await observe(link, vm)
      if (seen.kind === 'active') return
      const saved = await link.call(hasManagedSave, { domain: await find(link, vm), flags: 0 })
      // Starting without the saved state would boot the guest afresh: not what was asked for.
      if (!saved) throw new HypervisorError('hypervisor.refused', 'the VM has no saved state')
      await lasting(domainCreate, vm)
    },
    start: async (vm) => {
      const seen = await observe(link, vm)
      if (seen.kind !== 'active') await lasting(domainCreate, vm)
    },
    shutdown: async (vm) => {
      const seen = await present(link, vm)
      if (seen.kind === 'active') await link.call(domainShutdown, seen.domain)
    },
    events: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    close: async () => link.close(),
  }
}

/** A URI that another host announced: a wrong one is that host's trouble, not a bug here. */
const parseElsewhere = (
  at: string,
  own: LibvirtUri,
  { tls, peerSockets = [] }: LibvirtOptions,
): LibvirtUri => {
  try {
    return peerSockets.includes(at) ? parseUri(at) : parsePeerUri(at, own, tls)
  } catch (error) {
    throw new HypervisorError('not_supported', wordsOf(error), { cause: error })
  }
}

const find = (caller: Caller, vm: VmId) => caller.call(domainByUuid, vm)

/** Throws `vm.absent` where `observe` says so. */
const present = async (caller: Caller, vm: VmId): Promise<Exclude<Observation, { kind: 'absent' }>> => {
  const seen = await observe(caller, vm)
  if (seen.kind === 'absent') throw new HypervisorError('vm.absent', `no VM ${vm}`)
  return seen
}

const resume = async (caller: Caller, vm: VmId): Promise<void> => {
  const seen = await present(caller, vm)
  if (seen.kind === 'active' && seen.running) return
  // While a migration runs, libvirt would queue this behind it and carry it out at a moment that nobody chose.
  if (seen.kind === 'active' && seen.job.kind !== 'none')
    throw new HypervisorError('hypervisor.refused', `a job runs on the VM (${seen.job.kind})`)
  await caller.call(domainResume, seen.domain)
}

const runningJobs = async (caller: Caller): Promise<RunningJob[]> => {
  const domains = await caller.call(listDomains, { flags: listFlags.active })
  const jobs = await Promise.all(
    domains.map(async ({ vm }): Promise<RunningJob | null> => {
      const seen = await observe(caller, vm)
      if (seen.kind !== 'active') return null
      if (seen.job.kind === 'outgoing')
        return { vm, direction: 'outgoing', sentMiB: progressOf(seen.job.stats).transferredMiB }
      return seen.job.kind === 'incoming' ? { vm, direction: 'incoming', sentMiB: null } : null
    }),
  )
  return jobs.filter((job) => job !== null)
}

/** Either end of one. */
const isPause = (event: string): boolean =>
  event === 'suspended' || event === 'resumed' || event === 'pmsuspended'

const whatOf = (event: DomainEvent): string => {
  switch (event.kind) {
    case 'lifecycle':
      return `${event.event} ${event.detail}`
    case 'job_completed':
      return 'job completed'
    case 'migration_iteration':
      return `migration iteration ${event.iteration}`
    case 'configuration':
      return `${event.what} changed`
    default:
      return event satisfies never
  }
}

const guarded = <T>(listener: ((value: T) => void) | undefined, warn: (message: string) => void) => {
  return (value: T): void => {
    try {
      listener?.(value)
    } catch (error) {
      warn(`a listener failed: ${wordsOf(error)}`)
    }
  }
}

/** Domain numbers begin at 1 again after each boot; together with this they do not repeat. */
const bootId = (): string => {
  try {
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').slice(0, 8)}.`
  } catch {
    return ''
  }
}
