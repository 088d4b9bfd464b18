/** What a driver's test gives to the compliance suite, and what a story of it may use. */
import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import type { VmId } from '@drover/protocol'
import type { Hypervisor, MigrationRequest, MigrationResult, Presence } from './hypervisor-port.ts'

export interface ComplianceWorld {
  /** Both opened; `close` of the world closes them. */
  readonly source: Hypervisor
  readonly destination: Hypervisor
  /** Runs on the source, can be moved. */
  readonly vm: VmId
  /** At this bandwidth a migration of the VM lasts at least ten times `pollMs`. */
  readonly slowMiBps: number
  /** At this bandwidth it ends soon. */
  readonly fastMiBps: number
  /** How often to look for something that is about to happen, ms, and when to give up. */
  readonly pollMs: number
  readonly patienceMs: number
  /** Suspends the VM as its owner would, not through drover. */
  readonly pauseByOwner?: () => Promise<void>
  /** Destroys the VM as its owner would. */
  readonly destroyByOwner?: () => Promise<void>
  /** Kills a host's hypervisor daemon, not its VMs. */
  readonly killDaemon?: (of: 'source' | 'destination') => Promise<void>
  /** Starts it again; resolves when it answers. */
  readonly startDaemon?: (of: 'source' | 'destination') => Promise<void>
  /** True if the VM's definition outlives its runs, so that it can be saved and started. */
  readonly persistent: boolean
  close(): Promise<void>
}

/** What a story may use: the world, and what every other line needs of it. */
export interface Stage extends ComplianceWorld {
  /** The destination's `migrationUri`. */
  readonly to: string
  request(changes?: Partial<MigrationRequest>): MigrationRequest
  /** Waits until a look gives what is expected; fails with what it gave last. */
  eventually<T>(look: () => T | Promise<T>, expected: T): Promise<void>
  /** Begins a slow migration and waits until it runs. */
  underWay(changes?: Partial<MigrationRequest>): Promise<{ readonly result: Promise<MigrationResult> }>
}

export const stageOf = async (world: ComplianceWorld): Promise<Stage> => {
  const eventually = async <T>(look: () => T | Promise<T>, expected: T): Promise<void> => {
    const deadlineMs = performance.now() + world.patienceMs
    let found = await look()
    while (found !== expected && performance.now() < deadlineMs) {
      await delay(world.pollMs)
      found = await look()
    }
    assert.equal(found, expected)
  }
  await eventually(() => world.source.connected && world.destination.connected, true)
  const to = (await world.destination.host()).migrationUri
  const request = (changes: Partial<MigrationRequest> = {}): MigrationRequest => ({
    vm: world.vm,
    to,
    handOverPaused: false,
    bandwidthMiBps: world.fastMiBps,
    ...changes,
  })
  const underWay = async (changes: Partial<MigrationRequest> = {}) => {
    const result = world.source.migrate(request({ bandwidthMiBps: world.slowMiBps, ...changes }))
    await eventually<Presence>(() => world.source.locate(world.vm), 'outgoing')
    await eventually<Presence>(() => world.destination.locate(world.vm), 'incoming')
    return { result }
  }
  return { ...world, to, request, eventually, underWay }
}
