/**
 * All migrations that touch this host, out and in: the gate that each must pass, and the answers to peers that ask. A
 * migration is known here from its first message until both ends are sure how it ended.
 */

import type { ActionResult, Migrate, Resources } from '@drover/placement'
import type { Assigned } from '../actions/assigned-action.ts'
import type { ClosedActions } from '../actions/closed-actions.ts'
import type { Refusal } from '../actions/refusal.ts'
import type { UnreadResumes } from '../actions/unread-resumes.ts'
import type { ActionId, HostId, Instant, VmId } from '../data/ids.ts'
import type { IncomingJob, Input, OpenMigration, OutgoingJob, Restored } from '../data/io.ts'
import type { Begin, PartitionMessage, Withdraw } from '../data/message.ts'
import type { ReasonCode } from '../data/reasons.ts'
import type { PeerView } from '../data/view.ts'
import { depart, fixedCode, type HostState, isSameStart } from '../snapshot/host.ts'
import type { Expected, Promised } from '../snapshot/ledger.ts'
import { earliest, type StepContext } from '../step-context.ts'
import { createAdoption } from './adoption.ts'
import { adoptionHooks } from './adoption-hooks.ts'
import type { VmInDoubt } from './alarm-causes.ts'
import { createAlarms } from './alarms.ts'
import { createAutostarts } from './autostarts.ts'
import { isOtherEnd } from './counterpart.ts'
import { doubtOf } from './doubt-of-journal.ts'
import { createDuties, unconfirmed } from './duties.ts'
import { createEarlyAdmissions } from './early-admissions.ts'
import { createSearch } from './elsewhere.ts'
import { arrivalsNow, arrivalsSampled, noArrivals } from './foreign-arrivals.ts'
import { createIncoming } from './incoming.ts'
import { hasArrived, leftOrStayed } from './migration-ends.ts'
import { admit, beginMigration, reachOf } from './migration-gate.ts'
import { accounts, type MigrationHooks, type MigrationParts, moves, promisesOf } from './migration-parts.ts'
import { viewOf } from './migrations-view.ts'
import { createOutgoing } from './outgoing.ts'
import type { OutgoingMigration } from './outgoing-table.ts'
import { createPresenceAnswers } from './presence.ts'
import { jobsNow, overdue, overdueAt } from './unaccounted-jobs.ts'

/** Most of the time nothing is under way. */
const nothingLeaves: readonly OutgoingMigration[] = []
const nothingComes: readonly Expected[] = []

/** What only migrations say to each other. */
const migrationKinds = [
  'admit',
  'admitted',
  'not-admitted',
  'hand-over',
  'took-over',
  'closed',
  'forgotten',
  'cancelled',
  'where-is',
  'whereabouts',
] as const
export type MigrationMessage = Extract<PartitionMessage, { readonly kind: (typeof migrationKinds)[number] }>
const isMigrationKind: ReadonlySet<string> = new Set(migrationKinds)
export const isMigrationMessage = (message: PartitionMessage): message is MigrationMessage =>
  isMigrationKind.has(message.kind)

export type MigrationInput = Extract<
  Input,
  { readonly kind: 'finished' | 'inspected' | 'resumed' | 'autostart-set' }
>

