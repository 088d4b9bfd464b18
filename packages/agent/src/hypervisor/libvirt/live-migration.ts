/**
 * One live migration, from the first look to the last. The call goes over a connection of its own (a daemon serves
 * few calls per connection, and this one lasts); looking, progress and abort go over the driver's link.
 * Peer-to-peer: if this process or the connection dies, the migration goes on, and so does the looking.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { VmId } from '@drover/protocol'
import { wordsOf } from '../../errors.ts'
import {
  HypervisorError,
  type MigrationProgress,
  type MigrationRequest,
  type MigrationResult,
} from '../hypervisor-port.ts'
import type { Connection } from './connection.ts'
import type { Domain } from './domain.ts'
import type { DomainEvent } from './domain-events.ts'
import { type Caller, type Observation, observe } from './observe.ts'
import { isPersistent, jobStats, migrateFlags, migratePerform } from './procedures.ts'
import { progressOf, totalsOf } from './progress.ts'
import type { TypedValues } from './typed-params.ts'
import { type CallEnd, verdict } from './verdict.ts'

/** What a migration needs of the driver around it. */
export interface MigrationWorld {
  readonly link: Caller & { ready(waitMs: number): Promise<boolean> }
  /** A new connection to this host's daemon, or to another's. */
  session(at?: string): Promise<Connection>
  /** Throws for a URI that must not be handed to the daemon. */
  check(at: string): void
  onEvent(listener: (event: DomainEvent) => void): () => void
  /** How often progress is asked for, ms. */
  readonly progressMs: number
  /** How long a daemon that cannot be asked is waited for before the answer is `unknown`, ms. */
  readonly lookMs: number
  /** How long an event may lag behind the answer to the call, ms. */
  readonly eventMs: number
}

interface Start {
  readonly domain: Domain
  readonly running: boolean
  readonly persistent: boolean
}

/** What the event stream told of this VM since the migration began. */
interface Witness {
  stopped: string | null
  completed: TypedValues | null
  /** The daemon was seen at work on it: it has read the request. */
  begun: boolean
}

const unknown = (code: string, detail: string): MigrationResult => ({ kind: 'unknown', code, detail })
const refused = (code: string, detail: string): MigrationResult => ({ kind: 'refused', code, detail })

/** Resolves when the migration has ended, as the port says; never rejects. */
export const migrate = async (
  world: MigrationWorld,
  request: MigrationRequest,
  onProgress: (progress: MigrationProgress) => void,
): Promise<MigrationResult> => {
  const witness: Witness = { stopped: null, completed: null, begun: false }
  const unsubscribe = world.onEvent((event) => testify(witness, request.vm, event))
  try {
    const start = await begin(world, request.vm)
    if ('kind' in start) return start
    try {
      world.check(request.to)
    } catch (error) {
      return refused('peer.uri_refused', wordsOf(error))
    }
    const end = await perform(world, request, start, witness, onProgress)
    return await conclude(world, request, start, end, witness, onProgress)
  } catch (error) {
    return unknown(error instanceof HypervisorError ? error.code : 'driver.failed', wordsOf(error))
  } finally {
    unsubscribe()
  }
}

const testify = (witness: Witness, vm: VmId, event: DomainEvent): void => {
  if (event.vm !== vm) return
  if (event.kind === 'lifecycle' && event.event === 'stopped') witness.stopped = event.detail
  if (event.kind === 'lifecycle' && event.event === 'started') witness.stopped = null
  if (event.kind === 'job_completed') witness.completed = event.stats
  if (event.kind === 'migration_iteration') witness.begun = true
}

/** Looks before anything is sent. */
const begin = async ({ link }: MigrationWorld, vm: VmId): Promise<Start | MigrationResult> => {
  const seen = await observe(link, vm)
  if (seen.kind === 'absent') return unknown('vm.absent', 'the VM is not here; nothing was sent')
  if (seen.kind === 'shut') return refused('vm.shut', 'the VM is not active; nothing was sent')
  if (seen.job.kind !== 'none')
    return unknown('vm.job_active', 'a job runs on the VM already; nothing was sent')
  const { domain, running } = seen
  return { domain, running, persistent: await link.call(isPersistent, domain) }
}

const flagsOf = (request: MigrationRequest, start: Start): number => {
  let flags = migrateFlags.live | migrateFlags.peerToPeer | migrateFlags.abortOnError
  // Exactly one definition, as before: a transient VM has none, and must not gain one.
  if (start.persistent) flags |= migrateFlags.persistDestination | migrateFlags.undefineSource
  // A VM that is paused arrives paused anyway; with the flag, nothing would tell whose pause it is.
  if (request.handOverPaused && start.running) flags |= migrateFlags.paused
  if (request.autoConverge !== false) flags |= migrateFlags.autoConverge
  return flags
}

