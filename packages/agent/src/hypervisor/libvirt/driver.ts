/** The libvirt driver: `Hypervisor` over libvirt's RPC protocol. */
import { readFileSync } from 'node:fs'
import type { VmId } from '@drover/protocol'
import { parseUri } from '../../config/libvirt-uri.ts'
import { wordsOf } from '../../errors.ts'
import type { Hypervisor, Sample } from '../hypervisor-port.ts'
import { createDaemons, type Daemons, find } from './daemons.ts'
import type { DomainEvent } from './domain-events.ts'
import { createEventRelay, type EventRelay, guarded } from './event-relay.ts'
import { readHostFacts } from './host-facts.ts'
import { defaults, type LibvirtOptions } from './libvirt-options.ts'
import { Link } from './link.ts'
import { type MigrationWorld, migrate } from './live-migration.ts'
import { locate } from './observe.ts'
import { readPressure } from './pressure.ts'
import { migrateSetMaxSpeed } from './procedures.ts'
import { runningJobs } from './running-jobs.ts'
import { Sampler } from './sampler.ts'
import { createSharedStorage } from './shared-storage.ts'
import { createVmCommands } from './vm-commands.ts'

/** Questions without an answer before a silent daemon is given up. */
const keepaliveCount = 3
/** How long an event may lag behind the answer to a call, ms. */
const eventMs = 500

/** What was set, and the defaults. */
type Settled = LibvirtOptions & Required<Pick<LibvirtOptions, keyof typeof defaults>>

/** The driver's parts. What changes beside their own state is `migrating`. */
interface Driver {
  readonly options: Settled
  /** The daemon is on this machine. */
  readonly local: boolean
  readonly daemons: Daemons
  readonly relay: EventRelay
  readonly sampler: Sampler
  /** The VMs that this driver is moving now, with the bandwidth asked for meanwhile, MiB/s. */
  readonly migrating: Map<VmId, number | null>
  readonly warn: (message: string) => void
}

const createDriver = (given: LibvirtOptions): Driver => {
  const options: Settled = { ...defaults, ...given }
  const uri = parseUri(options.uri, options.tls)
  const local = uri.transport.kind === 'unix'
  const warn = (message: string): void => options.logger?.warn(`libvirt: ${message}`)
  const limits = {
    callMs: options.callMs,
    keepaliveMs: options.keepaliveMs,
    keepaliveCount,
  }
  const relay = createEventRelay(warn)
  const sampler = new Sampler({
    diskLock: options.diskLock,
    storage: createSharedStorage({ sharedPaths: options.sharedPaths, local, warn }),
    bootId: local ? bootId() : '',
    dirtyRateMs: options.dirtyRateMs,
    warn,
    odd: (what) => relay.tell({ kind: 'implausible', what, at: null }),
  })
  const link = new Link(uri, limits, {
    connected: () => relay.tell({ kind: 'connected' }),
    disconnected: (reason) => relay.tell({ kind: 'disconnected', reason }),
    event: (event) => onDomainEvent(driver, event),
    odd: (what) => relay.tell({ kind: 'implausible', what, at: null }),
  })
  const daemons = createDaemons({
    link,
    uri,
    limits,
    storageMs: options.storageMs,
    tls: options.tls,
    peerSockets: options.peerSockets,
    odd: (what, at) => relay.tell({ kind: 'implausible', what, at: at ?? null }),
  })
  const driver: Driver = { options, local, daemons, relay, sampler, migrating: new Map(), warn }
  return driver
}

const onDomainEvent = (driver: Driver, event: DomainEvent): void => {
  const { sampler, relay, migrating, warn } = driver
  sampler.hear(event)
  // A limit set before QEMU began to send is overwritten by the one that the migration was started with.
  const wanted = event.kind === 'migration_iteration' ? migrating.get(event.vm) : null
  if (typeof wanted === 'number') limit(driver, event.vm, wanted).catch((error) => warn(wordsOf(error)))
  relay.pass(event)
}

const limit = async ({ daemons: { link } }: Driver, vm: VmId, mibps: number): Promise<void> =>
  link.call(migrateSetMaxSpeed, { domain: await find(link, vm), mibps })

const sample = async ({ daemons, sampler, migrating, local, options }: Driver): Promise<Sample> => {
  const [vms, pressure] = await Promise.all([
    sampler.sample(daemons.link, migrating),
    local ? readPressure(options.pressureDirectory) : null,
  ])
  return { vms, pressure }
}

const migrationWorld = ({ daemons, relay, options }: Driver): MigrationWorld => ({
  link: daemons.link,
  session: (at) => daemons.session(at),
  check: daemons.check,
  onEvent: relay.witness,
  progressMs: options.progressMs,
  lookMs: options.lookMs,
  eventMs,
})

/** Throws `TypeError` for a URI that it cannot use; after that nothing but the port's own errors. */
export const createLibvirtHypervisor = (options: LibvirtOptions = {}): Hypervisor => {
  const driver = createDriver(options)
  const { daemons, relay, migrating, warn } = driver
  const { link } = daemons
  const world = migrationWorld(driver)
  const ran = (vm: VmId): boolean => driver.sampler.hasRun(vm)
  return {
    driver: 'libvirt',
    open: () => link.open(),
    get connected() {
      return link.connected
    },
    get trouble() {
      return link.trouble
    },
    host: () => readHostFacts(link, options.migrationUri ?? null),
    sample: () => sample(driver),
    jobs: async () => {
      const { migrations, busy } = await runningJobs(link)
      driver.sampler.jobsSeen(busy)
      return migrations
    },
    locate: async (vm, at) =>
      at === undefined ? locate(link, vm, ran) : daemons.ask((caller) => locate(caller, vm), at, true),
    migrate: async (request, onProgress) => {
      if (migrating.has(request.vm))
        return { kind: 'unknown', code: 'vm.job_active', detail: 'this driver is moving the VM already' }
      migrating.set(request.vm, null)
      try {
        return await migrate(world, request, guarded(onProgress, warn))
      } finally {
        // What stood in the way of it may be in its XML.
        driver.sampler.readAgain(request.vm)
        migrating.delete(request.vm)
      }
    },
    limit: async (vm, mibps) => {
      if (migrating.has(vm)) migrating.set(vm, mibps)
      await limit(driver, vm, mibps)
    },
    ...createVmCommands(daemons),
    events: relay.subscribe,
    close: async () => link.close(),
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
