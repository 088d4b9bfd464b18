/**
 * CPU quota by cgroup, version 1 or 2. A group per host; libvirtd is started in it and its QEMU processes inherit it.
 * Nothing else is: an agent must not starve because its guests are busy.
 */
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { TestbedError } from './process.ts'

/**
 * The quota is dealt out per period. The kernel's default of 100 ms would hold up a throttled libvirtd for most of it;
 * with less than 10 ms the deal (5 ms slices) gets uneven.
 */
const periodUs = 20_000

const root = '/sys/fs/cgroup'

type Version = { readonly version: 1 | 2; readonly base: string }

function find(): Version {
  // Where both are mounted (hybrid), the cpu controller is in one of them only.
  for (const base of [`${root}/cpu`, `${root}/cpu,cpuacct`]) {
    if (existsSync(`${base}/cgroup.procs`)) return { version: 1, base }
  }
  if (existsSync(`${root}/cgroup.controllers`)) {
    if (readFileSync(`${root}/cgroup.controllers`, 'utf8').split(/\s+/).includes('cpu'))
      return { version: 2, base: root }
  }
  throw new TestbedError('testbed.missing', `no cgroup with a cpu controller below ${root}`)
}

export class CpuGroup {
  /** Write a pid into this file to put its process under the quota. */
  readonly procs: string
  private readonly dir: string
  private readonly version: 1 | 2

  /** Creates the group, without limit. Throws `testbed.missing` if the machine has no cpu controller. */
  constructor(name: string) {
    const { version, base } = find()
    this.version = version
    this.dir = `${base}/${name}`
    this.procs = `${this.dir}/cgroup.procs`
    try {
      if (version === 2) writeFileSync(`${base}/cgroup.subtree_control`, '+cpu')
      mkdirSync(this.dir, { recursive: true })
    } catch (error) {
      throw new TestbedError(
        'testbed.missing',
        `cannot create the cgroup ${this.dir}: ${(error as Error).message}`,
      )
    }
  }

  /** CPU for all processes of the group together, thousandths of a core (at least 50); null = no limit. */
  limit(cpuMilli: number | null): void {
    if (cpuMilli !== null && !(cpuMilli >= 50))
      throw new TestbedError('testbed.misuse', `quota of ${cpuMilli} is below 50`)
    const quotaUs = cpuMilli === null ? null : Math.round((cpuMilli * periodUs) / 1000)
    if (this.version === 2) {
      writeFileSync(`${this.dir}/cpu.max`, `${quotaUs ?? 'max'} ${periodUs}`)
    } else {
      writeFileSync(`${this.dir}/cpu.cfs_period_us`, String(periodUs))
      writeFileSync(`${this.dir}/cpu.cfs_quota_us`, String(quotaUs ?? -1))
    }
  }

  /** Puts a running process, with all its threads, under the quota. */
  add(pid: number): void {
    writeFileSync(this.procs, String(pid))
  }

  /** Removes the group; false while processes are in it. */
  remove(): boolean {
    try {
      rmdirSync(this.dir)
    } catch {
      return !existsSync(this.dir)
    }
    return true
  }
}

/** Removes a group that another process has left behind; it must be empty. */
export function removeCpuGroup(name: string): void {
  for (const base of [`${root}/cpu`, `${root}/cpu,cpuacct`, root]) {
    try {
      rmdirSync(`${base}/${name}`)
    } catch {
      // Not there, or not empty: then its processes live and are not ours to kill.
    }
  }
}