export interface Migrations {
  /** A migration of ours is under way, or another's job that touches this host. */
  busy(): boolean
  /** VMs that others move here or away from here. */
  foreign(): readonly VmId[]
  /** One of ours is about this VM. */
  moves(vm: VmId): boolean
  /** It has been begun here and is not over. */
  isOpen(action: ActionId): boolean
  /** How an outgoing migration ended, as its leader is told; null = it has not, or that is forgotten. */
  resultOf(action: ActionId): ActionResult | null
  /** VMs that are to arrive. */
  promises(): readonly Promised[]
  /** VMs that an operator brings here. */
  arrivals(): readonly Expected[]
  /** VMs that we move away, until they are known to be gone or to stay, with what they wanted when that began. */
  leaving(): readonly { readonly vm: VmId; readonly demand: Resources }[]
  /** Null = it is under way. */
  begin(from: HostId, message: Begin, assigned: Assigned, migrate: Migrate): Refusal | null
  /** Its leader wants no more of it: what has not begun never will. */
  withdraw(from: HostId, message: Withdraw): void
  received(from: HostId, message: MigrationMessage): void
  learnt(input: MigrationInput): void
  /** All running migrations, as the hypervisor tells; those that are not ours hold the host as ours do. */
  jobs(outgoing: readonly OutgoingJob[], incoming: readonly IncomingJob[], askedAt: Instant): void
  /** A sample of this host was taken in. */
  sampled(): void
  /** Our hypervisor answers again. */
  connected(): void
  /** This peer speaks. True when it is to be told something sooner for that. */
  heard(peer: HostId): boolean
  /** This agent is to end: what has not begun never will. */
  leave(): void
  /** Migrations away from here that still run are to stop, for this reason. */
  breakOff(code: ReasonCode): void
  /** Takes up what the journal had open. */
  restore(open: readonly OpenMigration[]): void
  /** A peer's agent is gone, as far as one can tell: ask its hypervisor. */
  silent(host: HostId): void
  tick(): void
  nextAt(): Instant | null
  view(now: Instant): Pick<PeerView, 'migrations' | 'duties' | 'alarms'>
}

export const createMigrations = (
  context: StepContext,
  host: HostState,
  closed: ClosedActions,
  unread: UnreadResumes,
  restored: Pick<Restored, 'duties' | 'autostarts' | 'journalIntact'>,
  hooks: MigrationHooks,
): Migrations => {
  const parts = createParts(context, host, closed, unread, restored.journalIntact, hooks)
  const { outgoing, incoming, duties, autostarts, alarms } = parts
  return {
    busy: () =>
      outgoing.all.size > 0 || incoming.all.size > 0 || [...parts.jobs].some((vm) => !accounts(parts, vm)),
    foreign: () => [...parts.jobs].filter((vm) => !accounts(parts, vm)),
    moves: (vm) => moves(parts, vm),
    isOpen: (action) => outgoing.all.has(action),
    resultOf: (action) => resultOf(parts, action),
    promises: () => promisesOf(parts),
    arrivals: () => (parts.arrivals.size === 0 ? nothingComes : [...parts.arrivals.values()]),
    leaving: () => (outgoing.all.size === 0 ? nothingLeaves : [...outgoing.all.values()]),
    begin: (from, message, assigned, migrate) => beginMigration(parts, from, message, assigned, migrate),
    withdraw: (from, { action }) => outgoing.withdraw(action, from),
    received: (from, message) => received(parts, from, message),
    learnt: (input) => learnt(parts, input),
    jobs(running, arriving, askedAt) {
      parts.jobs = new Set([...running, ...arriving].map((one) => one.vm))
      const foreign = arriving.filter(({ vm }) => !accounts(parts, vm))
      parts.arrivals = arrivalsNow(parts.arrivals, foreign, (vm) => host.vms.has(vm))
      const memoryMiBOf = (vm: VmId): number => host.vms.get(vm)?.demand.memoryMiB ?? 0
      parts.firstLookAt ??= askedAt
      parts.outgoingJobs = jobsNow(parts.outgoingJobs, running, memoryMiBOf, context.policy, askedAt)
      const sizes = new Map(arriving.map((one) => [one.vm, one.memoryMiB ?? 0]))
      const coming = arriving.map(({ vm }) => ({ vm, sentMiB: null }))
      const sizeOf = (vm: VmId): number => sizes.get(vm) ?? 0
      parts.incomingJobs = jobsNow(parts.incomingJobs, coming, sizeOf, context.policy, askedAt)
      outgoing.told(running, askedAt)
    },
    sampled() {
      duties.sampled((vm) => host.vms.get(vm)?.state === 'running')
      autostarts.sampled()
      parts.arrivals = arrivalsSampled(parts.arrivals)
    },
    connected() {
      outgoing.lookAgain()
      incoming.lookAgain()
      autostarts.connected()
    },
    heard: duties.heard,
    leave: outgoing.leave,
    breakOff: outgoing.breakOff,
    restore(open) {
      const doubt = doubtOf(context, restored.journalIntact)
      duties.restore(restored.duties.map(doubt.duty))
      autostarts.restore(restored.autostarts)
      for (const one of open.map(doubt.open)) (one.kind === 'departure' ? outgoing : incoming).restore(one)
    },
    silent: incoming.nudge,
    tick() {
      parts.early.tick()
      outgoing.tick()
      incoming.tick()
      duties.tick()
      autostarts.tick()
      alarms.tick()
    },
    nextAt: () =>
      earliest([parts.early, outgoing, incoming, duties, autostarts, alarms].map((part) => part.nextAt())),
    view: (now) => viewOf(parts, now),
  }
}

