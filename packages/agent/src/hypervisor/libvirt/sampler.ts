/** One look at all active VMs: three bulk calls, plus the XML of those whose configuration is not known yet. */
import type { VmId } from '@drover/protocol'
import { wordsOf } from '../../errors.ts'
import type { Movable, VmSample } from '../hypervisor-port.ts'
import { cpuSumOf } from './cpu-counters.ts'
import { type CpuCounters, cpuLookOf, createCpuHistory } from './demand.ts'
import type { Domain } from './domain.ts'
import type { DomainEvent } from './domain-events.ts'
import { type DiskLock, type DomainFacts, diskLocked, movable, parseDomainXml } from './domain-xml.ts'
import { type Caller, isAbsent, isRunning, type Observation, observe } from './observe.ts'
import { hasRun, wasReceived } from './paused-by.ts'
import {
  allDomainStats,
  type DomainStats,
  domainStates,
  domainXml,
  listDomains,
  listFlags,
  pausedReasons,
  startDirtyRate,
  statsFlags,
  statsGroups,
} from './procedures.ts'
import type { SharedStorage } from './shared-storage.ts'
import { vmsKeptMax } from './told-bounds.ts'
import { numberOf, type TypedValues } from './typed-params.ts'

export interface SamplerOptions {
  readonly diskLock: DiskLock
  readonly storage: SharedStorage
  /** What makes incarnations differ across boots of the host; '' if unknown. */
  readonly bootId: string
  /** How often QEMU is asked to measure how fast a guest rewrites its memory, ms; 0 = never. */
  readonly dirtyRateMs: number
  readonly warn: (message: string) => void
  /** The daemon told something that cannot be so. */
  readonly odd: (what: string) => void
  /** Monotonic, ms. Default: this process' own clock. */
  readonly now?: () => number
}

/** XML is read again after this long even if no event told of a change. */
const factsMsMax = 60_000
const dirtyRateSeconds = 1
const dirtyRateMeasured = 2

interface Known {
  readonly id: number
  readonly readAtMs: number
  readonly facts: DomainFacts | null
}

export class Sampler {
  readonly #options: SamplerOptions
  readonly #known = new Map<VmId, Known>()
  readonly #dirtyAskedMs = new Map<VmId, number>()
  readonly #cpu = createCpuHistory()
  /** VMs that were seen to have arrived paused, by their number here. A restarted daemon no longer tells. */
  readonly #arrivedPaused = new Map<VmId, number>()
  /** VMs that are known to have run here in their present life, or to have begun it here: no migration left them paused. */
  readonly #ran = new Set<VmId>()
  /** VMs on which a job runs that is no migration, as it was last seen. */
  #busy = new Set<VmId>()
  readonly #now: () => number
  #measuring = false

  constructor(options: SamplerOptions) {
    this.#options = options
    this.#now = options.now ?? (() => performance.now())
  }

  /** It is known to have run here: then it does not wait as it arrived. */
  hasRun(vm: VmId): boolean {
    return this.#ran.has(vm)
  }

  /** On these VMs, and no others, such a job runs. Asking for it once more with each sample would double its calls. */
  jobsSeen(busy: ReadonlySet<VmId>): void {
    this.#busy = new Set(busy)
  }

  /** Its configuration may have changed untold: a block job tells of its end, and not of its beginning. */
  readAgain(vm: VmId): void {
    this.#known.delete(vm)
  }

  /** What the daemon tells between two looks, which may not show it. */
  hear(event: DomainEvent): void {
    const { kind, vm } = event
    if (kind === 'configuration' || kind === 'lifecycle') this.readAgain(vm)
    if (kind === 'job_completed') this.#busy.delete(vm)
    if (kind !== 'lifecycle') return
    switch (event.event) {
      case 'started':
        if (event.detail === 'migrated') this.#ran.delete(vm)
        else this.#hasRunNow(vm)
        return
      case 'resumed':
        this.#hasRunNow(vm)
        return this.#cpu.paused(vm, this.#now())
      case 'suspended':
      case 'pmsuspended':
        return this.#cpu.paused(vm, this.#now())
      default:
        return
    }
  }

  /** Without a look that forgets those that are gone, no daemon fills the memory with VMs that it tells of. */
  #hasRunNow(vm: VmId): void {
    if (this.#ran.size < vmsKeptMax) this.#ran.add(vm)
    else this.#options.odd(`events of more than ${vmsKeptMax} VMs`)
  }

