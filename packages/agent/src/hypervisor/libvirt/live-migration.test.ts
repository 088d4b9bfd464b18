/** A migration ends done, refused or unknown by what is seen afterwards; scripted daemons show every way it can end. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { VmId } from '@drover/protocol'
import { HypervisorError, type MigrationResult } from '../hypervisor-port.ts'
import type { Connection } from './connection.ts'
import type { DomainEvent } from './domain-events.ts'
import { LibvirtError, libvirtCode } from './libvirt-errors.ts'
import { type MigrationWorld, migrate } from './live-migration.ts'
import {
  domainByUuid,
  domainState,
  domainStates,
  isPersistent,
  jobOperations,
  jobStats,
  jobTypes,
  type MigrateArgs,
  migrateFlags,
  migratePerform,
  type Procedure,
  pausedReasons,
} from './procedures.ts'

const vm = 'ac02535e-ac84-4f51-be77-1e291ebb7c23' as VmId
const domain = { name: 'vm1', vm, id: 3 }
const here = 'here'
const there = 'qemu+tcp://10.0.0.8/system'

/** What a scripted daemon shows of the VM. */
type Shown = 'running' | 'paused' | 'paused (migration)' | 'outgoing' | 'absent' | 'dead'

interface Script {
  /** What the VM looks like on the source at each look from the second on; the last one stays. */
  readonly looks: readonly Shown[]
  readonly atDestination?: Shown
  /** How the migration call ends; null = the connection breaks. */
  readonly ends: 'ok' | 'error' | null
  readonly events?: readonly DomainEvent[]
  readonly persistent?: boolean
  readonly startsPaused?: boolean
  /** The destination's URI must not be opened. */
  readonly forbidden?: boolean
  readonly autoConverge?: boolean
}

interface Told {
  readonly result: MigrationResult
  readonly args: MigrateArgs | null
}

/** Answers as libvirt 9.0.0 was seen to. */
const answer = (shown: Shown, { number }: { readonly number: number }, script: Script): unknown => {
  if (shown === 'dead') throw new HypervisorError('hypervisor.unreachable', 'connect ECONNREFUSED')
  if (shown === 'absent') throw new LibvirtError('vm.absent', libvirtCode.noDomain, 'Domain not found')
  const { running, paused } = domainStates
  switch (number) {
    case jobStats.number:
      if (shown !== 'outgoing') return { type: jobTypes.none, stats: new Map() }
      return { type: jobTypes.unbounded, stats: new Map([['operation', jobOperations.migrationOut]]) }
    case domainByUuid.number:
      return domain
    case domainState.number:
      if (shown === 'paused') return { state: paused, reason: pausedReasons.byUser }
      if (shown === 'paused (migration)') return { state: paused, reason: pausedReasons.migration }
      return { state: running, reason: 1 }
    case isPersistent.number:
      return script.persistent ?? false
    default:
      throw new Error(`call ${number} was not expected`)
  }
}

const play = async (script: Script, handOverPaused = true): Promise<Told> => {
  const listeners = new Set<(event: DomainEvent) => void>()
  let args: MigrateArgs | null = null
  // The first look is before the migration; each later one shows the next line of the script.
  let look = -1
  const shownNow = (): Shown =>
    look < 0
      ? script.startsPaused === true
        ? 'paused'
        : 'running'
      : (script.looks[Math.min(look, script.looks.length - 1)] ?? assert.fail('the script shows nothing'))
  const caller = (place: string) => ({
    call: async <Args, Result>(procedure: Procedure<Args, Result>, given: Args): Promise<Result> => {
      if (procedure.number === migratePerform.number) {
        args = given as MigrateArgs
        look = 0
        for (const event of script.events ?? []) for (const listener of listeners) listener(event)
        await delay(1)
        if (script.ends === 'error')
          throw new LibvirtError('hypervisor.refused', 38, 'internal error: client socket is closed')
        if (script.ends === null) throw new HypervisorError('hypervisor.unreachable', 'write EPIPE')
        return undefined as Result
      }
      const shown = place === here ? shownNow() : (script.atDestination ?? 'dead')
      // One look is three calls; the state, asked last, ends it.
      const ends = procedure.number === domainState.number || shown === 'absent' || shown === 'dead'
      try {
        return answer(shown, procedure, script) as Result
      } finally {
        if (place === here && ends && look >= 0) look += 1
      }
    },
    close: () => {},
  })
  const world: MigrationWorld = {
    link: { ...caller(here), ready: async (waitMs) => waitMs > 0 },
    session: async (at) => caller(at ?? here) as unknown as Connection,
    check() {
      if (script.forbidden === true) throw new TypeError('not like that')
    },
    onEvent: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    progressMs: 1000,
    lookMs: 150,
    eventMs: 5,
  }
  // Following a migration whose connection broke waits `progressMs` between looks.
  const following = script.looks.includes('outgoing') ? { ...world, progressMs: 5 } : world
  const { autoConverge = true } = script
  const request = { vm, to: there, handOverPaused, bandwidthMiBps: 50, autoConverge }
  const result = await migrate(following, request, () => {})
  assert.equal(listeners.size, 0)
  return { result, args }
}

