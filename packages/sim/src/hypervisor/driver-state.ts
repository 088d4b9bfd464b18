/** What the simulated driver of one host keeps, and how it asks daemons: its own, and those of other hosts. */
import { HypervisorError, type HypervisorEvent, type Presence, type RunningJob } from '@drover/agent/runtime'
import type { VmId } from '@drover/protocol'
import type { CpuMeter } from './cpu-meter.ts'
import { type Copy, type HostRecord, reaches } from './state.ts'
import type { World } from './world.ts'

export interface SimulatedOptions {
  /** What one call takes, ms of the world's clock. Default 0. */
  readonly callMs?: number
  /** What a start, stop, save or restore takes in the world, ms, whether its caller lives or not. Default 0. */
  readonly operationMs?: number
  /** How long a call waits for an answer, ms. Default 5000. */
  readonly timeoutMs?: number
  /** The same for a start, a save and a restore. Default 600,000. */
  readonly storageMs?: number
  /** A connection to a daemon that hangs is given up after this time, ms. Default 15,000. */
  readonly keepaliveMs?: number
  /** How often a running migration tells its progress, ms. Default 250. */
  readonly progressMs?: number
}

export interface DriverState {
  readonly world: World
  readonly self: HostRecord
  readonly options: Required<SimulatedOptions>
  readonly meter: CpuMeter
  readonly listeners: Set<(event: HypervisorEvent) => void>
  /** What ends the calls that still wait when the driver is closed. */
  readonly closers: Set<() => void>
  opened: boolean
  /** Its own daemon was silent for too long: no connection until it is up again. */
  givenUp: boolean
  /** Waits no longer for that. */
  heed: () => void
  unlisten: () => void
}

const scheme = 'sim://'

/** Where the simulated hypervisors of other hosts reach that of this host. */
export const uriOf = (hostName: string): string => `${scheme}${hostName}`

export const hostAt = ({ world }: DriverState, uri: string): HostRecord | undefined =>
  uri.startsWith(scheme) ? world.inside.state.hosts.get(uri.slice(scheme.length)) : undefined

/** Resolves after that time, or when the driver is closed. */
const pause = ({ world, closers }: DriverState, ms: number): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      cancel()
      closers.delete(done)
      resolve()
    }
    const cancel = world.clock.after(ms, done)
    closers.add(done)
  })

export const unreachable = (host: HostRecord): HypervisorError =>
  new HypervisorError('hypervisor.unreachable', `${uriOf(host.spec.name)} does not answer`)

export const timedOut = (host: HostRecord): HypervisorError =>
  new HypervisorError('hypervisor.timeout', `${uriOf(host.spec.name)} is silent`)

/** The daemon of that host would take a call from here. A hung one does, too, for a while. */
export const answers = ({ world, self, opened, givenUp }: DriverState, host: HostRecord): boolean =>
  opened &&
  host.daemon !== 'down' &&
  (host === self ? host.alive && !givenUp : reaches(world.inside.state, self, host))

/** Resolves when the daemon has answered. Throws HypervisorError: `hypervisor.unreachable`, `hypervisor.timeout`. */
export const ask = async (driver: DriverState, host: HostRecord): Promise<void> => {
  const { callMs, timeoutMs } = driver.options
  if (!answers(driver, host)) throw unreachable(host)
  const takesMs = callMs + host.slowMs
  if (host.daemon === 'hung' || takesMs >= timeoutMs) {
    await pause(driver, timeoutMs)
    throw timedOut(host)
  }
  if (takesMs > 0) {
    await pause(driver, takesMs)
    if (!answers(driver, host)) throw unreachable(host)
  }
}

/** Asks the hypervisor at this URI; undefined = its own. Throws as `ask` does. */
export const askAt = async (driver: DriverState, at: string | undefined): Promise<HostRecord> => {
  const host = at === undefined ? driver.self : hostAt(driver, at)
  if (host === undefined) throw new HypervisorError('hypervisor.unreachable', `no hypervisor at ${at}`)
  await ask(driver, host)
  return host
}

export const refused = (why: string): HypervisorError => new HypervisorError('hypervisor.refused', why)

/** Throws HypervisorError `vm.absent`, for a copy that is still being received too. */
export const copyOn = (host: HostRecord, vm: VmId): Copy => {
  const copy = host.copies.get(vm)
  if (copy === undefined || copy.state === 'incoming')
    throw new HypervisorError('vm.absent', `${host.spec.name} has no VM ${vm}`)
  return copy
}

/** A copy that has come is no job any more, whatever its source knows. */
export const jobOf = ({ world }: DriverState, host: HostRecord, vm: VmId): RunningJob['direction'] | null => {
  if (host.copies.get(vm)?.state === 'incoming') return 'incoming'
  return world.inside.migrations.of(vm)?.from === host.spec.name ? 'outgoing' : null
}

export const presenceAt = (driver: DriverState, host: HostRecord, vm: VmId): Presence => {
  const copy = host.copies.get(vm)
  if (copy === undefined) return 'absent'
  const paused = copy.pausedBy === 'owner' ? 'held' : 'paused'
  return jobOf(driver, host, vm) ?? (copy.saved ? 'saved' : copy.state === 'paused' ? paused : copy.state)
}
