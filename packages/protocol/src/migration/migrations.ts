/**
 * All migrations that touch this host, out and in: the gate that each must pass, the promises of the ledger, and the
 * answers to peers that ask. A migration is known here from its first message until both ends are sure how it ended.
 */

import { type ActionResult, nothing, type Resources, sum } from '@drover/placement'
import { limits } from '../data/config.ts'
import { type ActionId, type HostId, type Instant, leaderOf, type PeerUri, type VmId } from '../data/ids.ts'
import type { Input, OutgoingJob, Restored } from '../data/io.ts'
import { isCurrent, type Lease } from '../data/lease.ts'
import type { Admit, Begin, PartitionMessage, Withdraw } from '../data/message.ts'
import { peerUri, quoted } from '../data/peer-uri.ts'
import type { PeerView } from '../data/view.ts'
import { mayArrive, mayLeave } from '../execute/admission.ts'
import {
  arrive,
  countFailedMigration,
  depart,
  fixedCode,
  type HostState,
  quarantine,
} from '../snapshot/host.ts'
import { promisedIn } from '../snapshot/ledger.ts'
import { earliest, type StepContext } from '../step-context.ts'
import { createAdoption } from './adoption.ts'
import { createAlarms } from './alarms.ts'
import { createDuties, unconfirmed } from './duties.ts'
import { createClosedActions } from './ended.ts'
import { createIncoming, type IncomingMigration } from './incoming.ts'
import { isBrokenOff } from './migration-job.ts'
import { calledOff, createOutgoing } from './outgoing.ts'
import { createPresenceAnswers } from './presence.ts'

/** Codes that speak against the migration of this VM, not against the moment. */
const blameworthy = new Set(['migration.failed', 'migration.refused', 'hypervisor.refused'])

/** Most of the time nothing is under way. */
const none: readonly IncomingMigration[] = []
const nobody: ReadonlySet<VmId> = new Set()
const noneLeaving: ReadonlyMap<VmId, Resources> = new Map()

export interface MigrationHooks {
  lease(): Lease | null
  /** Why this host may begin and admit nothing now, as a code, or null. */
  trouble(): string | null
  /** A promise was given: the lease can no longer be wounded. */
  admitted(): void
  /** Our hypervisor was told to move a VM. */
  started(action: ActionId): void
  /** The migration URI that a host's own summary says, '' where none is known. */
  announced(host: HostId): string
}

const migrationKinds = [
  'begin',
  'withdraw',
  'admit',
  'admitted',
  'not-admitted',
  'hand-over',
  'took-over',
  'forgotten',
  'cancelled',
  'where-is',
  'whereabouts',
] as const
export type MigrationMessage = Extract<PartitionMessage, { readonly kind: (typeof migrationKinds)[number] }>
const isMigrationKind: ReadonlySet<string> = new Set(migrationKinds)
export const isMigrationMessage = (message: PartitionMessage): message is MigrationMessage =>
  isMigrationKind.has(message.kind)

export type MigrationInput = Extract<Input, { readonly kind: 'finished' | 'inspected' | 'resumed' }>

export interface Migrations {
  /** Something is under way: the lease is held, whatever the clock says (S5). */
  busy(): boolean
  /** VMs that are to arrive. */
  promisedVms(): ReadonlySet<VmId>
  promisedIn(): Resources
  leaving(): Resources
  /** VMs that we move away, until they are known to be gone or to stay, with what they wanted when that began. */
  leavingVms(): ReadonlyMap<VmId, Resources>
  received(from: HostId, message: MigrationMessage): void
  learnt(input: MigrationInput): void
  /** All running migrations, as the hypervisor tells; those that are not ours hold the host as ours do. */
  jobs(outgoing: readonly OutgoingJob[], incoming: readonly VmId[]): void
  /** A sample of this host was taken in. */
  sampled(): void
  /** Our hypervisor answers again. */
  connected(): void
  /** This peer speaks. */
  heard(peer: HostId): void
  /** This agent is to end: what has not begun never will. */
  leave(): void
  /** Migrations away from here that still run are to stop, for this reason. */
  breakOff(code: string): void
  /** Once, when the time is known: takes up what the journal had open. */
  restore(): void
  /** A peer's agent is gone, as far as one can tell: ask its hypervisor. */
  silent(host: HostId): void
  tick(): void
  nextAt(): Instant | null
  view(now: Instant): Pick<PeerView, 'migrations' | 'duties' | 'alarms'>
}