const createParts = (
  context: StepContext,
  host: HostState,
  closed: ClosedActions,
  unread: UnreadResumes,
  journalIntact: boolean,
  hooks: MigrationHooks,
): MigrationParts => {
  const reach = reachOf(context, host, hooks)
  const duties = createDuties(context, host.copyLeft, (peer, vm) =>
    reach(peer, hooks.announced(peer) ?? '', vm),
  )
  const autostarts = createAutostarts(context, {
    inMotion: (vm) => moves(parts, vm) || hooks.operates(vm),
    isHere: (vm) => host.vms.has(vm),
    isConnected: () => host.connected,
  })
  const outgoing = createOutgoing(context, closed, duties, {
    asked: unread.asked,
    hindrance({ vm, vmIncarnation }) {
      const known = host.vms.get(vm)
      const trouble = hooks.trouble()
      if (trouble !== null) return trouble
      if (known === undefined) return 'vm.absent'
      if (!isSameStart(vmIncarnation, known.incarnation)) return 'vm.restarted'
      return fixedCode(host, context.now(), known)
    },
    started: hooks.started,
    reach,
    gone: (vm) => depart(host, vm),
    ended(migration, result) {
      if (closed.resultOf('departure', migration.action)?.kind === 'done') autostarts.left(migration.vm)
      leftOrStayed(context, host, migration, result)
    },
  })
  const search = createSearch(context, hooks)
  const incoming = createIncoming(context, closed, {
    asked: unread.asked,
    owesAutostart: ({ action, vm }) => autostarts.take(action, vm),
    arrived(migration) {
      unread.arrived(migration.action, migration.vm, migration.from)
      hasArrived(context, host, migration)
    },
    elsewhere: search.look,
    ended(migration) {
      search.ended(migration.action)
      const { action, from, vm, adopted } = migration
      if (adopted) adoption.ended(from, vm, closed.resultOf('arrival', action)?.kind === 'done')
      context.emit({ kind: 'sample' })
    },
    reach,
  })
  const presence = createPresenceAnswers(
    context,
    (action, from) => isOtherEnd(parts, action, from),
    outgoing,
    closed,
    duties,
  )
  const adoption = createAdoption(
    context,
    host,
    adoptionHooks(() => parts),
  )
  const alarms = createAlarms(context, host, duties, autostarts, {
    accounted: (vm) => parts.jobs.has(vm) || accounts(parts, vm),
    inDoubt: () => inDoubt(parts),
    overdue: () => [...unending(parts, 'out'), ...unending(parts, 'in')],
    overdueAt: () => unendingAt(parts),
  })
  const early = createEarlyAdmissions(context, {
    lease: hooks.lease,
    admit: (from, message) => admit(parts, from, message),
  })
  const ends = { outgoing, incoming, early, presence, adoption, search }
  const parts: MigrationParts = {
    context,
    host,
    hooks,
    reach,
    closed,
    duties,
    autostarts,
    unread,
    alarms,
    jobs: new Set(),
    outgoingJobs: new Map(),
    incomingJobs: new Map(),
    firstLookAt: null,
    journalIntact,
    arrivals: noArrivals,
    ...ends,
  }
  return parts
}