const kindAndCode = ({ result }: Told): string =>
  'code' in result ? `${result.kind} ${result.code}` : result.kind
const stopped = (detail: string): DomainEvent => ({ kind: 'lifecycle', vm, event: 'stopped', detail })

test('the totals of a migration that succeeds come from the job that ended', async () => {
  const stats = new Map([
    ['data_processed', 76 * 1024 * 1024],
    ['downtime', 33],
  ])
  const told = await play({
    ends: 'ok',
    looks: ['absent'],
    events: [stopped('migrated'), { kind: 'job_completed', vm, stats }],
  })
  assert.deepEqual(told.result, { kind: 'done', transferredMiB: 76, downtimeMs: 33 })
})

test('flags: a transient VM gains no definition, a persistent one moves its own, a paused one needs no pause', async () => {
  const { live, peerToPeer, abortOnError, paused, persistDestination, undefineSource, autoConverge } =
    migrateFlags
  const always = live | peerToPeer | abortOnError | autoConverge
  const flagsOf = async (script: Partial<Script>, handOverPaused: boolean) =>
    (await play({ ends: 'ok', looks: ['absent'], ...script }, handOverPaused)).args?.flags
  assert.equal(await flagsOf({}, false), always)
  assert.equal(await flagsOf({}, true), always | paused)
  assert.equal(await flagsOf({ autoConverge: false }, false), live | peerToPeer | abortOnError)
  assert.equal(await flagsOf({ startsPaused: true }, true), always)
  assert.equal(await flagsOf({ persistent: true }, false), always | persistDestination | undefineSource)
})

test('a destination that must not be opened is not told to the daemon', async () => {
  const told = await play({ ends: 'ok', looks: ['running'], forbidden: true })
  assert.deepEqual(told.result, { kind: 'refused', code: 'peer.uri_refused', detail: 'not like that' })
  assert.equal(told.args, null)
})

test('a migration that ends with an error while the VM runs here is refused, in libvirt’s words', async () => {
  const told = await play({ ends: 'error', looks: ['running'] })
  assert.deepEqual(told.result, {
    kind: 'refused',
    code: 'hypervisor.refused',
    detail: 'internal error: client socket is closed',
  })
})

test('the grey window: an error, and the VM is paused here: the end is unknown', async () => {
  assert.equal(
    kindAndCode(await play({ ends: 'error', looks: ['paused (migration)'] })),
    'unknown vm.paused_here',
  )
})

test('a migration that runs on after the connection broke is followed to its end', async () => {
  const told = await play({
    ends: null,
    looks: ['outgoing', 'outgoing', 'absent'],
    events: [stopped('migrated')],
  })
  assert.equal(told.result.kind, 'done')
})

test('the connection broke, and the VM is still here: refused only if the request is known to have been read', async () => {
  assert.equal(kindAndCode(await play({ ends: null, looks: ['running'] })), 'unknown hypervisor.unreachable')
  const followed = await play({ ends: null, looks: ['outgoing', 'running'] })
  assert.equal(kindAndCode(followed), 'refused hypervisor.unreachable')
  const moved = await play({ ends: null, looks: ['outgoing', 'absent'], events: [stopped('migrated')] })
  assert.equal(moved.result.kind, 'done')
})

test('the daemon comes back in time, or it does not', async () => {
  assert.equal(
    kindAndCode(await play({ ends: null, looks: ['dead', 'outgoing', 'running'] })),
    'refused hypervisor.unreachable',
  )
  assert.equal(kindAndCode(await play({ ends: null, looks: ['dead'] })), 'unknown hypervisor.unreachable')
})

test('gone, and it was not seen how: the destination decides, and silence is not an answer', async () => {
  const ask = async (atDestination: Shown) =>
    kindAndCode(await play({ ends: null, looks: ['absent'], atDestination }))
  assert.equal(await ask('running'), 'done')
  assert.equal(await ask('paused'), 'done')
  assert.equal(await ask('absent'), 'unknown vm.gone')
  assert.equal(await ask('dead'), 'unknown vm.gone')
})

test('its owner destroyed it on the way: gone, and not moved', async () => {
  const told = await play({ ends: 'error', looks: ['absent'], events: [stopped('destroyed')] })
  assert.equal(kindAndCode(told), 'unknown vm.stopped')
})
