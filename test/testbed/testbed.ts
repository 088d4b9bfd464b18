/**
 * Several real libvirt/QEMU hosts on one machine, with live migration between them and with power, cables, daemons and
 * processes that a test can take away. Needs root and `install.sh`.
 *
 * ```ts
 * await using bed = await Testbed.up({ hosts: 3, cpuMilli: 500 })
 * const [a, b] = [bed.host(1), bed.host(2)]
 * const guest = await bed.vm(a, 'vm1', { load: 50 })
 * await bed.ready(guest)
 * const agent = await b.exec([process.execPath, '/path/to/agent.ts'], { output: join(b.dir, 'agent.log') })
 * await bed.migrate(guest, a, b)
 * agent.kill('SIGKILL')
 * await b.powerOff()
 * assert.deepEqual(guest.judge().violations, [])
 * ```
 *
 * Hosts show the whole machine's cores and memory (nodeinfo, /proc): tell agents their host's capacity by
 * configuration, the same figure as the quota given here. The quota covers libvirtd and the guests, not the agents.
 */
import { randomUUID } from 'node:crypto'
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { removeCpuGroup } from './cgroup.ts'
import { domainXml, type GuestOptions } from './domain.ts'
import { Guest } from './guest.ts'
import { Host, hostScript, shortMs } from './host.ts'
import { cacheDir, guestInitrd, guestKernel, missing } from './install.ts'
import { identify, isAlive, run, TestbedError } from './process.ts'

export type { GuestOptions } from './domain.ts'
export type { Guest, GuestState, Sighting } from './guest.ts'
export {
  type Arrival,
  judgeGuestLog,
  kernelDied,
  linesAround,
  tellVerdict,
  type Verdict,
  type Violation,
} from './guest-log.ts'
export type { ExecOptions, Host, HostProcess } from './host.ts'
export { missing } from './install.ts'
export { TestbedError, until, within } from './process.ts'

export interface TestbedOptions {
  /** How many; 1 to 9. */
  readonly hosts: number
  /** CPU of each host for its libvirtd and guests, thousandths of a core; null (default) = no limit. */
  readonly cpuMilli?: number | null
}

const runsDir = join(cacheDir, 'run')
/** The longest path of a Unix socket, bytes. */
const socketPathMax = 107

export class Testbed {
  readonly id: string
  readonly dir: string
  readonly hosts: readonly Host[]
  private readonly guests: Guest[] = []
  private readonly cuts = new Set<string>()
  private down_: Promise<void> | null = null

  private constructor(id: string, dir: string, hosts: readonly Host[]) {
    this.id = id
    this.dir = dir
    this.hosts = hosts
  }

  /**
   * Starts hosts hv1 ... hvN and returns when all their libvirtds answer. Throws `testbed.missing`, saying what, if
   * the machine is not prepared. Whatever goes wrong: nothing is left behind.
   */
  static async up(options: TestbedOptions): Promise<Testbed> {
    const lacks = missing()
    if (lacks.length > 0)
      throw new TestbedError('testbed.missing', `missing: ${lacks.join(', ')}; run install.sh`)
    if (!(options.hosts >= 1 && options.hosts <= 9)) throw new TestbedError('testbed.misuse', '1 to 9 hosts')
    await sweep()
    const id = randomUUID().slice(0, 4)
    const dir = claim(id)
    let bed: Testbed | null = null
    try {
      bed = new Testbed(id, dir, prepare(id, dir, options))
      await run(['/bin/bash', hostScript, 'switch_up', id], shortMs)
      await allSettled(bed.hosts.map((host) => host.boot()))
    } catch (error) {
      if (bed === null) await discard(id, dir)
      else await bed.down()
      throw error
    }
    return bed
  }

  /** A host by its number, from 1. */
  host(index: number): Host {
    const host = this.hosts[index - 1]
    if (host === undefined) throw new TestbedError('testbed.misuse', `no host ${index}`)
    return host
  }

  /** Starts a guest on a host; returns while it still boots (see `ready`). Names are unique per testbed. */
  async vm(host: Host, name: string, options: GuestOptions = {}): Promise<Guest> {
    if (this.guests.some((g) => g.name === name))
      throw new TestbedError('testbed.misuse', `${name} exists already`)
    const log = join(this.dir, 'log', `${name}.log`)
    const xml = join(this.dir, 'vm', `${name}.xml`)
    const uuid = randomUUID()
    writeFileSync(xml, domainXml({ ...options, name, uuid, kernel: guestKernel, initrd: guestInitrd, log }))
    closeSync(openSync(log, 'a'))
    const guest = new Guest(name, uuid, log, this.hosts)
    this.guests.push(guest)
    await this.start(guest, host, options.persistent)
    return guest
  }

  /** Waits until these guests have booted, and lifts all quotas meanwhile. Throws `testbed.timeout`. */
  async ready(...guests: Guest[]): Promise<void> {
    for (const host of this.hosts) host.liftQuota()
    try {
      await Promise.all(guests.map((guest) => guest.ready()))
    } finally {
      for (const host of this.hosts) host.restoreQuota()
    }
  }