const inDoubt = ({ outgoing, incoming }: MigrationParts): readonly VmInDoubt[] =>
  [
    ...[...outgoing.all.values()].map(({ vm, to, rounds }) => ({ code: rounds.alarm, vm, peer: to })),
    ...[...incoming.all.values()].map(({ vm, from, rounds }) => ({ code: rounds.alarm, vm, peer: from })),
  ].flatMap(({ code, ...about }) => (code === null ? [] : [{ code, ...about }]))

const unending = (parts: MigrationParts, direction: 'out' | 'in') => {
  const { context, outgoingJobs, incomingJobs } = parts
  const jobs = direction === 'out' ? outgoingJobs : incomingJobs
  const late = overdue(jobs, (vm) => accounts(parts, vm), context.policy, context.now())
  return late.map((vm) => ({ vm, direction }))
}

const unendingAt = (parts: MigrationParts): Instant | null => {
  const { context, outgoingJobs, incomingJobs } = parts
  const ours = (vm: VmId): boolean => accounts(parts, vm)
  return earliest(
    [outgoingJobs, incomingJobs].map((jobs) => overdueAt(jobs, ours, context.policy, context.now())),
  )
}

/** What the destination has not confirmed is not done. */
const resultOf = ({ duties, closed }: MigrationParts, action: ActionId): ActionResult | null =>
  duties.of(action)?.word === 'hand-over' ? unconfirmed : closed.resultOf('departure', action)

// ---- what is said of them

const received = (parts: MigrationParts, from: HostId, message: MigrationMessage): void => {
  const { outgoing, incoming, duties, adoption, presence } = parts
  switch (message.kind) {
    case 'admit':
      return admit(parts, from, message)
    case 'admitted':
      return outgoing.admitted(from, message)
    case 'not-admitted':
      return outgoing.notAdmitted(message.action, from, message.code)
    case 'hand-over':
      if (!incoming.handOver(from, message)) adoption.handedOver(from, message)
      return
    case 'took-over':
      duties.confirmed(message.action, from)
      return outgoing.tookOver(from, message)
    case 'closed':
      return parts.unread.closedBySource(message.action, from)
    case 'forgotten':
      duties.confirmed(message.action, from)
      return outgoing.forgotten(message.action, from)
    case 'cancelled':
      parts.early.cancelled(from, message.action)
      return incoming.cancelled(from, message)
    case 'where-is':
      outgoing.askedBy(message.action, from)
      incoming.askedBy(message.action, from)
      adoption.askedBy(from, message)
      return presence.asked(from, message)
    case 'whereabouts': {
      const said = message.presence === 'silent' ? null : message.presence
      outgoing.whereabouts(message.action, from, message.round, said)
      adoption.whereabouts(from, message)
      parts.search.whereabouts(from, message)
      return incoming.whereabouts(message.action, from, message.round, said)
    }
  }
}

const learnt = (parts: MigrationParts, input: MigrationInput): void => {
  const { outgoing, incoming, duties, presence, adoption } = parts
  switch (input.kind) {
    case 'finished':
      return outgoing.finished(input.action, input.result)
    case 'inspected':
      outgoing.inspected(input.action, input.round, input.at, input.presence)
      incoming.inspected(input.action, input.round, input.at, input.presence)
      presence.inspected(input.round, input.presence)
      if (input.at === 'there') duties.inspected(input.action, input.round, input.presence)
      return adoption.inspected(input.round, input.presence)
    case 'resumed':
      if (input.at === 'here') parts.unread.answered(input.action, input.ok)
      outgoing.resumed(input.action, input.at, input.ok)
      return incoming.resumed(input.action, input.at, input.ok, input.detail)
    case 'autostart-set':
      return parts.autostarts.answered(input)
  }
}