  /** `migrating` are the VMs that this driver is moving right now. */
  async sample(caller: Caller, migrating: ReadonlyMap<VmId, unknown>): Promise<VmSample[]> {
    const groups =
      statsGroups.state | statsGroups.cpu | statsGroups.balloon | statsGroups.vcpu | statsGroups.dirtyRate
    const askedMs = this.#now()
    const flags = statsFlags.active | statsFlags.noWait
    const all = this.#eachOnce(await caller.call(allDomainStats, { groups, flags }))
    const atMs = this.#now()
    const autostart = await listed(caller, listFlags.autostart)
    const hasSnapshot = await listed(caller, listFlags.hasSnapshot)
    const here = await this.#here(caller, all)
    const wanted = this.#cpu.measure(cpuLookOf(askedMs, atMs, here.map(countersOf)))
    this.#prune(new Set(here.map((one) => one.domain.vm)))
    await this.#learnStorage(caller, here, atMs)
    const samples = await Promise.all(
      here.map((one) => this.#vmSample(caller, one, wanted.get(one.domain.vm) ?? null, atMs, migrating)),
    )
    return samples
      .filter((one) => one !== null)
      .map((one) => ({
        ...one,
        autostart: autostart.has(one.vm),
        migratable: one.migratable.movable && hasSnapshot.has(one.vm) ? withSnapshot : one.migratable,
      }))
  }

  /** Reads what is to be known of each VM, and looks where the files of their disks are. */
  async #learnStorage(caller: Caller, here: readonly DomainStats[], atMs: number): Promise<void> {
    const all = await Promise.all(here.map(({ domain }) => this.#facts(caller, domain, atMs)))
    const disks = all.flatMap((facts) => (facts === null || facts === 'absent' ? [] : facts.disks))
    await this.#options.storage.learn(
      disks.flatMap(({ type, path }) => (type === 'file' && path !== null ? [path] : [])),
    )
  }

  #eachOnce(all: readonly DomainStats[]): readonly DomainStats[] {
    const each = new Map(all.map((one) => [one.domain.vm, one]))
    if (each.size < all.length) this.#options.odd('all domain stats: a VM that is there twice')
    return [...each.values()]
  }

