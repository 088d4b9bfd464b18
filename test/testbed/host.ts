/** One host of a testbed: its power, its cable, its libvirtd, its CPU quota, and processes that run on it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { CpuGroup } from './cgroup.ts'
import { libvirtdConf, qemuConf } from './libvirt-conf.ts'
import {
  collect,
  type Ended,
  ended,
  type Identity,
  isAlive,
  onlyChild,
  run,
  signal,
  TestbedError,
  until,
  within,
} from './process.ts'

export const hostScript = join(import.meta.dirname, 'host.sh')
/** For what takes well below a second on an idle machine: the testbed's machine is not idle. */
export const shortMs = 20_000
const libvirtdMs = 60_000

/** A process on a host. */
export interface HostProcess {
  /** Its pid as the test sees it, not as the host does: `kill -9` on it hits exactly this process. */
  readonly pid: number
  /** Null if the output goes to a file. */
  readonly stdout: Readable | null
  readonly stderr: Readable | null
  readonly stdin: Writable | null
  /** Resolves when it has ended; never rejects. */
  readonly exited: Promise<Ended>
  readonly alive: boolean
  /** Sends a signal to exactly this process; false if it is gone. */
  kill(name?: NodeJS.Signals): boolean
}

export interface ExecOptions {
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Default `/`. */
  readonly cwd?: string
  /** Appends standard output and error to this file; default: pipes, which the caller must read. */
  readonly output?: string
  /** Under the host's CPU quota, as its guests are. Default false. */
  readonly inQuota?: boolean
}

export class Host {
  /** 1, 2, 3 ... */
  readonly index: number
  readonly name: string
  readonly address: string
  /** Where the other hosts reach its libvirtd. */
  readonly migrationUri: string
  /** The socket of its libvirtd, as seen from outside of the host. On the host it is libvirt's usual one. */
  readonly libvirtSocket: string
  /** `virsh -c` from outside, over the socket: works without cable. */
  readonly libvirtUri: string
  /** Same path on the host and outside; survives a loss of power. For agents' state and sockets. */
  readonly dir: string
  private readonly bed: string // the testbed's id
  private readonly root: string
  private readonly group: CpuGroup
  private cpuMilli: number | null = null
  private plugged = false
  private power: {
    readonly unshare: ChildProcess
    readonly init: Identity
    readonly off: Promise<Ended>
  } | null = null
  private libvirtd: HostProcess | null = null

  /** Prepares the host's files; it is off. `bedDir` is the testbed's directory, `bed` its id. */
  constructor(bed: string, bedDir: string, index: number, cpuMilli: number | null) {
    this.bed = bed
    this.index = index
    this.name = `hv${index}`
    this.address = `10.77.0.${index}`
    this.migrationUri = `qemu+tcp://${this.address}/system`
    this.root = join(bedDir, String(index))
    this.dir = join(this.root, 'home')
    this.libvirtSocket = join(this.root, 'run/libvirt/libvirt-sock')
    this.libvirtUri = `qemu:///system?socket=${this.libvirtSocket}`
    for (const d of ['etc/qemu', 'lib', 'log', 'cache', 'home'])
      mkdirSync(join(this.root, d), { recursive: true })
    writeFileSync(join(this.root, 'etc/libvirtd.conf'), libvirtdConf(this))
    writeFileSync(join(this.root, 'etc/qemu.conf'), qemuConf(this))
    this.group = new CpuGroup(`drover-${bed}-${index}`)
    this.quota(cpuMilli)
  }

  get on(): boolean {
    return this.power !== null
  }

  get libvirtdRuns(): boolean {
    return this.libvirtd?.alive ?? false
  }

  /** The host's first process, by which its namespaces are found; null while it is off. */
  get initPid(): number | null {
    return this.power?.init.pid ?? null
  }

  /** The path outside of something in the host's /run. */
  outside(path: string): string {
    return join(this.root, path)
  }

  /** Powers the host on, with its cable in, and starts its libvirtd. */
  async boot(): Promise<void> {
    if (this.power !== null) throw new TestbedError('testbed.misuse', `${this.name} is on already`)
    rmSync(join(this.root, 'run'), { recursive: true, force: true }) // volatile, as on any host
    mkdirSync(join(this.root, 'run'))
    await this.script('plug')
    this.plugged = true
    const log = openSync(join(this.root, 'log/init.log'), 'a')
    // Its standard input stays open as long as this process lives; see `power_on`.
    const unshare = spawn('/bin/bash', [hostScript, 'power_on', this.bed, String(this.index), this.root], {
      stdio: ['pipe', 'pipe', log],
      detached: true, // Ctrl-C ends the test, which then takes the host down in order
    })
    closeSync(log)
    unshare.stdin!.on('error', () => {})
    const off = ended(unshare)
    const ready = new Promise<void>((resolve) => unshare.stdout!.once('data', () => resolve()))
    const gone = off.then(() => {
      throw new TestbedError('testbed.failed', `${this.name} died at power-on; see ${this.root}/log/init.log`)
    })
    try {
      await within(`${this.name} powers on`, shortMs, Promise.race([ready, gone]))
      const init = onlyChild(unshare.pid!)
      if (init === null) throw new TestbedError('testbed.failed', `${this.name} has no first process`)
      this.power = { unshare, init, off }
      off.then(() => {
        if (this.power?.unshare === unshare) this.power = null
      })
    } catch (error) {
      unshare.kill('SIGKILL')
      throw error
    } finally {
      gone.catch(() => {})
    }
    await this.startLibvirtd()
  }