export const createMigrations = (
  context: StepContext,
  host: HostState,
  restored: Pick<Restored, 'open' | 'closed' | 'duties'>,
  hooks: MigrationHooks,
): Migrations => {
  const closed = createClosedActions(restored.closed)
  const duties = createDuties(context)
  let jobs: ReadonlySet<VmId> = new Set()

  const uri = () => host.description?.migrationUri ?? ''

  /** The gate of every URI that a peer names or the journal kept: what does not pass is never opened. */
  const reach = (peer: HostId, said: string, vm: VmId): PeerUri | null => {
    // Neither told, nor anything to compare it with yet.
    if (said === '' || host.description === null) return null
    const judged = peerUri(uri(), hooks.announced(peer), said)
    if (typeof judged === 'string') return judged
    context.warn(
      'peer.uri_refused',
      `${peer} names ${quoted(said)} as its migration URI, which ${judged.why}: it is not opened`,
      vm,
    )
    return null
  }

  const outgoing = createOutgoing(context, closed, duties, {
    hindrance(vm) {
      const known = host.vms.get(vm)
      return hooks.trouble() ?? (known === undefined ? 'vm.absent' : fixedCode(host, context.now(), known))
    },
    started: hooks.started,
    reach,
    gone: (vm) => depart(host, vm),
    ended(migration, result) {
      const { vm, since } = migration
      const { quarantineMs } = context.policy
      // Others are tried meanwhile: one that had to be broken off has kept them waiting for long.
      if (result.kind === 'refused' && isBrokenOff(result.code))
        quarantine(host, vm, context.now(), Math.max(quarantineMs, context.now() - since))
      else if (result.kind === 'refused' && blameworthy.has(result.code))
        countFailedMigration(host, vm, context.now(), quarantineMs)
      const { partition, epoch, action } = migration
      context.send(migration.leader ?? leaderOf(partition), {
        kind: 'ended',
        partition,
        epoch,
        action,
        result,
      })
      context.emit({ kind: 'sample' })
    },
  })

  const incoming = createIncoming(context, closed, {
    arrived(migration) {
      const { vm, from } = migration
      // The source names its own; the shorter of two holds.
      const cooldownMs = Math.min(migration.cooldownMs, context.policy.cooldownMs)
      arrive(host, migration.snapshot, context.now() + cooldownMs, from)
      context.emit({ kind: 'persist', record: { kind: 'cooldown', vm, from, remainingMs: cooldownMs } })
    },
    ended: () => context.emit({ kind: 'sample' }),
    reach,
  })

  const presenceAnswers = createPresenceAnswers(context, outgoing, closed, duties)

  const inMotion = (vm: VmId): boolean =>
    [...outgoing.all.values(), ...promises()].some((one) => one.vm === vm)

  const adoption = createAdoption(context, host, {
    inMotion,
    leasedElsewhere: (partition) => (hooks.lease()?.partition ?? partition) !== partition,
    adopt: incoming.adopt,
  })
  const alarms = createAlarms(context, host, duties, (vm) => jobs.has(vm) || inMotion(vm))

  const promises = (): readonly IncomingMigration[] =>
    incoming.all.size === 0 ? none : [...incoming.all.values()]

  const sayEnded = (to: HostId, { partition, epoch, action }: Begin | Withdraw, result: ActionResult): void =>
    context.send(to, { kind: 'ended', partition, epoch, action, result })

  /** As a leader is told it: what the destination has not confirmed is not done. */
  const resultOf = (action: ActionId): ActionResult | null =>
    duties.of(action)?.word === 'hand-over' ? unconfirmed : closed.resultOf('departure', action)

  const begin = (from: HostId, message: Begin): void => {
    const { action } = message
    if (outgoing.all.has(action)) return
    // Said again: our answer was lost.
    const result = resultOf(action)
    if (result !== null) return sayEnded(from, message, result)
    const refuse = (code: string, detail: string) =>
      sayEnded(from, message, { kind: 'refused', code, detail })
    const may = mayLeave(host, hooks.lease(), message, context.self, context.now())
    if ('code' in may) return refuse(may.code, may.text)
    const trouble = hooks.trouble()
    if (trouble !== null) return refuse(trouble, 'this host begins nothing now')
    if ([...outgoing.all.values()].some((one) => one.vm === may.vm.vm))
      return refuse('vm.job_active', 'the VM is in motion already')
    if (outgoing.all.size >= context.policy.migrationsOutMax)
      return refuse('limit.out', 'as many migrations leave as may')
    outgoing.begin(from, message, may.migrate, may.toEpoch, may.vm, may.paused, uri())
  }

  const withdraw = (from: HostId, message: Withdraw): void => {
    const { partition, epoch, action, vm } = message
    if (outgoing.all.has(action)) return outgoing.withdraw(action, from)
    const known = resultOf(action)
    if (known !== null) return sayEnded(from, message, known)
    const result: ActionResult = { kind: 'refused', ...calledOff }
    // The word to begin may still be on its way, and the lease would let it in.
    if (isCurrent(hooks.lease(), partition, epoch)) closed.remember({ action, vm, end: 'departure', result })
    sayEnded(from, message, result)
  }

  const admit = (from: HostId, message: Admit): void => {
    const { partition, epoch, action, vm } = message
    // Asked again: the answer was lost. The promise stands.
    if (incoming.all.get(action)?.from === from)
      return context.send(from, {
        kind: 'admitted',
        partition,
        epoch,
        action,
        uri: uri(),
        validMs: limits.admitValidMs,
      })
    const code =
      hooks.trouble() ??
      mayArrive(host, hooks.lease(), promises(), vm, message, context.self, context.policy.migrationsInMax)
        ?.code ??
      (message.sourceUri === '' || reach(from, message.sourceUri, vm.vm) !== null
        ? undefined
        : 'peer.uri_refused')
    if (code !== undefined)
      return context.send(from, { kind: 'not-admitted', partition, epoch, action, code })
    hooks.admitted()
    incoming.admit(from, message, uri())
  }

  return {
    busy: () =>
      outgoing.all.size > 0 ||
      incoming.all.size > 0 ||
      // Jobs that are not ours: an operator's, a backup's.
      [...jobs].some((vm) => !inMotion(vm)),
    promisedVms: () => (incoming.all.size === 0 ? nobody : new Set(promises().map((one) => one.vm))),
    promisedIn: () => (incoming.all.size === 0 ? nothing : promisedIn(promises())),
    leaving: () =>
      outgoing.all.size === 0
        ? nothing
        : sum([...outgoing.all.values()].map((migration) => migration.demand)),
    leavingVms: () =>
      outgoing.all.size === 0
        ? noneLeaving
        : new Map([...outgoing.all.values()].map(({ vm, demand }) => [vm, demand])),

    received(from, message) {
      switch (message.kind) {
        case 'begin':
          return begin(from, message)
        case 'withdraw':
          return withdraw(from, message)
        case 'admit':
          return admit(from, message)
        case 'admitted':
          return outgoing.admitted(from, message)
        case 'not-admitted':
          return outgoing.notAdmitted(message.action, from, message.code)
        case 'hand-over':
          if (!incoming.handOver(from, message)) adoption.handedOver(from, message)
          return
        case 'took-over':
          duties.confirmed(message.action, from)
          return outgoing.tookOver(message.action, from)
        case 'forgotten':
          duties.confirmed(message.action, from)
          return outgoing.forgotten(message.action, from)
        case 'cancelled':
          return incoming.cancelled(from, message)
        case 'where-is':
          outgoing.askedBy(message.action, from)
          incoming.askedBy(message.action, from)
          return presenceAnswers.asked(from, message)
        case 'whereabouts': {
          const presence = message.presence === 'silent' ? null : message.presence
          outgoing.whereabouts(message.action, from, message.round, presence)
          return incoming.whereabouts(message.action, from, message.round, presence)
        }
      }
    },

    learnt(input) {
      switch (input.kind) {
        case 'finished':
          return outgoing.finished(input.action, input.result)
        case 'inspected':
          outgoing.inspected(input.action, input.round, input.at, input.presence)
          incoming.inspected(input.action, input.round, input.at, input.presence)
          presenceAnswers.inspected(input.round, input.presence)
          return adoption.inspected(input.round, input.presence)
        case 'resumed':
          outgoing.resumed(input.action, input.at, input.ok)
          return incoming.resumed(input.action, input.at, input.ok, input.detail)
      }
    },

    jobs(running, arriving) {
      jobs = new Set([...running.map((one) => one.vm), ...arriving])
      outgoing.told(running)
    },

    sampled: () => duties.sampled((vm) => host.vms.get(vm)?.state === 'running'),

    connected() {
      outgoing.lookAgain()
      incoming.lookAgain()
    },

    heard: duties.heard,
    leave: outgoing.leave,
    breakOff: outgoing.breakOff,

    restore() {
      duties.restore(restored.duties)
      for (const open of restored.open) (open.kind === 'departure' ? outgoing : incoming).restore(open)
    },

    silent: incoming.nudge,

    tick() {
      outgoing.tick()
      incoming.tick()
      duties.tick()
      alarms.tick()
    },

    nextAt: () => earliest([outgoing.nextAt(), incoming.nextAt(), duties.nextAt(), alarms.nextAt()]),

    view: (now) => ({
      duties: duties.view(now),
      alarms: alarms.view(now),
      migrations: [
        ...[...outgoing.all.values()].map((one) => ({
          action: one.action,
          vm: one.vm,
          direction: 'out' as const,
          peer: one.to,
          phase: one.phase,
          sinceMs: now - one.since,
        })),
        ...promises().map((one) => ({
          action: one.action,
          vm: one.vm,
          direction: 'in' as const,
          peer: one.from,
          phase: one.taking ? 'resuming' : 'promised',
          sinceMs: now - one.since,
        })),
      ],
    }),
  }
}
