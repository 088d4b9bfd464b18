/**
 * All actions that touch this host: what leaders want begun or withdrawn is led to its room, and what is promised, what
 * leaves and what holds the host is told of all rooms together. One VM has one action at a time (S8).
 */
import { type ActionResult, nothing, type Resources, sum } from '@drover/placement'
import { type Assigned, assignedAction } from './actions/assigned-action.ts'
import { type ClosedActions, createClosedActions } from './actions/closed-actions.ts'
import type { Refusal } from './actions/refusal.ts'
import type { HostId, Instant, VmId } from './data/ids.ts'
import type { OutgoingJob, Restored } from './data/io.ts'
import { isCurrent } from './data/lease.ts'
import type { Begin, PartitionMessage, Withdraw } from './data/message.ts'
import type { PeerView } from './data/view.ts'
import type { MigrationHooks } from './migration/migration-parts.ts'
import {
  createMigrations,
  isMigrationMessage,
  type MigrationInput,
  type MigrationMessage,
  type Migrations,
} from './migration/migrations.ts'
import { calledOff } from './migration/outgoing.ts'
import type { HostState } from './snapshot/host.ts'
import { promisedIn } from './snapshot/ledger.ts'
import type { StepContext } from './step-context.ts'

/** Most of the time nothing is under way. */
const noVms: ReadonlySet<VmId> = new Set()
const noneLeaving: ReadonlyMap<VmId, Resources> = new Map()

export type ActionMessage = MigrationMessage | Begin | Withdraw
export const isActionMessage = (message: PartitionMessage): message is ActionMessage =>
  message.kind === 'begin' || message.kind === 'withdraw' || isMigrationMessage(message)

export interface HostActions {
  /** Something is under way: the lease is held, whatever the clock says (S5). */
  busy(): boolean
  /** VMs that are to come. */
  promisedVms(): ReadonlySet<VmId>
  promisedIn(): Resources
  leaving(): Resources
  /** VMs that we take away from here, until they are known to be gone or to stay, with what they wanted when that began. */
  leavingVms(): ReadonlyMap<VmId, Resources>
  received(from: HostId, message: ActionMessage): void
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

export type HostActionHooks = Omit<MigrationHooks, 'operates' | 'promises'>

interface Parts {
  readonly context: StepContext
  readonly hooks: HostActionHooks
  readonly closed: ClosedActions
  readonly migrations: Migrations
}

export const createHostActions = (
  context: StepContext,
  host: HostState,
  restored: Pick<Restored, 'open' | 'closed' | 'duties'>,
  hooks: HostActionHooks,
): HostActions => {
  const closed = createClosedActions(restored.closed)
  const migrations: Migrations = createMigrations(context, host, closed, restored, {
    ...hooks,
    operates: () => false,
    promises: () => migrations.promises(),
  })
  const parts: Parts = { context, hooks, closed, migrations }
  return {
    busy: migrations.busy,
    promisedVms() {
      const promises = migrations.promises()
      return promises.length === 0 ? noVms : new Set(promises.map((one) => one.vm))
    },
    promisedIn() {
      const promises = migrations.promises()
      return promises.length === 0 ? nothing : promisedIn(promises)
    },
    leaving() {
      const leaving = migrations.leaving()
      return leaving.length === 0 ? nothing : sum(leaving.map(({ demand }) => demand))
    },
    leavingVms() {
      const leaving = migrations.leaving()
      return leaving.length === 0 ? noneLeaving : new Map(leaving.map(({ vm, demand }) => [vm, demand]))
    },
    received(from, message) {
      if (message.kind === 'begin') begin(parts, from, message)
      else if (message.kind === 'withdraw') withdraw(parts, from, message)
      else migrations.received(from, message)
    },
    learnt: migrations.learnt,
    jobs: migrations.jobs,
    sampled: migrations.sampled,
    connected: migrations.connected,
    heard: migrations.heard,
    leave: migrations.leave,
    breakOff: migrations.breakOff,
    restore: () => migrations.restore(restored.open),
    silent: migrations.silent,
    tick: migrations.tick,
    nextAt: migrations.nextAt,
    view: migrations.view,
  }
}

const begin = ({ context, hooks, migrations }: Parts, from: HostId, message: Begin): void => {
  const { action: id } = message
  if (migrations.isOpen(id)) return
  // Said again: our answer was lost.
  const result = migrations.resultOf(id)
  if (result !== null) return sayEnded(context, from, message, result)
  const assigned = assignedAction(hooks.lease(), message)
  const refusal = 'code' in assigned ? assigned : beginAssigned(migrations, from, message, assigned)
  if (refusal !== null)
    sayEnded(context, from, message, { kind: 'refused', code: refusal.code, detail: refusal.text })
}

const beginAssigned = (
  migrations: Migrations,
  from: HostId,
  message: Begin,
  assigned: Assigned,
): Refusal | null => {
  const { action } = assigned
  if (action.kind === 'migrate') return migrations.begin(from, message, assigned, action)
  return { code: 'not_supported', text: `${action.kind} is not carried out by this version` }
}

const withdraw = ({ context, hooks, closed, migrations }: Parts, from: HostId, message: Withdraw): void => {
  const { partition, epoch, action, vm } = message
  if (migrations.isOpen(action)) return migrations.withdraw(from, message)
  const known = migrations.resultOf(action)
  if (known !== null) return sayEnded(context, from, message, known)
  const result: ActionResult = { kind: 'refused', ...calledOff }
  // The word to begin may still be on its way, and the lease would let it in.
  if (isCurrent(hooks.lease(), partition, epoch)) closed.remember({ action, vm, end: 'departure', result })
  sayEnded(context, from, message, result)
}

const sayEnded = (
  context: StepContext,
  to: HostId,
  { partition, epoch, action }: Begin | Withdraw,
  result: ActionResult,
): void => context.send(to, { kind: 'ended', partition, epoch, action, result })