  /**
   * Loss of power: the cable first, else the peers would see the kernel close the connections; then everything on the
   * host dies at once, agents and guests included. Returns when nothing of it runs any more.
   */
  async powerOff(): Promise<void> {
    const power = this.power
    if (power !== null) {
      await this.cable('down')
      signal(power.init, 'SIGKILL')
      await within(`${this.name} powers off`, shortMs, power.off)
      this.power = null
      this.libvirtd = null
    }
    if (this.plugged) await this.script('unplug')
    this.plugged = false
  }

  async cable(way: 'up' | 'down'): Promise<void> {
    await this.script('cable', way)
  }

  /** Starts libvirtd, under the quota; returns when it answers. */
  async startLibvirtd(): Promise<void> {
    if (this.libvirtdRuns) throw new TestbedError('testbed.misuse', `libvirtd of ${this.name} runs already`)
    const output = join(this.root, 'log/libvirtd.out')
    const daemon = await this.exec(['libvirtd', '-l'], { output, inQuota: true })
    this.libvirtd = daemon
    await until(`libvirtd of ${this.name} answers`, libvirtdMs, async () => {
      if (!daemon.alive)
        throw new TestbedError('testbed.failed', `libvirtd of ${this.name} ended; see ${output}`)
      if (!existsSync(this.libvirtSocket)) return null
      return await this.virsh(['version'], 10_000).catch(() => null)
    })
  }

  /** kill -9; its guests run on. Returns when it is gone. */
  async killLibvirtd(): Promise<void> {
    const daemon = this.libvirtd
    if (daemon === null) return
    daemon.kill('SIGKILL')
    await within(`libvirtd of ${this.name} dies`, shortMs, daemon.exited)
    this.libvirtd = null
  }

  /**
   * Starts a process on the host: in its network, mount, UTS, IPC and PID namespaces, with the machine's file system
   * but the host's own /run, /etc/libvirt and /var/{lib,log,cache}/libvirt. It dies with the host. It is not under the
   * CPU quota unless asked. Throws if the host is off; a command that does not exist shows as exit code 127.
   */
  async exec(argv: readonly string[], options: ExecOptions = {}): Promise<HostProcess> {
    const { child, who, exited } = await this.enter(argv, options)
    return {
      pid: who.pid,
      stdin: child.stdin,
      stdout: child.stdout,
      stderr: child.stderr,
      exited,
      get alive() {
        return isAlive(who)
      },
      kill: (name = 'SIGTERM') => {
        const sent = signal(who, name)
        // nsenter stops itself together with its child, but nothing would wake it.
        if (name === 'SIGCONT') child.kill('SIGCONT')
        return sent
      },
    }
  }

  /** Runs a command on the host to its end and returns its standard output. Throws as `run` in process.ts does. */
  async run(argv: readonly string[], timeoutMs = shortMs, options: ExecOptions = {}): Promise<string> {
    const { child, who } = await this.enter(argv, options)
    return await collect(child, argv, timeoutMs, '', () => signal(who, 'SIGKILL'))
  }

  /** virsh on this host's libvirtd, over its socket. Throws `testbed.timeout` and `testbed.failed`. */
  async virsh(args: readonly string[], timeoutMs = shortMs): Promise<string> {
    return (await run(['virsh', '-q', '-c', this.libvirtUri, ...args], timeoutMs)).trim()
  }

  /** CPU for libvirtd and the guests together, thousandths of a core, at least 50; null = no limit. */
  quota(cpuMilli: number | null): void {
    this.cpuMilli = cpuMilli
    this.group.limit(cpuMilli)
  }

  /** Lifts the quota until `restoreQuota`: booting guests under it takes its time. */
  liftQuota(): void {
    this.group.limit(null)
  }

  restoreQuota(): void {
    this.group.limit(this.cpuMilli)
  }

  /** Puts a process that runs already under the host's quota. */
  putProcessInQuota(pid: number): void {
    this.group.add(pid)
  }

  /** Powers off, if on, and removes what the host has in the system (its files are the testbed's). */
  async remove(): Promise<void> {
    await this.powerOff()
    await until(`the cgroup of ${this.name} is empty`, shortMs, () => (this.group.remove() ? true : null))
  }

  private async enter(
    argv: readonly string[],
    options: ExecOptions,
  ): Promise<{ readonly child: ChildProcess; readonly who: Identity; readonly exited: Promise<Ended> }> {
    if (this.power === null) throw new TestbedError('testbed.misuse', `${this.name} is off`)
    const { env, cwd = '/', output, inQuota = false } = options
    const file = output === undefined ? null : openSync(output, 'a')
    const out = file ?? 'pipe'
    const group = inQuota ? this.group.procs : '-'
    const child = spawn(
      '/bin/bash',
      [hostScript, 'enter', String(this.power.init.pid), group, cwd, ...argv],
      {
        stdio: [file === null ? 'pipe' : 'ignore', out, out, 'pipe'],
        env: { ...process.env, ...env },
        detached: true, // Ctrl-C ends the test, which then ends its processes in order
      },
    )
    if (file !== null) closeSync(file)
    child.stdin?.on('error', () => {})
    const go = child.stdio[3] as Writable
    go.on('error', () => {})
    let over = false
    const exited = ended(child)
    exited.then(() => {
      over = true
    })
    // nsenter stays outside and has one child, the process itself, which waits until we know its pid.
    const who = await until(
      `${argv[0]} starts on ${this.name}`,
      shortMs,
      () => (over ? 'over' : onlyChild(child.pid!)),
      3,
    )
    if (who === 'over') throw new TestbedError('testbed.failed', `${this.name}: cannot start ${argv[0]}`)
    go.end('go\n')
    return { child, who, exited }
  }

  private async script(command: 'plug' | 'unplug' | 'cable', ...more: string[]): Promise<void> {
    await run(['/bin/bash', hostScript, command, this.bed, String(this.index), ...more], shortMs)
  }
}
