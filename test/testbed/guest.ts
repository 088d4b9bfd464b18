/** One guest of a testbed, wherever it is. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { consolePath } from './domain.ts'
import { judgeGuestLog, logLines, parseLine, type Verdict } from './guest-log.ts'
import { GuestWatch } from './guest-watch.ts'
import type { Host } from './host.ts'
import { TestbedError, until } from './process.ts'

/** `unreachable`: that host's libvirtd does not answer. */
export type GuestState = 'running' | 'paused' | 'shut' | 'absent' | 'other' | 'unreachable'

export interface Sighting {
  readonly host: string
  /** The host's place in `bed.hosts`. */
  readonly index: number
  readonly state: GuestState
  /** libvirt's words, e.g. `paused (migrating)`. */
  readonly detail: string
  /** Does a QEMU process of this guest exist on the host? Looked up in /proc: true also while libvirtd is dead. */
  readonly process: boolean
}

export class Guest {
  readonly name: string
  readonly uuid: string
  /** The serial log, shared by all hosts. */
  readonly logPath: string
  private readonly hosts: readonly Host[]
  private readonly watch: GuestWatch

  constructor(name: string, uuid: string, logPath: string, hosts: readonly Host[]) {
    this.name = name
    this.uuid = uuid
    this.logPath = logPath
    this.hosts = hosts
    this.watch = new GuestWatch(logPath)
  }

  /** Its serial log until now. */
  log(): string {
    return readFileSync(this.logPath, 'latin1')
  }

  /** The number of its last tick; -1 before the first. */
  get tick(): number {
    this.watch.look()
    return this.watch.arrivals.at(-1)?.n ?? -1
  }

  /** Did exactly one copy run, all the time? `bootsMax`: how often it was meant to boot. */
  judge(bootsMax = 1): Verdict {
    this.watch.look()
    return judgeGuestLog(this.log(), { bootsMax, arrivals: this.watch.arrivals })
  }

  /** The longest pause between ticks that arrived since `sinceMs` (of `performance.now()`), ms. */
  pauseMsMax(sinceMs: number): number {
    this.watch.look()
    const { arrivals } = this.watch
    const first = Math.max(0, arrivals.findIndex((a) => a.atMs >= sinceMs) - 1)
    return judgeGuestLog('', { arrivals: arrivals.slice(first) }).wallGapMsMax ?? 0
  }

  /** Waits until it has ticked `ticks` times more than now. Throws `testbed.timeout`. */
  async ticks(ticks: number, timeoutMs = 30_000): Promise<void> {
    const seen = () => {
      this.watch.look()
      return this.watch.arrivals.length
    }
    const enough = seen() + ticks
    await until(`${this.name} ticks ${ticks} times`, timeoutMs, () => (seen() >= enough ? true : null))
  }

  /** Waits until it has booted for the `boots`-th time. Throws `testbed.timeout`. */
  async ready(boots = 1, timeoutMs = 120_000): Promise<void> {
    await until(`${this.name} is ready`, timeoutMs, () => {
      this.watch.look()
      const last = this.watch.arrivals.at(-1)
      return last !== undefined && last.boot >= boots ? true : null
    })
  }

  /**
   * Types a line on its console (`load 50`, `dirty 10`, `hold 20`, `off`) and waits until it says OK. Throws
   * `testbed.misuse` if it runs nowhere, `testbed.timeout` if it says nothing.
   */
  async console(line: string, timeoutMs = 30_000): Promise<void> {
    const host = this.hosts[(await this.where()).find((s) => s.state === 'running')?.index ?? -1]
    if (host === undefined) throw new TestbedError('testbed.misuse', `${this.name} runs nowhere`)
    const answers = () => logLines(this.log()).filter((text) => parseLine(text).kind === 'ok').length
    const before = answers()
    const socket = connect(host.outside(consolePath(this.name)))
    let trouble: Error | null = null
    socket.on('error', (error) => {
      trouble = error
    })
    socket.resume() // the guest would block on a reader that does not read
    socket.write(`${line}\n`)
    try {
      await until(`${this.name} obeys "${line}"`, timeoutMs, () => {
        if (trouble !== null && answers() === before) {
          throw new TestbedError('testbed.failed', `console of ${this.name}: ${trouble.message}`)
        }
        return answers() > before ? true : null
      })
    } finally {
      socket.destroy()
    }
  }

  /**
   * Where it is: asks every host that is on. Hosts where it positively is not are left out, so two sightings with state
   * `running` are two copies.
   */
  async where(): Promise<Sighting[]> {
    const sightings = await Promise.all(
      this.hosts.map(async (host, index) => {
        if (!host.on) return null
        const { state, detail } = await this.stateOn(host)
        const process = qemuRuns(host, this.name)
        return state === 'absent' && !process ? null : { index, host: host.name, state, detail, process }
      }),
    )
    return sightings.filter((s) => s !== null)
  }

  close(): void {
    this.watch.close()
  }

  private async stateOn(host: Host): Promise<{ readonly state: GuestState; readonly detail: string }> {
    if (!host.libvirtdRuns) return { state: 'unreachable', detail: 'libvirtd is not running' }
    try {
      const detail = await host.virsh(['domstate', '--reason', this.uuid], 10_000)
      const word = detail.split(' (')[0]!
      if (word === 'running' || word === 'paused') return { state: word, detail }
      return { state: word === 'shut off' ? 'shut' : 'other', detail }
    } catch (error) {
      const detail = (error as Error).message
      return {
        state: /failed to get domain|Domain not found/.test(detail) ? 'absent' : 'unreachable',
        detail,
      }
    }
  }
}

/** Does a QEMU process of that guest run in that host's PID namespace? */
function qemuRuns(host: Host, name: string): boolean {
  if (host.initPid === null) return false
  let namespace: string
  try {
    namespace = readlinkSync(`/proc/${host.initPid}/ns/pid`)
  } catch {
    return false
  }
  return readdirSync('/proc').some((pid) => {
    if (!/^\d+$/.test(pid)) return false
    try {
      return (
        readlinkSync(join('/proc', pid, 'ns/pid')) === namespace &&
        readFileSync(join('/proc', pid, 'cmdline'), 'latin1').includes(`guest=${name},`)
      )
    } catch {
      return false // it has just ended
    }
  })
}