  /** Starts a guest again, e.g. after its host has lost power: a further boot in its log. */
  async start(guest: Guest, host: Host, persistent = false): Promise<void> {
    const xml = join(this.dir, 'vm', `${guest.name}.xml`)
    if (persistent) await host.virsh(['define', xml])
    await host.virsh(persistent ? ['start', guest.uuid] : ['create', xml], 60_000)
  }

  /** Live migration, peer-to-peer, without any drover. Throws what virsh says. */
  async migrate(
    guest: Guest,
    from: Host,
    to: Host,
    flags: readonly string[] = [],
    timeoutMs = 60_000,
  ): Promise<void> {
    await from.virsh(['migrate', '--live', '--p2p', ...flags, guest.uuid, to.migrationUri], timeoutMs)
  }

  /** `virsh` with a time-out of 20 s; `host.virsh` takes another. */
  async virsh(host: Host, ...args: string[]): Promise<string> {
    return await host.virsh(args)
  }

  /** Runs a command in the controller's network, which reaches all hosts, but otherwise outside of them. */
  async controller(argv: readonly string[], timeoutMs = shortMs): Promise<string> {
    return await run(['ip', 'netns', 'exec', `drover-${this.id}-0`, ...argv], timeoutMs)
  }

  /**
   * A network cut: neither host hears anything from the other any more, silently; with `oneWay` only `b` does not hear
   * `a`. Libvirt over its Unix socket, and what shares files, are not affected. Ends when one of the two loses power.
   */
  async cut(a: Host, b: Host, options: { readonly oneWay?: boolean } = {}): Promise<void> {
    await this.drop('add', a, b)
    if (options.oneWay !== true) await this.drop('add', b, a)
  }

  /** Ends any cut between two hosts. */
  async heal(a: Host, b: Host): Promise<void> {
    await this.drop('del', a, b)
    await this.drop('del', b, a)
  }

  /** Ends everything that this testbed has started and removes its namespaces, cgroups and files. */
  down(): Promise<void> {
    this.down_ ??= this.tearDown()
    return this.down_
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.down()
  }

  private async tearDown(): Promise<void> {
    for (const guest of this.guests) guest.close()
    const failures: unknown[] = []
    await allSettled(this.hosts.map((host) => host.remove())).catch((e) => failures.push(e))
    await run(['/bin/bash', hostScript, 'switch_down', this.id], shortMs).catch((e) => failures.push(e))
    if (failures.length > 0) throw failures[0]
    rmSync(this.dir, { recursive: true, force: true })
  }

  private async drop(way: 'add' | 'del', from: Host, to: Host): Promise<void> {
    // A boot makes the host's network anew, without the rule.
    const key = `${from.index}>${to.index}/${to.initPid}`
    if (this.cuts.has(key) === (way === 'add')) return
    await run(['/bin/bash', hostScript, 'drop', way, this.id, String(from.index), String(to.index)], shortMs)
    if (way === 'add') this.cuts.add(key)
    else this.cuts.delete(key)
  }
}

/** Waits for all, also when one fails (what still runs would run on into a torn-down testbed); throws the first error. */
async function allSettled(promises: readonly Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(promises))
    if (result.status === 'rejected') throw result.reason
}

/** The files of a testbed and its hosts, which are off. */
function prepare(id: string, dir: string, options: TestbedOptions): Host[] {
  if (join(dir, '1/run/guest/', `${'x'.repeat(31)}.sock`).length > socketPathMax) {
    throw new TestbedError(
      'testbed.misuse',
      `DROVER_TESTBED_CACHE is too long a path for sockets: ${cacheDir}`,
    )
  }
  mkdirSync(join(dir, 'log'))
  mkdirSync(join(dir, 'vm'))
  const indices = Array.from({ length: options.hosts }, (_, i) => i + 1)
  const names = indices.map((i) => `10.77.0.${i} hv${i}\n`).join('')
  writeFileSync(join(dir, 'hosts'), `127.0.0.1 localhost\n${names}`)
  return indices.map((index) => new Host(id, dir, index, options.cpuMilli ?? null))
}

/** Makes the directory of a testbed, with its owner in it from the first moment. */
function claim(id: string): string {
  const dir = join(runsDir, id)
  const fresh = `${dir}.${process.pid}.new`
  mkdirSync(fresh, { recursive: true })
  writeFileSync(join(fresh, 'owner'), JSON.stringify(identify(process.pid)))
  renameSync(fresh, dir)
  return dir
}

/**
 * Removes what testbeds have left whose owner was killed. Their hosts are dead already: each dies with its owner, see
 * `power_on` in host.sh.
 */
export async function sweep(): Promise<void> {
  mkdirSync(runsDir, { recursive: true })
  for (const id of readdirSync(runsDir)) {
    const dir = join(runsDir, id)
    if (!/^[0-9a-f]{4}$/.test(id)) continue
    try {
      if (isAlive(JSON.parse(readFileSync(join(dir, 'owner'), 'utf8')))) continue
    } catch {
      // No owner can be read: it has none.
    }
    await discard(id, dir)
  }
}

/** Removes what is left of a testbed in which nothing runs. */
async function discard(id: string, dir: string): Promise<void> {
  await run(['/bin/bash', hostScript, 'switch_down', id], shortMs)
  for (let i = 1; i <= 9; i++) removeCpuGroup(`drover-${id}-${i}`)
  rmSync(dir, { recursive: true, force: true })
}
