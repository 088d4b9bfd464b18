/**
 * All actions that touch this host: what leaders want begun or withdrawn is led to its room, and what is promised, what
 * leaves and what holds the host is told of all rooms together. One VM has one action at a time (S8).
 */

import { type ActionResult, nothing, type Resources, sum } from '@drover/placement'
import { type Assigned, assignedAction } from './actions/assigned-action.ts'
import { calledOff } from './actions/called-off.ts'
import { type ClosedActions, createClosedActions } from './actions/closed-actions.ts'
import type { Refusal } from './actions/refusal.ts'
import { createUnreadResumes, type UnreadResumes } from './actions/unread-resumes.ts'
import { type ActionId, type HostId, type Instant, isOf, leaderOf, type VmId } from './data/ids.ts'
import type { OpenAction, OpenMigration, Restored } from './data/io.ts'
import { isCurrent } from './data/lease.ts'
import type { Begin, PartitionMessage, Withdraw } from './data/message.ts'
import type { PeerView } from './data/view.ts'
import { createLifecycle, type Lifecycle } from './lifecycle/lifecycle.ts'
import type { MigrationHooks } from './migration/migration-parts.ts'
import {
  createMigrations,
  isMigrationMessage,
  type MigrationInput,
  type MigrationMessage,
  type Migrations,
} from './migration/migrations.ts'
import type { HostState } from './snapshot/host.ts'
import { type Expected, type Promised, promisedIn } from './snapshot/ledger.ts'
import { earliest, type StepContext } from './step-context.ts'

/** Most of the time nothing is under way. */
const noVms: ReadonlySet<VmId> = new Set()
const noneLeaving: ReadonlyMap<VmId, Resources> = new Map()

/** A VM that is taken away from here, and what it wanted when that began. */
interface Leaving {
  readonly vm: VmId
  readonly demand: Resources
}

export type ActionMessage = MigrationMessage | Begin | Withdraw
export const isActionMessage = (message: PartitionMessage): message is ActionMessage =>
  message.kind === 'begin' || message.kind === 'withdraw' || isMigrationMessage(message)

export interface HostActions extends Pick<Migrations, 'jobs' | 'foreign' | 'heard' | 'breakOff' | 'silent'> {
  /** Something is under way: the lease is held, whatever the clock says (S5). */
  busy(): boolean
  /** VMs that are to come. */
  promisedVms(): ReadonlySet<VmId>
  /** What those want, and VMs that an operator brings by hand. */
  promisedIn(): Resources
  leaving(): Resources
  /** VMs that we take away from here, until they are known to be gone or to stay, with what they wanted when that began. */
  leavingVms(): ReadonlyMap<VmId, Resources>
  received(from: HostId, message: ActionMessage): void
  learnt(input: MigrationInput): void
  /** A sample of this host was taken in. */
  sampled(): void
  /** Our hypervisor answers again. */
  connected(): void
  /** This agent is to end: what has not begun never will. */
  leave(): void
  /** Once, when the time is known: takes up what the journal had open. */
  restore(): void
  tick(): void
  nextAt(): Instant | null
  view(now: Instant): Pick<PeerView, 'migrations' | 'operations' | 'duties' | 'alarms'>
}

export type HostActionHooks = Omit<MigrationHooks, 'operates' | 'coming'>

interface Parts {
  readonly context: StepContext
  readonly hooks: HostActionHooks
  readonly closed: ClosedActions
  readonly migrations: Migrations
  readonly lifecycle: Lifecycle
}

export const createHostActions = (
  context: StepContext,
  host: HostState,
  restored: Pick<Restored, 'open' | 'closed' | 'duties' | 'autostarts' | 'journalIntact'>,
  hooks: HostActionHooks,
): HostActions => {
  const closed = createClosedActions(restored.closed)
  const unread = createUnreadResumes(context, host.resumesUnread)
  const promises = (): readonly Promised[] => both(migrations.promises(), lifecycle.promises())
  const coming = (): readonly Expected[] => both(promises(), migrations.arrivals())
  const leaving = (): readonly Leaving[] => both(migrations.leaving(), lifecycle.leaving())
  const migrations: Migrations = createMigrations(context, host, closed, unread, restored, {
    ...hooks,
    coming,
    operates: (vm) => lifecycle.operates(vm),
  })
  const lifecycle = createLifecycle(context, host, closed, unread, {
    ...hooks,
    coming,
    moves: migrations.moves,
  })
  const parts: Parts = { context, hooks, closed, migrations, lifecycle }
  return {
    busy: () => migrations.busy() || lifecycle.busy(),
    promisedVms() {
      const all = promises()
      return all.length === 0 ? noVms : new Set(all.map((one) => one.vm))
    },
    promisedIn() {
      const all = coming()
      return all.length === 0 ? nothing : promisedIn(all)
    },
    leaving() {
      const all = leaving()
      return all.length === 0 ? nothing : sum(all.map(({ demand }) => demand))
    },
    leavingVms() {
      const all = leaving()
      return all.length === 0 ? noneLeaving : new Map(all.map(({ vm, demand }) => [vm, demand]))
    },
    received(from, message) {
      if (message.kind !== 'begin' && message.kind !== 'withdraw') return migrations.received(from, message)
      if (!leads(from, message)) return
      if (message.kind === 'begin') begin(parts, from, message)
      else withdraw(parts, from, message)
    },
    learnt(input) {
      migrations.learnt(input)
      if (input.kind !== 'autostart-set') lifecycle.learnt(input)
    },
    jobs: migrations.jobs,
    foreign: migrations.foreign,
    sampled() {
      migrations.sampled()
      closed.sampled((vm) => host.vms.has(vm))
    },
    connected() {
      migrations.connected()
      lifecycle.connected()
    },
    heard: migrations.heard,
    leave() {
      migrations.leave()
      lifecycle.leave()
    },
    breakOff: migrations.breakOff,
    restore() {
      mayBeUnread(unread, restored)
      migrations.restore(restored.open.filter(isMigration))
      lifecycle.restore(restored.open.filter((one) => !isMigration(one)))
    },
    silent: migrations.silent,
    tick() {
      migrations.tick()
      lifecycle.tick()
      unread.tick()
    },
    nextAt: () => earliest([migrations.nextAt(), lifecycle.nextAt()]),
    view: (now) => ({ ...migrations.view(now), ...lifecycle.view(now) }),
  }
}