const perform = async (
  world: MigrationWorld,
  request: MigrationRequest,
  start: Start,
  witness: Witness,
  onProgress: (progress: MigrationProgress) => void,
): Promise<CallEnd> => {
  let connection: Connection | null = null
  const stop = new AbortController()
  try {
    connection = await world.session()
    const { bandwidthMiBps } = request
    const call = connection.call(
      migratePerform,
      {
        domain: start.domain,
        to: request.to,
        params: bandwidthMiBps === null ? [] : [{ name: 'bandwidth', type: 'ullong', value: bandwidthMiBps }],
        flags: flagsOf(request, start),
      },
      null,
    )
    const progressed = (progress: MigrationProgress): void => {
      witness.begun = true
      onProgress(progress)
    }
    void pollProgress(world, start.domain, progressed, stop.signal)
    await call
    return { kind: 'ok' }
  } catch (error) {
    if (error instanceof HypervisorError && error.code !== 'hypervisor.unreachable')
      return { kind: 'error', code: error.code, detail: error.message }
    // Without a connection nothing was sent.
    if (connection === null && error instanceof HypervisorError)
      return { kind: 'error', code: error.code, detail: error.message }
    return { kind: 'lost', detail: `the connection to the hypervisor broke: ${wordsOf(error)}` }
  } finally {
    stop.abort()
    connection?.close('the migration has ended')
  }
}

const pollProgress = async (
  { link, progressMs }: MigrationWorld,
  domain: Domain,
  onProgress: (progress: MigrationProgress) => void,
  signal: AbortSignal,
): Promise<void> => {
  while (!signal.aborted) {
    try {
      await delay(progressMs, undefined, { signal })
      const { stats } = await link.call(jobStats, { domain, flags: 0 })
      if (!signal.aborted && stats.size > 0) onProgress(progressOf(stats))
    } catch {
      // Progress is for people; not having it for a while decides nothing.
    }
  }
}

/** Looks until the hypervisor shows an end, or cannot be asked for `lookMs`. */
const conclude = async (
  world: MigrationWorld,
  request: MigrationRequest,
  start: Start,
  end: CallEnd,
  witness: Witness,
  onProgress: (progress: MigrationProgress) => void,
): Promise<MigrationResult> => {
  const before = { id: start.domain.id, running: start.running }
  for (;;) {
    const seen = await look(world, request.vm)
    if (seen === null)
      return unknown(
        'hypervisor.unreachable',
        `the hypervisor did not answer for ${world.lookMs} ms; ${wordsFor(end)}`,
      )
    if (seen.kind === 'active' && seen.job.kind === 'outgoing') {
      // The call is over for us, and not for the daemon: the connection broke. Follow it to its end.
      witness.begun = true
      onProgress(progressOf(seen.job.stats))
      await delay(world.progressMs)
      continue
    }
    if (seen.kind === 'absent')
      await until(() => witness.stopped !== null && witness.completed !== null, world.eventMs)
    const found = verdict(end, before, seen, witness.stopped)
    // A request that a busy daemon has not read yet may still begin, and how long to wait for that is not the driver's to say.
    if (found.kind === 'refused' && end.kind === 'lost' && !witness.begun)
      return unknown('hypervisor.unreachable', wordsFor(end))
    if (found.kind === 'ask_destination') return askDestination(world, request, witness, wordsFor(end))
    return found.kind === 'done' ? done(witness) : found
  }
}

const wordsFor = (end: CallEnd): string => (end.kind === 'ok' ? 'the migration call succeeded' : end.detail)

const done = (witness: Witness): MigrationResult => ({
  kind: 'done',
  ...(witness.completed === null ? { transferredMiB: 0, downtimeMs: null } : totalsOf(witness.completed)),
})

/** Null without an answer for `lookMs`. */
const look = async ({ link, lookMs }: MigrationWorld, vm: VmId): Promise<Observation | null> => {
  const deadlineMs = performance.now() + lookMs
  for (;;) {
    if (!(await link.ready(deadlineMs - performance.now()))) return null
    try {
      return await observe(link, vm)
    } catch (error) {
      const passing = error instanceof HypervisorError && error.code !== 'not_supported'
      if (!passing || performance.now() >= deadlineMs) return null
      await delay(lookAgainMs)
    }
  }
}

const lookAgainMs = 100

/** The VM is gone from here and it was not seen how. If the destination holds it, whole, then it moved. */
const askDestination = async (
  world: MigrationWorld,
  request: MigrationRequest,
  witness: Witness,
  detail: string,
): Promise<MigrationResult> => {
  let connection: Connection | null = null
  try {
    connection = await world.session(request.to)
    const there = await observe(connection, request.vm)
    if (there.kind === 'active' && there.job.kind !== 'incoming') return done(witness)
    return unknown('vm.gone', `gone from here, and ${there.kind} at the destination; ${detail}`)
  } catch (error) {
    return unknown(
      'vm.gone',
      `gone from here, and the destination cannot be asked (${wordsOf(error)}); ${detail}`,
    )
  } finally {
    connection?.close('asked')
  }
}

const until = async (condition: () => boolean, waitMs: number): Promise<void> => {
  const deadlineMs = performance.now() + waitMs
  while (!condition() && performance.now() < deadlineMs) await delay(Math.min(20, waitMs))
}