  /** Without the VMs that are not here: those that are still being received. */
  async #here(caller: Caller, all: readonly DomainStats[]): Promise<DomainStats[]> {
    const kept = await Promise.all(
      all.map(async ({ domain, stats }) => {
        if (stateOf(stats) === domainStates.shut) return false
        return !isInDoubt(stats) || isActive(await observe(caller, domain.vm))
      }),
    )
    return all.filter((_, i) => kept[i])
  }

  #prune(here: ReadonlySet<VmId>): void {
    for (const map of [this.#known, this.#dirtyAskedMs, this.#arrivedPaused])
      for (const vm of map.keys()) if (!here.has(vm)) map.delete(vm)
    for (const vm of this.#ran) if (!here.has(vm)) this.#ran.delete(vm)
  }

  async #vmSample(
    caller: Caller,
    { domain, stats }: DomainStats,
    wanted: number | null,
    atMs: number,
    migrating: ReadonlyMap<VmId, unknown>,
  ): Promise<Omit<VmSample, 'autostart'> | null> {
    const facts = await this.#facts(caller, domain, atMs)
    if (facts === 'absent') return null
    const running = isRunning(stateOf(stats))
    const pausedBy = running ? null : await this.#pausedBy(caller, domain, stats)
    if (running && !migrating.has(domain.vm)) this.#measureDirtyRate(caller, domain, atMs)
    return {
      vm: domain.vm,
      name: domain.name === '' ? domain.vm : domain.name,
      state: running ? 'running' : 'paused',
      pausedBy,
      cpuMilli: wanted,
      vcpus: this.#cpu.vcpusOf(domain.vm) ?? 0,
      memoryMiB: memoryMiB(stats),
      dirtyMiBps: dirtyMiBps(stats),
      incarnation: `${this.#options.bootId}${domain.id}`,
      migratable: this.#movable(facts, migrating.has(domain.vm) || this.#busy.has(domain.vm)),
      diskLocked: facts !== null && diskLocked(facts, this.#options.diskLock),
      settings: facts?.settings ?? {},
    }
  }

  /** See `paused-by.ts`. A daemon that was restarted since its arrival no longer tells of it: what was seen once stays. */
  async #pausedBy(caller: Caller, domain: Domain, stats: TypedValues): Promise<'migration' | 'owner'> {
    if (stateOf(stats) !== domainStates.paused) return 'owner'
    if (numberOf(stats, 'state.reason', 0) === pausedReasons.migration) return 'migration'
    if (hasRun(stats) || this.#ran.has(domain.vm)) return 'owner'
    if (this.#arrivedPaused.get(domain.vm) === domain.id) return 'migration'
    if (!(await wasReceived(caller, domain))) return 'owner'
    this.#arrivedPaused.set(domain.vm, domain.id)
    return 'migration'
  }

  #movable(facts: DomainFacts | null, hasJob: boolean): Movable {
    if (hasJob) return { movable: false, code: 'vm.job_active' }
    if (facts === null) return { movable: false, code: 'vm.unreadable' }
    return movable(facts, this.#options.storage.isShared)
  }

  /** Null when its XML cannot be understood: such a VM is shown, and stays where it is. */
  async #facts(caller: Caller, domain: Domain, atMs: number): Promise<DomainFacts | null | 'absent'> {
    const known = this.#known.get(domain.vm)
    if (known !== undefined && known.id === domain.id && atMs - known.readAtMs < factsMsMax)
      return known.facts
    let xml: string | null
    try {
      xml = await caller.call(domainXml, { domain, flags: 0 })
    } catch (error) {
      if (isAbsent(error)) return 'absent'
      throw error
    }
    let facts: DomainFacts | null = null
    try {
      if (xml !== null) facts = parseDomainXml(xml)
    } catch (error) {
      this.#options.warn(`${domain.name}: its XML cannot be read: ${wordsOf(error)}`)
    }
    this.#known.set(domain.vm, { id: domain.id, readAtMs: atMs, facts })
    return facts
  }

  /**
   * Begins a measurement whose result a later sample sees. Not everything can be measured; that is no error.
   * One request at a time: a VM that is busy with a job keeps it waiting for up to 30 s inside libvirt.
   */
  #measureDirtyRate(caller: Caller, domain: Domain, atMs: number): void {
    const everyMs = this.#options.dirtyRateMs
    const asked = this.#dirtyAskedMs.get(domain.vm)
    if (everyMs === 0 || this.#measuring || (asked !== undefined && atMs - asked < everyMs)) return
    this.#dirtyAskedMs.set(domain.vm, atMs)
    this.#measuring = true
    const ended = (): void => {
      this.#measuring = false
    }
    caller.call(startDirtyRate, { domain, seconds: dirtyRateSeconds }).then(ended, ended)
  }
}

/** The active VMs of which this is so. */
const listed = async (caller: Caller, flag: number): Promise<ReadonlySet<VmId>> =>
  new Set((await caller.call(listDomains, { flags: listFlags.active | flag })).map(({ vm }) => vm))

/**
 * "cannot migrate domain with %d snapshots" (`qemuMigrationSrcIsAllowed` of libvirt, all versions): whatever the snapshots are,
 * in the disk or beside it, as long as libvirt has records of them. One without (`--no-metadata`) is none to libvirt.
 * A checkpoint does not hinder: libvirt moves the VM, and only its records of the checkpoints stay behind.
 */
const withSnapshot: Movable = { movable: false, code: 'vm.snapshot' }

const isActive = (seen: Observation): boolean => seen.kind === 'active' && seen.job.kind !== 'incoming'

const stateOf = (stats: TypedValues): number => numberOf(stats, 'state.state', domainStates.none)

/**
 * Paused by libvirt itself: being received, being started, or at the switch-over of a migration away. Only a question
 * about its job tells which.
 */
const isInDoubt = (stats: TypedValues): boolean => {
  const reason = numberOf(stats, 'state.reason', 0)
  const { unknown, migration, startingUp } = pausedReasons
  return (
    stateOf(stats) === domainStates.paused && [unknown, migration, startingUp].some((one) => one === reason)
  )
}

const countersOf = ({ domain, stats }: DomainStats): CpuCounters => ({
  vm: domain.vm,
  id: domain.id,
  running: isRunning(stateOf(stats)),
  vcpus: numberOf(stats, 'vcpu.current', null),
  sum: cpuSumOf(stats),
})

/** Without the balloon's present size the VM may use all that it was given; 0 = not told, or more than that. */
const memoryMiB = (stats: TypedValues): number => {
  const most = numberOf(stats, 'balloon.maximum', Number.POSITIVE_INFINITY)
  const now = numberOf(stats, 'balloon.current', most)
  return Number.isFinite(now) && now <= most ? now / 1024 : 0
}

const dirtyMiBps = (stats: TypedValues): number | null => {
  if (numberOf(stats, 'dirtyrate.calc_status', 0) !== dirtyRateMeasured) return null
  const rate = numberOf(stats, 'dirtyrate.megabytes_per_second', null)
  return rate === null || rate < 0 ? null : rate
}