/** Most of the time one of them is empty, or both. */
const both = <T>(a: readonly T[], b: readonly T[]): readonly T[] =>
  b.length === 0 ? a : a.length === 0 ? b : [...a, ...b]

/** What an earlier life of this agent, or a source of then, may have asked of our hypervisor. */
const mayBeUnread = (unread: UnreadResumes, { open, closed }: Pick<Restored, 'open' | 'closed'>): void => {
  for (const { action, vm } of open) unread.mayHaveAsked(action, vm)
  for (const { action, vm, end } of closed)
    if (end === 'arrival') unread.arrived(action, vm, null)
    else unread.mayHaveAsked(action, vm)
}

const isMigration = (open: OpenAction): open is OpenMigration =>
  open.kind === 'departure' || open.kind === 'arrival'

/** As a leader is told it. */
const resultOf = ({ migrations, closed }: Parts, action: ActionId): ActionResult | null =>
  migrations.resultOf(action) ?? closed.resultOf('lifecycle', action)

/** A plan's actions are begun and withdrawn by the host that leads it: every other member knows its partition and its epoch, too. */
const leads = (from: HostId, { partition, action }: Begin | Withdraw): boolean =>
  leaderOf(partition) === from && isOf(action, partition)

const begin = (parts: Parts, from: HostId, message: Begin): void => {
  const { context, hooks, closed, migrations, lifecycle } = parts
  const { action: id } = message
  if (migrations.isOpen(id) || lifecycle.isOpen(id)) return
  // Said again: our answer was lost.
  const result = resultOf(parts, id)
  if (result !== null) return sayKnown(context, from, message, result)
  const assigned = assignedAction(hooks.lease(), message)
  const refusal = 'code' in assigned ? assigned : beginAssigned(parts, from, message, assigned)
  if (refusal === null) return
  const refused: ActionResult = { kind: 'refused', code: refusal.code, detail: refusal.text }
  if (!('code' in assigned)) rememberRefused(closed, assigned, refused)
  sayEnded(context, from, message, refused)
}

/** The word to begin may be on its way once more: what is told to have come to nothing does not begin after all. */
const rememberRefused = (closed: ClosedActions, { action }: Assigned, result: ActionResult): void =>
  closed.remember({
    action: action.id,
    vm: action.vm,
    end: action.kind === 'migrate' ? 'departure' : 'lifecycle',
    result,
  })

const beginAssigned = (
  { migrations, lifecycle }: Parts,
  from: HostId,
  message: Begin,
  assigned: Assigned,
): Refusal | null => {
  const { action } = assigned
  return action.kind === 'migrate'
    ? migrations.begin(from, message, assigned, action)
    : lifecycle.begin(from, message, assigned, action)
}

const withdraw = (parts: Parts, from: HostId, message: Withdraw): void => {
  const { context, hooks, closed, migrations, lifecycle } = parts
  const { partition, epoch, action, vm } = message
  if (migrations.isOpen(action)) return migrations.withdraw(from, message)
  if (lifecycle.isOpen(action)) return lifecycle.withdraw(from, message)
  const known = resultOf(parts, action)
  if (known !== null) return sayKnown(context, from, message, known)
  const result: ActionResult = { kind: 'refused', ...calledOff }
  // The word to begin may still be on its way, and the lease would let it in.
  if (isCurrent(hooks.lease(), partition, epoch)) closed.remember({ action, vm, end: 'departure', result })
  sayEnded(context, from, message, result)
}

/** From memory, and only what is written: its leader asks again. */
const sayKnown = (...said: Parameters<typeof sayEnded>): void => {
  const [context, , { action }] = said
  if (!context.isOwed(action)) sayEnded(...said)
}

const sayEnded = (
  context: StepContext,
  to: HostId,
  { partition, epoch, action }: Begin | Withdraw,
  result: ActionResult,
): void => context.send(to, { kind: 'ended', partition, epoch, action, result })
